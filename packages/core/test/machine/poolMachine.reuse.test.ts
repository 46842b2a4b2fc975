import { describe, expect, it } from "vitest"
import { noCommands } from "../../src/machine/command.js"
import { Story } from "./support/story.js"

describe("poolMachine: reuse", () => {
  it("L6 a request opens a connection and gets it; the next one reuses it", () => {
    const story = new Story()
    expect(story.machine.nextWaiter).toBe(0)
    expect(story.requested()).toEqual(["connect 0 to a"])
    expect(story.machine.nextWaiter).toBe(1)
    expect(story.connected(0)).toEqual(["grant 0 to 0"])
    story.delivered(0)
    expect(story.released(0)).toEqual([])
    expect(story.states).toEqual({ 0: "idle" })
    expect(story.requested()).toEqual(["grant 0 to 1"])
    expect(story.states).toEqual({ 0: "active" })
  })

  it("lifo takes the connection that became idle last, fifo the one that is idle longest", () => {
    const lifo = new Story()
    lifo.idle("a", 3)
    expect(lifo.requested()).toEqual(["grant 2 to 3"])
    expect(lifo.requested()).toEqual(["grant 1 to 4"])
    const fifo = new Story({ pool: { scheduling: "fifo" } })
    fifo.idle("a", 3)
    expect(fifo.requested()).toEqual(["grant 0 to 3"])
    expect(fifo.requested()).toEqual(["grant 1 to 4"])
  })

  it("keys share nothing", () => {
    const story = new Story()
    story.idle("a")
    expect(story.requested("b")).toEqual(["connect 1 to b"])
  })

  it("L5 a released connection serves the oldest waiter, and the dial it overtook becomes idle", () => {
    const story = new Story()
    story.leased("a")
    expect(story.requested()).toEqual(["connect 1 to a"])
    expect(story.released(0)).toEqual(["grant 0 to 1"])
    expect(story.connected(1)).toEqual([])
    expect(story.states).toEqual({ 0: "active", 1: "idle" })
    expect(story.requested()).toEqual(["grant 1 to 2"])
  })

  it("L6 waiters are served first come, first served, whichever dial succeeds first", () => {
    const story = new Story()
    for (let i = 0; i < 3; i++) story.requested()
    expect(story.connected(2)).toEqual(["grant 2 to 0"])
    expect(story.connected(0)).toEqual(["grant 0 to 1"])
    expect(story.connected(1)).toEqual(["grant 1 to 2"])
  })

  it("a connection that served maxRequests is closed, and the waiter gets a new one", () => {
    const story = new Story({ limits: { maxRequests: 2, maxConnections: 1 } })
    story.idle()
    story.requested()
    story.delivered(1)
    story.requested()
    expect(story.released(0)).toEqual(["close 0: max_requests", "connect 1 to a"])
    expect(story.connected(1)).toEqual(["grant 1 to 2"])
  })

  it("C2 a connection that cannot be used again is closed, and the next waiter is served at once", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.leased()
    expect(story.requested()).toEqual([])
    expect(story.released(0, { reusable: false })).toEqual(["close 0: not_reusable", "connect 1 to a"])
    expect(story.states).toEqual({ 0: "closing", 1: "connecting" })
    story.closeCompleted(0)
    expect(story.states).toEqual({ 1: "connecting" })
  })

  it("not_reusable is the reason even when maxRequests is reached too", () => {
    const story = new Story({ limits: { maxRequests: 1 } })
    story.leased()
    expect(story.released(0, { reusable: false })).toEqual(["close 0: not_reusable"])
  })

  it("L2 more idle connections than maxIdle are closed, the longest idle first", () => {
    const story = new Story({ limits: { maxIdle: 1 } })
    story.leased("a", 2)
    expect(story.released(0)).toEqual([])
    expect(story.released(1)).toEqual(["close 0: idle_limit"])
    const none = new Story({ limits: { maxIdle: 0 } })
    none.leased()
    expect(none.released(0)).toEqual(["close 0: idle_limit"])
  })

  it("L4 a connection that can be shared carries what it can, and is filled before an idle one is taken", () => {
    const story = new Story({ limits: { maxConnections: 3 } })
    story.requested()
    story.requested()
    story.requested()
    story.connected(2)
    expect(story.connected(0, { carries: 2 })).toEqual(["grant 0 to 1", "grant 0 to 2"])
    expect(story.connected(1)).toEqual([])
    story.delivered(1)
    story.delivered(2)
    expect(story.released(0)).toEqual([])
    expect(story.states).toEqual({ 0: "active", 1: "idle", 2: "active" })
    expect(story.requested()).toEqual(["grant 0 to 3"])
    expect(story.requested()).toEqual(["grant 1 to 4"])
  })

  it("L4 a shared connection that must not be used again carries nothing new, and is closed with its last lease", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.requested()
    story.connected(0, { carries: 3 })
    story.requested()
    story.delivered(0)
    story.delivered(1)
    expect(story.released(0, { reusable: false })).toEqual([])
    expect(story.requested()).toEqual([])
    expect(story.released(0)).toEqual(["close 0: not_reusable", "connect 1 to a"])
  })
})

