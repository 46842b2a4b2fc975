import { describe, expect, it } from "vitest"
import { Story } from "./support/story.js"

describe("poolMachine: dialling", () => {
  it("L9 each waiter gets a dial of its own, up to the limit of its key", () => {
    const story = new Story({ limits: { maxConnections: 2 } })
    expect(story.requested()).toEqual(["connect 0 to a"])
    expect(story.requested()).toEqual(["connect 1 to a"])
    expect(story.requested()).toEqual([])
    expect(story.connected(0)).toEqual(["grant 0 to 0"])
    expect(story.queue()).toEqual([1, 2])
  })

  it("L9 a dial that is lost is dialled again for its waiter", () => {
    const story = new Story()
    story.requested()
    expect(story.closedByPeer(0)).toEqual(["connect 1 to a"])
  })

  it("C2 a cancelled request takes its dial with it", () => {
    const story = new Story()
    story.requested()
    expect(story.cancelled(0)).toEqual(["close 0: not_needed"])
    story.closeCompleted(0)
    expect(story.states).toEqual({})
  })

  it("C2 a cancelled request leaves the dials that others need, and gives up the newest of the others", () => {
    const story = new Story({ limits: { maxConnections: 2 } })
    for (let i = 0; i < 3; i++) story.requested()
    expect(story.cancelled(0)).toEqual([])
    expect(story.cancelled(2)).toEqual(["close 1: not_needed"])
    expect(story.states).toEqual({ 0: "connecting", 1: "closing" })
  })

  it("C2 a dial given up makes room for another key", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.requested("a")
    story.requested("b")
    expect(story.cancelled(0)).toEqual(["close 0: not_needed", "connect 1 to b"])
  })

  it("C2 a cancelled request that waits for room in the pool leaves the line", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.leased("a")
    story.requested("b")
    story.requested("c")
    expect(story.cancelled(1)).toEqual([])
    expect(story.released(0)).toEqual(["close 0: rebalanced", "connect 1 to c"])
  })

  it("L7 a dial that was given up too late is closed when it succeeds, once", () => {
    const story = new Story()
    story.requested()
    story.cancelled(0)
    expect(story.connected(0)).toEqual(["close 0: not_needed"])
    expect(story.connected(0)).toEqual([])
    expect(story.connectFailed(0)).toEqual([])
    expect(story.states).toEqual({ 0: "closing" })
    story.closeCompleted(0)
    expect(story.states).toEqual({})
  })

  it("a dial that was given up and failed is gone, and no failure of its key", () => {
    const story = new Story()
    story.requested()
    story.cancelled(0)
    story.requested()
    expect(story.connectFailed(0)).toEqual([])
    expect(story.states).toEqual({ 1: "connecting" })
    expect(story.requested()).toEqual(["connect 2 to a"])
  })
})

describe("poolMachine: failed dials", () => {
  it("C7 reject every waiter at once, and then the key dials one at a time until one succeeds", () => {
    const story = new Story({ limits: { maxConnections: 3 } })
    for (let i = 0; i < 1_000; i++) story.requested()
    expect(story.connectFailed(1)).toEqual(Array.from({ length: 1_000 }, (_, id) => `reject ${id}: connect_failed`))
    expect(story.states).toEqual({ 0: "connecting", 2: "connecting" })
    expect(story.connectFailed(0)).toEqual([])
    expect(story.connectFailed(2)).toEqual([])
    expect(story.requested()).toEqual(["connect 3 to a"])
    expect(story.requested()).toEqual([])
    expect(story.connectFailed(3)).toEqual(["reject 1000: connect_failed", "reject 1001: connect_failed"])
    expect(story.requested()).toEqual(["connect 4 to a"])
    expect(story.requested()).toEqual([])
    expect(story.requested()).toEqual([])
    expect(story.connected(4)).toEqual(["grant 4 to 1002", "connect 5 to a", "connect 6 to a"])
  })

  it("C7 make room for another key", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.requested("a")
    story.requested("b")
    expect(story.connectFailed(0)).toEqual(["reject 0: connect_failed", "connect 1 to b"])
  })

  it("C7 leave the waiters that have an open connection to hope for, and are repeated later and later", () => {
    const story = new Story({ limits: { maxConnections: 3 } })
    story.leased()
    story.requested()
    story.requested()
    expect(story.at(1_000).connectFailed(1)).toEqual(["wake at 1100"])
    // It fails in the same round.
    expect(story.connectFailed(2)).toEqual([])
    expect(story.queue()).toEqual([1, 2])
    expect(story.at(1_099).woke()).toEqual(["wake at 1100"])
    expect(story.at(1_100).woke()).toEqual(["connect 3 to a"])
    expect(story.at(1_200).connectFailed(3, 0.5)).toEqual(["wake at 1350"])
    expect(story.released(0)).toEqual(["grant 0 to 1"])
    expect(story.at(1_350).woke()).toEqual(["connect 4 to a"])
    expect(story.connected(4)).toEqual(["grant 4 to 2"])
    story.at(1_400).requested()
    story.at(1_400).requested()
    expect(story.at(1_400).connectFailed(5)).toEqual(["wake at 1500"])
  })

  it("C7 L9 do not hold back a key that has lost all its connections", () => {
    const story = new Story({ limits: { maxConnections: 2 } })
    story.leased()
    story.requested()
    story.connectFailed(1)
    expect(story.closedByPeer(0)).toEqual(["connect 2 to a"])
    expect(story.connectFailed(2)).toEqual(["reject 1: connect_failed"])
    // It still dials one at a time.
    expect(story.requested()).toEqual(["connect 3 to a"])
    expect(story.requested()).toEqual([])
  })

  it("C7 are forgiven when a dial succeeds: the next failure waits as briefly as the first", () => {
    const story = new Story({ limits: { maxConnections: 3 } })
    story.leased()
    story.requested()
    expect(story.connectFailed(1)).toEqual(["wake at 100"])
    expect(story.warmUpRequested("a", 2)).toEqual(["connect 2 to a"])
    // The redial is called off.
    expect(story.connected(2)).toEqual(["grant 2 to 1"])
    expect(story.at(100).woke()).toEqual([])
    story.requested()
    expect(story.connectFailed(3)).toEqual(["wake at 200"])
  })

  it("C7 with nobody waiting, the next request dials when the time has come", () => {
    const story = new Story()
    story.leased()
    story.requested()
    expect(story.connectFailed(1)).toEqual(["wake at 100"])
    expect(story.cancelled(1)).toEqual([])
    expect(story.at(50).requested()).toEqual([])
    expect(story.cancelled(2)).toEqual([])
    expect(story.at(100).woke()).toEqual([])
    expect(story.requested()).toEqual(["connect 2 to a"])
  })
})

