import { describe, expect, it } from "vitest"
import { Story } from "./support/story.js"

describe("poolMachine: deadlines", () => {
  it("L10 a waiter is rejected at its deadline, not before", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.leased()
    expect(story.requested("a", 30)).toEqual(["wake at 30"])
    expect(story.requested("a", 20)).toEqual(["wake at 20"])
    expect(story.requested("a", 25)).toEqual([])
    expect(story.at(19).woke()).toEqual(["wake at 20"])
    expect(story.at(20).woke()).toEqual(["reject 2: timed_out", "wake at 25"])
    expect(story.at(30).woke()).toEqual(["reject 3: timed_out", "reject 1: timed_out"])
    expect(story.at(40).woke()).toEqual([])
  })

  it("a timed-out waiter leaves its dial, which the next request takes", () => {
    const story = new Story()
    story.requested("a", 10)
    expect(story.at(10).woke()).toEqual(["reject 0: timed_out"])
    expect(story.requested("a", 20)).toEqual(["wake at 20"])
    expect(story.connected(0)).toEqual(["grant 0 to 1"])
  })

  it("L10 a waiter whose deadline has passed gets nothing, though the timer is late", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.leased()
    story.requested("a", 10)
    story.requested("a", 30)
    expect(story.at(20).released(0)).toEqual(["reject 1: timed_out", "grant 0 to 2"])
    const dialling = new Story()
    dialling.requested("a", 10)
    expect(dialling.at(20).connected(0)).toEqual(["reject 0: timed_out"])
    const givenBack = new Story({ limits: { maxConnections: 1 } })
    givenBack.requested()
    givenBack.connected(0)
    givenBack.requested("a", 10)
    givenBack.requested("a", 30)
    expect(givenBack.at(20).cancelled(0)).toEqual(["reject 1: timed_out", "grant 0 to 2"])
  })

  it("C11 a waiter whose deadline has passed takes no place in the queue", () => {
    const story = new Story({ pool: { maxWaiting: 1 }, limits: { maxConnections: 1 } })
    story.leased()
    story.requested("a", 10)
    expect(story.at(10).requested("a", 30)).toEqual(["reject 1: timed_out"])
    expect(story.woke()).toEqual(["wake at 30"])
  })

  it("a granted request has no deadline any more", () => {
    const story = new Story()
    story.requested("a", 10)
    story.connected(0)
    expect(story.at(10).woke()).toEqual([])
    story.delivered(0)
    expect(story.states).toEqual({ 0: "active" })
  })
})

describe("poolMachine: idle connections", () => {
  it("L10 are closed when they have been idle for idleTimeout, exactly", () => {
    const story = new Story({ limits: { idleTimeout: 30 } })
    story.leased()
    expect(story.at(5).released(0)).toEqual(["wake at 35"])
    expect(story.at(34).woke()).toEqual(["wake at 35"])
    expect(story.at(35).woke()).toEqual(["close 0: idle_timeout"])
  })

  it("L10 set the alarm once: a busy connection's alarm rings early and is set again then", () => {
    const story = new Story({ limits: { idleTimeout: 30 } })
    story.leased()
    expect(story.released(0)).toEqual(["wake at 30"])
    story.at(10).requested()
    story.delivered(1)
    expect(story.at(20).released(0)).toEqual([])
    expect(story.at(30).woke()).toEqual(["wake at 50"])
    expect(story.at(50).woke()).toEqual(["close 0: idle_timeout"])
  })

  it("L10 an alarm that rings while the connection is active is set when it is idle again", () => {
    const story = new Story({ limits: { idleTimeout: 30 } })
    story.leased()
    story.released(0)
    story.at(10).requested()
    story.delivered(1)
    expect(story.at(30).woke()).toEqual([])
    expect(story.states).toEqual({ 0: "active" })
    expect(story.at(40).released(0)).toEqual(["wake at 70"])
  })

  it("are kept for as long as their server keeps them, if that is shorter", () => {
    const story = new Story({ limits: { idleTimeout: 30 } })
    story.leased("a", 2)
    expect(story.released(0, { idleLimit: 20 })).toEqual(["wake at 20"])
    expect(story.released(1, { idleLimit: 40 })).toEqual([])
    expect(story.at(20).woke()).toEqual(["close 0: idle_timeout", "wake at 30"])
    expect(story.at(30).woke()).toEqual(["close 1: idle_timeout"])
  })

  it("L10 the server's limit brings an alarm forward", () => {
    const story = new Story({ limits: { idleTimeout: 30 } })
    story.leased()
    story.released(0)
    story.requested()
    story.delivered(1)
    expect(story.at(1).released(0, { idleLimit: 5 })).toEqual(["wake at 6"])
    expect(story.at(6).woke()).toEqual(["close 0: idle_timeout"])
  })

  it("L10 are not given out after their time, though the timer is late", () => {
    const story = new Story({ limits: { idleTimeout: 30 } })
    story.leased()
    story.released(0)
    expect(story.at(30).requested()).toEqual(["close 0: idle_timeout", "connect 1 to a"])
  })

  it("a connection that nobody has used yet is idle from its opening on", () => {
    const story = new Story({ limits: { idleTimeout: 30 } })
    story.warmUpRequested("a", 1)
    expect(story.at(10).connected(0)).toEqual(["wake at 40"])
    expect(story.at(40).woke()).toEqual(["close 0: idle_timeout"])
  })

  it("without a time-out nothing wakes", () => {
    const story = new Story()
    story.idle("a", 2)
    expect(story.machine.alarms.size).toBe(0)
  })
})

