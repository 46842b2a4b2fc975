import { describe, expect, it } from "vitest"
import { Story } from "./support/story.js"

describe("poolMachine: drain", () => {
  it("C10 L8 rejects who waits, closes what is idle or being opened, and leaves the leases", () => {
    const story = new Story({ limits: { maxConnections: 2 } })
    story.leased("a", 2)
    story.idle("b")
    story.requested("a")
    story.requested("c")
    story.warmUpRequested("d", 1)
    expect(story.drainStarted()).toEqual([
      "reject 3: closed",
      "reject 4: closed",
      "close 2: drain",
      "close 3: drain",
      "close 4: drain"
    ])
    expect(story.machine.draining).toBe(true)
    expect(story.states).toEqual({ 0: "active", 1: "active", 2: "closing", 3: "closing", 4: "closing" })
  })

  it("C10 rejects every new request, and warms nothing up", () => {
    const story = new Story()
    story.idle()
    story.drainStarted()
    expect(story.requested()).toEqual(["reject 1: closed"])
    expect(story.warmUpRequested("a", 3)).toEqual([])
    expect(story.machine.shelves.size).toBe(1)
  })

  it("C10 L8 closes each connection when its last lease ends, and then it is over", () => {
    const story = new Story()
    story.leased("a", 2)
    story.drainStarted()
    expect(story.released(0)).toEqual(["close 0: drain"])
    expect(story.released(1, { reusable: false })).toEqual(["close 1: drain"])
    expect(story.machine.drained).toBe(false)
    story.closeCompleted(0)
    expect(story.machine.drained).toBe(false)
    story.closeCompleted(1)
    expect(story.machine.drained).toBe(true)
  })

  it("an empty pool is drained at once, and one that does not drain is not", () => {
    const story = new Story()
    expect(story.machine.drained).toBe(false)
    expect(story.drainStarted()).toEqual([])
    expect(story.machine.drained).toBe(true)
    expect(story.drainStarted()).toEqual([])
  })

  it("C10 a grant under way is still delivered, given back, or refused when it is dead", () => {
    const story = new Story()
    for (let i = 0; i < 3; i++) story.requested()
    for (let id = 0; id < 3; id++) story.connected(id)
    expect(story.drainStarted()).toEqual([])
    story.delivered(0)
    expect(story.released(0)).toEqual(["close 0: drain"])
    expect(story.cancelled(1)).toEqual(["close 1: drain"])
    expect(story.closedByPeer(2)).toEqual(["reject 2: closed"])
  })

  it("L4 a shared connection takes no lease in a drain", () => {
    const story = new Story()
    story.requested()
    story.connected(0, { carries: 3 })
    story.delivered(0)
    story.requested()
    expect(story.drainStarted()).toEqual([])
    expect(story.cancelled(1)).toEqual([])
    expect(story.released(0)).toEqual(["close 0: drain"])
  })

  it("a connection that was to be closed for another reason is closed for that", () => {
    const story = new Story()
    story.requested()
    story.connected(0, { carries: 2 })
    story.delivered(0)
    story.requested()
    story.delivered(1)
    story.released(0, { reusable: false })
    story.drainStarted()
    expect(story.released(0)).toEqual(["close 0: not_reusable"])
  })

  it("C10 when its time is over, leases are cut off and undelivered grants refused", () => {
    const story = new Story()
    story.leased()
    story.requested()
    story.connected(1)
    story.idle("b")
    story.drainStarted()
    expect(story.drainTimedOut()).toEqual(["close 0: drain", "reject 1: closed", "close 1: drain"])
    expect(story.released(0)).toEqual([])
    expect(story.cancelled(1)).toEqual([])
    expect(story.drainTimedOut()).toEqual([])
    for (const id of [0, 1, 2]) story.closeCompleted(id)
    expect(story.machine.drained).toBe(true)
  })

  it("cuts nothing off that does not drain", () => {
    const story = new Story()
    story.leased()
    expect(story.drainTimedOut()).toEqual([])
    expect(story.states).toEqual({ 0: "active" })
  })

  it("L7 a dial given up in the drain is closed when it succeeds, and gone when it fails", () => {
    const story = new Story()
    story.requested()
    story.requested()
    story.drainStarted()
    expect(story.connected(0)).toEqual(["close 0: drain"])
    expect(story.connectFailed(1)).toEqual([])
    story.closeCompleted(0)
    expect(story.machine.drained).toBe(true)
  })

  it("C10 L10 leaves no waiter's alarm behind", () => {
    const story = new Story({ limits: { idleTimeout: 30, maxConnections: 1 } })
    story.leased("a")
    story.idle("b")
    story.requested("a", 20)
    story.drainStarted()
    expect(story.machine.alarms.size).toBe(0)
    expect(story.at(100).woke()).toEqual([])
  })
})