describe("poolMachine: warm-up", () => {
  it("dials until enough are open, as far as the limits allow", () => {
    const story = new Story({ pool: { maxConnections: 4 }, limits: { maxConnections: 3 } })
    story.leased()
    expect(story.warmUpRequested("a", 2)).toEqual(["connect 1 to a"])
    expect(story.warmUpRequested("a", 2)).toEqual([])
    expect(story.warmUpRequested("a", 9)).toEqual(["connect 2 to a"])
    expect(story.warmUpRequested("b", 9)).toEqual(["connect 3 to b"])
    expect(story.connected(1)).toEqual([])
    expect(story.states).toEqual({ 0: "active", 1: "idle", 2: "connecting", 3: "connecting" })
  })

  it("C2 a dial for warm-up serves who asks first, and is not given up when a request leaves", () => {
    const story = new Story()
    story.warmUpRequested("a", 1)
    expect(story.requested()).toEqual([])
    expect(story.cancelled(0)).toEqual([])
    expect(story.requested()).toEqual([])
    expect(story.connected(0)).toEqual(["grant 0 to 1"])
  })

  it("C2 a dial for a request that warm-up counts on stays when the request leaves", () => {
    const story = new Story()
    story.requested()
    story.requested()
    story.requested()
    expect(story.warmUpRequested("a", 2)).toEqual([])
    expect(story.cancelled(0)).toEqual(["close 2: not_needed"])
    expect(story.cancelled(1)).toEqual([])
    expect(story.cancelled(2)).toEqual([])
    expect(story.states).toEqual({ 0: "connecting", 1: "connecting", 2: "closing" })
  })

  it("C2 warm-up keeps no more dials than it lacks connections", () => {
    const story = new Story()
    story.idle("a")
    story.requested()
    story.requested()
    story.requested()
    // One is active, two are being opened.
    expect(story.warmUpRequested("a", 2)).toEqual([])
    expect(story.cancelled(2)).toEqual(["close 2: not_needed"])
    expect(story.cancelled(3)).toEqual([])
  })

  it("C2 warm-up keeps no dial when enough are idle", () => {
    const story = new Story()
    story.leased("a")
    story.requested()
    // It overtakes the dial.
    story.released(0)
    story.delivered(1)
    story.released(0)
    expect(story.states).toEqual({ 0: "idle", 1: "connecting" })
    expect(story.warmUpRequested("a", 1)).toEqual([])
    story.requested()
    expect(story.requested()).toEqual([])
    expect(story.cancelled(3)).toEqual(["close 1: not_needed"])
  })

  it("keeps its key alive", () => {
    const story = new Story({ limits: { unusedAfter: 100 } })
    expect(story.warmUpRequested("a", 1)).toEqual(["connect 0 to a", "wake at 100"])
    story.connected(0)
    expect(story.at(60).warmUpRequested("a", 1)).toEqual([])
    expect(story.at(100).woke()).toEqual(["wake at 160"])
    expect(story.at(160).woke()).toEqual(["close 0: unused_origin", "forget a"])
  })
})
