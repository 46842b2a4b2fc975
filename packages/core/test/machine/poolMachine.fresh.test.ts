/** Requests whose connection proved dead: they take a fresh connection only, before all others (C6). */
import { describe, expect, it } from "vitest"
import { Story } from "./support/story.js"

describe("poolMachine, fresh connections", () => {
  it("a request that takes a fresh connection only dials beside an idle one", () => {
    const story = new Story()
    story.idle()
    expect(story.requestedFresh()).toEqual(["connect 1 to a"])
    expect(story.connected(1)).toEqual(["grant 1 to 1"])
    expect(story.states).toEqual({ 0: "idle", 1: "active" })
  })

  it("the dial of another waiter goes to it first", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    expect(story.requested()).toEqual(["connect 0 to a"])
    expect(story.requestedFresh()).toEqual([])
    expect(story.connected(0)).toEqual(["grant 0 to 1"])
    expect(story.queue()).toEqual([0])
    story.delivered(1)
    expect(story.released(0)).toEqual(["grant 0 to 0"])
  })

  it("several of them share one fresh connection that carries several", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.requestedFresh()
    story.requestedFresh()
    story.requestedFresh()
    expect(story.connected(0, { carries: 2 })).toEqual(["grant 0 to 0", "grant 0 to 1"])
  })

  it("a full queue does not refuse it: it was admitted before", () => {
    const story = new Story({ pool: { maxWaiting: 1 }, limits: { maxConnections: 1 } })
    story.leased()
    story.requested()
    expect(story.requested()).toEqual(["reject 2: queue_full"])
    expect(story.requestedFresh()).toEqual([])
  })

  it("in a full key an idle connection gives way to it", () => {
    const story = new Story({ limits: { maxConnections: 2 } })
    story.idle("a", 2)
    expect(story.requestedFresh()).toEqual(["close 0: evicted", "connect 2 to a"])
  })

  it("in a full key a connection that becomes free gives way to it, whoever else waits", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.leased()
    story.requested()
    expect(story.requestedFresh()).toEqual([])
    expect(story.released(0)).toEqual(["close 0: evicted", "connect 1 to a"])
    expect(story.connected(1)).toEqual(["grant 1 to 2"])
    expect(story.queue()).toEqual([1])
  })

  it("in a full pool a connection that becomes free gives way to it, whoever else waits", () => {
    const story = new Story({ pool: { maxConnections: 1 } })
    story.leased()
    story.requested()
    expect(story.requestedFresh()).toEqual([])
    expect(story.released(0)).toEqual(["close 0: evicted", "connect 1 to a"])
    expect(story.connected(1)).toEqual(["grant 1 to 2"])
  })

  it("beside it others go on to use what is idle, while its dial is under way", () => {
    const story = new Story()
    story.leased()
    story.requestedFresh()
    expect(story.released(0)).toEqual([])
    expect(story.requested()).toEqual(["grant 0 to 2"])
  })

  it("C7: a failed dial rejects it at once, though others can hope for the connections that are open", () => {
    const story = new Story({ limits: { maxConnections: 2 } })
    story.leased()
    story.requested()
    story.requestedFresh()
    expect(story.connectFailed(1)).toEqual(["reject 2: connect_failed", "wake at 100"])
    expect(story.queue()).toEqual([1])
  })

  it("it dials at once where others wait before they try again", () => {
    const story = new Story({ limits: { maxConnections: 3 } })
    story.leased()
    story.requested()
    story.connectFailed(1)
    expect(story.requested()).toEqual([])
    expect(story.requestedFresh()).toEqual(["connect 2 to a"])
  })

  it("a fresh connection that dies before it is delivered is replaced by another", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.requestedFresh()
    expect(story.connected(0)).toEqual(["grant 0 to 0"])
    story.requested()
    expect(story.closedByPeer(0)).toEqual(["connect 1 to a"])
    expect(story.connected(1)).toEqual(["grant 1 to 0"])
  })

  it("it gives up at its deadline, and its dial serves others", () => {
    const story = new Story()
    expect(story.requestedFresh("a", 50)).toEqual(["connect 0 to a", "wake at 50"])
    expect(story.at(50).woke()).toEqual(["reject 0: timed_out"])
    expect(story.connected(0)).toEqual([])
    expect(story.requested()).toEqual(["grant 0 to 1"])
  })

  it("when it is cancelled its dial is given up", () => {
    const story = new Story()
    story.requestedFresh()
    expect(story.cancelled(0)).toEqual(["close 0: not_needed"])
  })

  it("a drain rejects it", () => {
    const story = new Story()
    story.requestedFresh()
    expect(story.drainStarted()).toEqual(["reject 0: closed", "close 0: drain"])
    expect(story.requestedFresh()).toEqual(["reject 1: closed"])
  })
})
