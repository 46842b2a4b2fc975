import { describe, expect, it } from "vitest"
import type { PoolRoom } from "../../src/machine/assign.js"
import { assign, owesRoom } from "../../src/machine/assign.js"
import { ConnectionEntry } from "../../src/machine/connectionEntry.js"
import { EntryOrder } from "../../src/machine/entryOrder.js"
import { OriginShelf } from "../../src/machine/originShelf.js"
import { Waiter } from "../../src/machine/waitQueue.js"
import { boundless } from "./support/story.js"

const waitingShelf = (): OriginShelf => {
  const shelf = new OriginShelf("a", boundless)
  shelf.waiting.push(new Waiter(0, shelf, Infinity))
  return shelf
}

const pool = (room: number, idle = new EntryOrder()): PoolRoom => ({ room, idle, scheduling: "lifo" })

const holding = (open: number): OriginShelf => {
  const shelf = new OriginShelf("a", boundless)
  shelf.counts.active = open
  return shelf
}

describe("assign", () => {
  it("reuses what is ready, whatever else is possible", () => {
    const shelf = waitingShelf()
    const [older, newer] = [0, 1].map((id) => new ConnectionEntry(id, shelf))
    shelf.idle.add(older!.inShelf)
    shelf.idle.add(newer!.inShelf)
    expect(assign(shelf, pool(5))).toBe(newer)
    expect(assign(shelf, { ...pool(0), scheduling: "fifo" })).toBe(older)
  })

  it("waits for what is under way", () => {
    const shelf = waitingShelf()
    shelf.counts.connecting = 1
    expect(assign(shelf, pool(5))).toBe("wait")
  })

  it("dials while the pool has room", () => {
    expect(assign(waitingShelf(), pool(1))).toBe("open")
  })

  it("evicts when the pool is full and something is idle there, and is blocked otherwise", () => {
    const idle = new EntryOrder()
    expect(assign(waitingShelf(), pool(0, idle))).toBe("blocked")
    idle.add(new ConnectionEntry(0, new OriginShelf("b", boundless)).inPool)
    expect(assign(waitingShelf(), pool(0, idle))).toBe("evict")
    expect(assign(waitingShelf(), pool(1, idle))).toBe("open")
  })
})

describe("owesRoom", () => {
  it("is owed to a key that has nothing", () => {
    expect(owesRoom(holding(1), holding(0))).toBe(true)
  })

  it("is owed to a key that has fewer by two at least", () => {
    expect(owesRoom(holding(3), holding(1))).toBe(true)
    expect(owesRoom(holding(2), holding(1))).toBe(false)
    expect(owesRoom(holding(1), holding(1))).toBe(false)
    expect(owesRoom(holding(1), holding(3))).toBe(false)
  })
})
