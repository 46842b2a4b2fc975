import { describe, expect, it } from "vitest"
import { PoolMachine } from "../../src/machine/poolMachine.js"
import { print } from "./support/print.js"
import { boundless, Story } from "./support/story.js"

describe("poolMachine: the limit of the whole pool", () => {
  it("L1 a full pool closes the connection that is idle longest, of another key, to dial", () => {
    const story = new Story({ pool: { maxConnections: 3 } })
    story.idle("a", 2)
    story.idle("b")
    expect(story.requested("c")).toEqual(["close 0: evicted", "connect 3 to c"])
    expect(story.requested("c")).toEqual(["close 1: evicted", "connect 4 to c"])
    expect(story.states).toEqual({ 0: "closing", 1: "closing", 2: "idle", 3: "connecting", 4: "connecting" })
  })

  it("L1 a request waits when nothing is idle, and dials when a connection of another key becomes so", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.leased("a")
    expect(story.requested("b")).toEqual([])
    expect(story.released(0)).toEqual(["close 0: rebalanced", "connect 1 to b"])
  })

  it("L9 a connection that was dialled for a waiter who has left goes to another key", () => {
    const story = new Story({ pool: { maxConnections: 2 }, limits: { maxConnections: 2 } })
    story.leased("a")
    story.requested("a", 10)
    story.at(10).woke()
    expect(story.requested("b")).toEqual([])
    expect(story.connected(1)).toEqual(["close 1: evicted", "connect 2 to b"])
  })

  it("L9 a key that holds more gives way to one that holds none, though it has waiters itself", () => {
    const story = new Story({ pool: { maxConnections: 2 } })
    story.leased("a", 2)
    for (let i = 0; i < 3; i++) story.requested("a")
    story.requested("b")
    expect(story.released(0)).toEqual(["close 0: rebalanced", "connect 2 to b"])
    expect(story.released(1)).toEqual(["grant 1 to 2"])
  })

  it("L9 a lone request waits for one exchange of a key with 10,000 waiters, and not for theirs", () => {
    // Without the laws, which look at each waiter after each fact.
    const machine = new PoolMachine({ maxConnections: 4, maxWaiting: Infinity, scheduling: "lifo" })
    const limits = { ...boundless, maxConnections: 4 }
    for (let waiter = 0; waiter < 10_004; waiter++) machine.requested(0, "flooded", limits, Infinity)
    for (let id = 0; id < 4; id++) {
      machine.connected(0, id, 0, 1)
      machine.delivered(id)
    }
    expect(machine.waiting.size).toBe(10_000)
    expect(machine.requested(0, "lone", limits, Infinity)).toEqual([])
    expect(machine.released(0, 2, true, Infinity).map(print)).toEqual(["close 2: rebalanced", "connect 4 to lone"])
  })

  it("L9 keys with as many connections keep them; one with more by two gives one away", () => {
    const story = new Story({ pool: { maxConnections: 4 } })
    story.leased("a", 3)
    story.leased("b", 1)
    for (let i = 0; i < 4; i++) story.requested("a")
    for (let i = 0; i < 4; i++) story.requested("b")
    expect(story.released(3)).toEqual(["grant 3 to 8"])
    expect(story.released(0)).toEqual(["close 0: rebalanced", "connect 4 to b"])
    expect(story.connected(4)).toEqual(["grant 4 to 9"])
    expect(story.released(1)).toEqual(["grant 1 to 4"])
    expect(story.released(2)).toEqual(["grant 2 to 5"])
  })

  it("L9 room goes round the keys that wait, one dial a turn", () => {
    const story = new Story({ pool: { maxConnections: 4 } })
    story.leased("x", 4)
    for (const key of ["a", "a", "b", "c"]) story.requested(key)
    expect(story.closedByPeer(0)).toEqual(["connect 4 to a"])
    expect(story.closedByPeer(1)).toEqual(["connect 5 to b"])
    expect(story.closedByPeer(2)).toEqual(["connect 6 to c"])
    expect(story.closedByPeer(3)).toEqual(["connect 7 to a"])
  })

  it("L9 one key can take all the room that is left", () => {
    const story = new Story({ pool: { maxConnections: 2 } })
    story.leased("a")
    story.requested("b")
    story.requested("b")
    expect(story.released(0)).toEqual(["close 0: evicted", "connect 2 to b"])
    expect(story.states).toEqual({ 0: "closing", 1: "connecting", 2: "connecting" })
  })

  it("L9 each release asks one other key, and the turn moves on", () => {
    const story = new Story({ pool: { maxConnections: 3 } })
    story.leased("a", 2)
    story.leased("b", 1)
    story.requested("a")
    story.requested("a")
    // b would have more by one only: it is asked first, and passed over.
    story.requested("b")
    story.requested("c")
    expect(story.released(0)).toEqual(["grant 0 to 3"])
    expect(story.released(1)).toEqual(["close 1: rebalanced", "connect 3 to c"])
  })

  it("L9 a key that waits for room in the whole pool reuses its own connection when there is nobody else", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.leased("a")
    story.requested("a")
    expect(story.released(0)).toEqual(["grant 0 to 1"])
  })

  it("L9 a grant given back owes its place too", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.requested("a")
    story.connected(0)
    story.requested("b")
    expect(story.cancelled(0)).toEqual(["close 0: rebalanced", "connect 1 to b"])
  })

  it("L9 a place given away leaves its own key in the line", () => {
    const story = new Story({ pool: { maxConnections: 1 }, limits: { maxConnections: 1 } })
    story.leased("a")
    story.requested("a")
    story.requested("b")
    expect(story.released(0)).toEqual(["close 0: rebalanced", "connect 1 to b"])
    story.connected(1)
    story.delivered(2)
    expect(story.released(1)).toEqual(["close 1: rebalanced", "connect 2 to a"])
    expect(story.connected(2)).toEqual(["grant 2 to 1"])
  })
})

describe("poolMachine: how many may wait", () => {
  it("C11 more waiters than maxWaiting, of all keys together, are rejected at once", () => {
    const story = new Story({ pool: { maxWaiting: 2 }, limits: { maxConnections: 1 } })
    story.requested("a")
    story.requested("b")
    expect(story.requested("a")).toEqual(["reject 2: queue_full"])
    story.connected(0)
    expect(story.requested("a")).toEqual([])
    expect(story.requested("c")).toEqual(["reject 4: queue_full"])
  })

  it("C11 a request that needs not wait is not counted", () => {
    const story = new Story({ pool: { maxWaiting: 1 }, limits: { maxConnections: 2 } })
    story.idle("a")
    story.requested("b")
    expect(story.requested("a")).toEqual(["grant 0 to 2"])
  })
})

describe("poolMachine: closing what is idle", () => {
  it("L7 closes all idle connections, the longest idle first, and nothing else", () => {
    const story = new Story()
    story.idle("a", 2)
    story.idle("b")
    story.leased("c")
    story.requested("d")
    expect(story.closeIdleRequested()).toEqual(["close 0: close_idle", "close 1: close_idle", "close 2: close_idle"])
    expect(story.closeIdleRequested()).toEqual([])
    expect(story.states).toEqual({ 0: "closing", 1: "closing", 2: "closing", 3: "active", 4: "connecting" })
  })
})
