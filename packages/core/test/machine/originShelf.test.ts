import { describe, expect, it } from "vitest"
import { ConnectionEntry } from "../../src/machine/connectionEntry.js"
import { OriginShelf } from "../../src/machine/originShelf.js"
import { Waiter } from "../../src/machine/waitQueue.js"
import { boundless } from "./support/story.js"

const shelfOf = (maxConnections = 10): OriginShelf => new OriginShelf("a", { ...boundless, maxConnections })

const wait = (shelf: OriginShelf, count: number): void => {
  for (let id = 0; id < count; id++) shelf.waiting.push(new Waiter(id, shelf, Infinity))
}

describe("OriginShelf", () => {
  it("begins empty, unused and without failures", () => {
    const shelf = shelfOf()
    expect(shelf).toMatchObject({ key: "a", kind: "shelf", slot: -1, at: Infinity, failures: 0 })
    expect(shelf.redial).toMatchObject({ kind: "redial", slot: -1, at: Infinity, shelf })
    expect(shelf.inUse).toBe(false)
    expect(shelf.hasEstablished).toBe(false)
    expect(shelf.ready("lifo")).toBe(undefined)
    expect(shelf.surplusDial).toBe(undefined)
  })

  it("takes a connection that is shared first, then the newest idle one or, with fifo, the oldest", () => {
    const shelf = shelfOf()
    const [older, newer, shared] = [0, 1, 2].map((id) => new ConnectionEntry(id, shelf))
    shelf.idle.add(older!.inShelf)
    shelf.idle.add(newer!.inShelf)
    expect(shelf.ready("lifo")).toBe(newer)
    expect(shelf.ready("fifo")).toBe(older)
    shelf.shared.add(shared!.inShelf)
    expect(shelf.ready("lifo")).toBe(shared)
    expect(shelf.ready("fifo")).toBe(shared)
  })

  it("is in use while somebody waits, a connection is active, or one is being opened for somebody", () => {
    const used = (change: (shelf: OriginShelf) => void): boolean => {
      const shelf = shelfOf()
      change(shelf)
      return shelf.inUse
    }
    expect(used((shelf) => wait(shelf, 1))).toBe(true)
    expect(used((shelf) => shelf.counts.active++)).toBe(true)
    expect(used((shelf) => shelf.connecting.add(new ConnectionEntry(0, shelf).inShelf))).toBe(true)
    expect(used((shelf) => shelf.spare.add(new ConnectionEntry(0, shelf).inShelf))).toBe(false)
    expect(used((shelf) => shelf.counts.idle++)).toBe(false)
    expect(used((shelf) => shelf.counts.closing++)).toBe(false)
  })

  it("has something established while a connection is active or idle", () => {
    const established = (change: (shelf: OriginShelf) => void): boolean => {
      const shelf = shelfOf()
      change(shelf)
      return shelf.hasEstablished
    }
    expect(established((shelf) => shelf.counts.active++)).toBe(true)
    expect(established((shelf) => shelf.counts.idle++)).toBe(true)
    expect(established((shelf) => shelf.counts.connecting++)).toBe(false)
    expect(established((shelf) => shelf.counts.closing++)).toBe(false)
  })

  it("L9 wants one dial for each waiter, up to its limit", () => {
    const shelf = shelfOf(3)
    expect(shelf.wantsDial()).toBe(false)
    wait(shelf, 2)
    expect(shelf.wantsDial()).toBe(true)
    shelf.counts.connecting = 1
    expect(shelf.wantsDial()).toBe(true)
    shelf.counts.active = 2
    expect(shelf.wantsDial()).toBe(false)
    shelf.counts.active = 0
    shelf.counts.connecting = 2
    expect(shelf.wantsDial()).toBe(false)
  })

  it("L9 dials one at a time after a failure, and not before the time when something is established", () => {
    const shelf = shelfOf()
    wait(shelf, 5)
    shelf.failures = 1
    expect(shelf.wantsDial()).toBe(true)
    shelf.counts.connecting = 1
    expect(shelf.wantsDial()).toBe(false)
    shelf.counts.connecting = 0
    shelf.redial.slot = 0
    expect(shelf.wantsDial()).toBe(true)
    shelf.counts.active = 1
    expect(shelf.wantsDial()).toBe(false)
    shelf.redial.slot = -1
    expect(shelf.wantsDial()).toBe(true)
  })

  it("gives up its newest dial when there are more than waiters", () => {
    const shelf = shelfOf()
    const [older, newer] = [0, 1].map((id) => new ConnectionEntry(id, shelf))
    shelf.connecting.add(older!.inShelf)
    shelf.connecting.add(newer!.inShelf)
    shelf.counts.connecting = 2
    wait(shelf, 2)
    expect(shelf.surplusDial).toBe(undefined)
    shelf.waiting.remove(shelf.waiting.first!)
    expect(shelf.surplusDial).toBe(newer)
  })

  it("waits twice as long after each failure in a row, up to 5 seconds, and half as long at most by jitter", () => {
    const shelf = shelfOf()
    const delays = Array.from({ length: 9 }, () => {
      shelf.failures++
      return shelf.redialAt(1_000, 0) - 1_000
    })
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
    shelf.failures = 1
    expect(shelf.redialAt(1_000, 0.5)).toBe(1_075)
    expect(shelf.redialAt(1_000, 1)).toBe(1_050)
  })
})