describe("poolMachine: grants that are not delivered", () => {
  it("C2 L6 a request cancelled in the same step as its grant gives the connection to the next waiter", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.requested()
    story.requested()
    expect(story.connected(0)).toEqual(["grant 0 to 0"])
    expect(story.cancelled(0)).toEqual(["grant 0 to 1"])
    expect(story.cancelled(0)).toEqual([])
    expect(story.machine.granted.size).toBe(1)
  })

  it("a grant given back with nobody waiting leaves the connection idle, still unused", () => {
    const story = new Story()
    story.requested()
    story.connected(0)
    expect(story.cancelled(0)).toEqual([])
    expect(story.states).toEqual({ 0: "idle" })
    expect(story.requested()).toEqual(["grant 0 to 1"])
  })

  it("C6 L6 a granted connection that is dead returns its waiter to the head of the queue", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.idle()
    story.requested()
    story.requested()
    story.requested()
    expect(story.queue()).toEqual([2, 3])
    expect(story.closedByPeer(0)).toEqual(["connect 1 to a"])
    expect(story.queue()).toEqual([1, 2, 3])
    expect(story.connected(1)).toEqual(["grant 1 to 1"])
  })

  it("L6 several waiters of a dead connection return in their order", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    for (let i = 0; i < 4; i++) story.requested()
    story.connected(0, { carries: 3 })
    story.closedByPeer(0)
    expect(story.queue()).toEqual([0, 1, 2, 3])
  })

  it("L6 any grant of a shared connection can be given back or delivered, in any order", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    for (let i = 0; i < 4; i++) story.requested()
    story.connected(0, { carries: 3 })
    expect(story.cancelled(0)).toEqual(["grant 0 to 3"])
    story.delivered(1)
    story.delivered(1)
    expect(story.cancelled(2)).toEqual([])
    expect(story.closedByPeer(0)).toEqual(["connect 1 to a"])
    expect(story.queue()).toEqual([3])
  })

  it("a dead grant is made good at once by an idle connection", () => {
    const story = new Story()
    story.idle("a", 2)
    expect(story.requested()).toEqual(["grant 1 to 2"])
    expect(story.closedByPeer(1)).toEqual(["grant 0 to 2"])
  })

  it("L10 a waiter that returns keeps its deadline", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.idle()
    expect(story.requested("a", 50)).toEqual(["grant 0 to 1"])
    expect(story.closedByPeer(0)).toEqual(["connect 1 to a", "wake at 50"])
    expect(story.at(50).woke()).toEqual(["reject 1: timed_out"])
  })

  it("a delivered lease is not cancelled, and one of a connection that is gone is not released", () => {
    const story = new Story()
    story.leased()
    expect(story.cancelled(0)).toEqual([])
    expect(story.states).toEqual({ 0: "active" })
    expect(story.closedByPeer(0)).toEqual([])
    expect(story.released(0)).toEqual([])
    expect(story.states).toEqual({})
  })
})

describe("poolMachine: whether a connection is wanted back (C4)", () => {
  it("C4 by waiters of its key that no dial will serve", () => {
    const story = new Story({ limits: { maxConnections: 2 } })
    story.leased()
    expect(story.machine.isWanted("a")).toBe(false)
    story.requested()
    expect(story.machine.isWanted("a")).toBe(false)
    story.requested()
    expect(story.machine.isWanted("a")).toBe(true)
    expect(story.machine.isWanted("b")).toBe(false)
    story.cancelled(2)
    expect(story.machine.isWanted("a")).toBe(false)
  })

  it("C4 by whoever waits for room in the whole pool", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.leased()
    story.requested("b")
    expect(story.machine.isWanted("a")).toBe(true)
    story.cancelled(1)
    expect(story.machine.isWanted("a")).toBe(false)
  })
})

describe("poolMachine: inputs that no longer matter", () => {
  it("change nothing when nobody knows what they are about", () => {
    const story = new Story()
    const { machine } = story
    expect(story.cancelled(5)).toEqual([])
    story.delivered(5)
    story.closeCompleted(5)
    expect(machine.connected(0, 5, 0, 1)).toBe(noCommands)
    expect(machine.connectFailed(0, 5, 0)).toBe(noCommands)
    expect(machine.released(0, 5, true, 0)).toBe(noCommands)
    expect(machine.closedByPeer(0, 5, 0)).toBe(noCommands)
    expect(machine.cancelled(0, 5)).toBe(noCommands)
    expect(machine.woke(0)).toBe(noCommands)
    expect(machine.drainTimedOut()).toBe(noCommands)
    expect(noCommands).toEqual([])
  })

  it("change nothing when the connection is in another state", () => {
    const story = new Story()
    story.requested()
    expect(story.released(0)).toEqual([])
    story.closeCompleted(0)
    expect(story.states).toEqual({ 0: "connecting" })
    story.connected(0)
    expect(story.connected(0)).toEqual([])
    expect(story.connectFailed(0)).toEqual([])
    expect(story.released(0)).toEqual([])
    expect(story.states).toEqual({ 0: "active" })
    story.cancelled(0)
    expect(story.connected(0)).toEqual([])
    expect(story.connectFailed(0)).toEqual([])
    expect(story.released(0)).toEqual([])
    expect(story.states).toEqual({ 0: "idle" })
  })

  it("L7 count what was opened and what is gone", () => {
    const story = new Story()
    story.idle("a", 3)
    story.closedByPeer(0)
    story.closedByPeer(0)
    story.closeIdleRequested()
    story.closeCompleted(1)
    story.closeCompleted(1)
    expect([story.machine.opened, story.machine.closed]).toEqual([3, 2])
    expect(story.states).toEqual({ 2: "closing" })
    expect(story.closedByPeer(2)).toEqual([])
    story.closeCompleted(2)
    expect([story.machine.opened, story.machine.closed]).toEqual([3, 3])
  })
})