describe("poolMachine: lifetimes", () => {
  it("L10 an idle connection is closed at the end of its lifetime, less the jitter", () => {
    const story = new Story({ limits: { maxLifetime: 1_000 } })
    story.warmUpRequested("a", 2)
    expect(story.at(100).connected(0, { jitter: 0.8 })).toEqual(["wake at 1080"])
    expect(story.at(100).connected(1)).toEqual([])
    expect(story.at(1_080).woke()).toEqual(["close 0: max_lifetime", "wake at 1100"])
    expect(story.at(1_100).woke()).toEqual(["close 1: max_lifetime"])
  })

  it("an active connection is closed when its lease ends", () => {
    const story = new Story({ limits: { maxLifetime: 1_000 } })
    story.leased()
    expect(story.at(2_000).woke()).toEqual([])
    story.requested()
    expect(story.released(0)).toEqual(["close 0: max_lifetime"])
    const early = new Story({ limits: { maxLifetime: 1_000 } })
    early.leased()
    expect(early.at(999).released(0)).toEqual(["wake at 1000"])
    const exact = new Story({ limits: { maxLifetime: 1_000 } })
    exact.leased()
    expect(exact.at(1_000).released(0)).toEqual(["close 0: max_lifetime"])
  })

  it("L4 a shared connection takes no lease after its lifetime", () => {
    const story = new Story({ limits: { maxLifetime: 1_000, maxConnections: 1 } })
    story.requested()
    story.connected(0, { carries: 2 })
    story.delivered(0)
    story.requested()
    expect(story.at(1_000).cancelled(1)).toEqual([])
    expect(story.requested()).toEqual([])
    expect(story.released(0)).toEqual(["close 0: max_lifetime", "connect 1 to a"])
  })

  it("lifetime and idleTimeout: whichever comes first", () => {
    const story = new Story({ limits: { maxLifetime: 100, idleTimeout: 30 } })
    story.leased()
    expect(story.at(80).released(0)).toEqual(["wake at 100"])
    expect(story.at(100).woke()).toEqual(["close 0: max_lifetime"])
  })
})

describe("poolMachine: unused keys", () => {
  it("C11 a key without a request for unusedAfter is forgotten, with its idle connections", () => {
    const story = new Story({ limits: { unusedAfter: 100 } })
    expect(story.requested()).toEqual(["connect 0 to a", "wake at 100"])
    story.connected(0)
    story.delivered(0)
    story.at(50).released(0)
    expect(story.at(100).woke()).toEqual(["wake at 150"])
    expect(story.at(150).woke()).toEqual(["close 0: unused_origin", "forget a"])
    expect(story.machine.shelves.size).toBe(0)
    story.closeCompleted(0)
    expect(story.states).toEqual({})
  })

  it("C11 a key that is forgotten when its last dial succeeds closes what was dialled, though the timer is late", () => {
    const story = new Story({ limits: { unusedAfter: 100 } })
    story.warmUpRequested("a", 1)
    expect(story.at(100).connected(0)).toEqual(["close 0: unused_origin", "forget a"])
  })

  it("C11 a key in use is not forgotten, and is used until its last lease ends", () => {
    const story = new Story({ limits: { unusedAfter: 100 } })
    story.leased()
    expect(story.at(100).woke()).toEqual(["wake at 200"])
    expect(story.at(200).woke()).toEqual(["wake at 300"])
    story.at(250).released(0, { reusable: false })
    expect(story.at(300).woke()).toEqual(["wake at 350"])
    expect(story.at(350).woke()).toEqual(["forget a"])
  })

  it("C11 a request keeps its key alive, and a key asked for at the last moment is not forgotten", () => {
    const story = new Story({ limits: { unusedAfter: 100 } })
    story.idle()
    expect(story.at(100).requested()).toEqual(["grant 0 to 1"])
    expect(story.woke()).toEqual(["wake at 200"])
  })

  it("C11 what failed is forgotten with its key", () => {
    const story = new Story({ limits: { unusedAfter: 50 } })
    story.leased()
    story.requested()
    expect(story.connectFailed(1)).toEqual([])
    story.cancelled(1)
    story.closedByPeer(0)
    // In use until then: it had a waiter and a lease.
    expect(story.at(50).woke()).toEqual(["forget a"])
    expect(story.machine.alarms.size).toBe(0)
    expect(story.requested()).toEqual(["connect 2 to a", "wake at 100"])
    expect(story.requested()).toEqual(["connect 3 to a"])
  })

  it("L3 a key that is back has nothing to do with its old connections", () => {
    const story = new Story({ limits: { unusedAfter: 100 } })
    story.idle()
    story.at(100).woke()
    expect(story.requested()).toEqual(["connect 1 to a", "wake at 200"])
    expect(story.closedByPeer(0)).toEqual([])
    expect(story.states).toEqual({ 1: "connecting" })
  })
})
