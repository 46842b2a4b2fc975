/** Idle connections: those that are kept ready, and how long their origin keeps them. */
import { describe, expect, it } from "vitest"
import type { StoryOptions } from "./support/story.js"
import { Story } from "./support/story.js"

/** A key that was used once and has its idle connections. */
const warm = (options: StoryOptions): Story => {
  const story = new Story(options)
  story.requested()
  story.connected(0)
  for (const { id, state } of story.machine.entries.values()) if (state === "connecting") story.connected(id)
  story.delivered(0)
  story.released(0)
  return story
}

describe("poolMachine: idle connections that are kept ready", () => {
  it("L11 are opened when the key is used first, beside the one that is asked for", () => {
    const story = new Story({ limits: { minIdle: 2 } })
    expect(story.requested()).toEqual(["connect 0 to a", "connect 1 to a", "connect 2 to a"])
    expect(story.connected(0)).toEqual(["grant 0 to 0"])
    expect(story.connected(1)).toEqual([])
  })

  it("L11 are replaced when one is taken, closed by the server, or idle for too long", () => {
    const story = warm({ limits: { minIdle: 2, idleTimeout: 100 } })
    expect(story.closeIdleRequested()).toEqual([
      "close 1: close_idle",
      "close 2: close_idle",
      "close 0: close_idle",
      "connect 3 to a",
      "connect 4 to a"
    ])
    story.connected(3)
    story.at(50)
    story.connected(4)
    expect(story.closedByPeer(4)).toEqual(["connect 5 to a"])
    story.connected(5)
    expect(story.requested()).toEqual(["grant 5 to 1", "connect 6 to a"])
    expect(story.at(100).woke()).toEqual(["close 3: idle_timeout", "connect 7 to a", "wake at 150"])
  })

  it("L11 serve who waits, and are opened anew", () => {
    const story = new Story({ limits: { minIdle: 1 } })
    expect(story.warmUpRequested("a", 0)).toEqual(["connect 0 to a"])
    expect(story.requested()).toEqual(["connect 1 to a"])
    expect(story.connected(0)).toEqual(["grant 0 to 0"])
    expect(story.connected(1)).toEqual([])
  })

  it("stay when the waiter leaves who came meanwhile", () => {
    const story = new Story({ limits: { minIdle: 1 } })
    story.warmUpRequested("a", 0)
    expect(story.requested()).toEqual(["connect 1 to a"])
    expect(story.cancelled(0)).toEqual([])
    expect(story.states).toEqual({ 0: "connecting", 1: "connecting" })
  })

  it("L1 are no more than the key may have", () => {
    const story = new Story({ limits: { minIdle: 2, maxConnections: 2 } })
    expect(story.requested()).toEqual(["connect 0 to a", "connect 1 to a"])
    story.connected(0)
    story.connected(1)
    expect(story.requested()).toEqual(["grant 1 to 1"])
  })

  it("L1 wait for room in the pool, and for those who wait for it", () => {
    const story = new Story({ pool: { maxConnections: 2 }, keys: { b: { minIdle: 1 } } })
    story.leased("a", 2)
    expect(story.requested("b")).toEqual([])
    expect(story.released(1)).toEqual(["close 1: rebalanced", "connect 2 to b"])
    story.connected(2)
    story.delivered(2)
    story.closeCompleted(1)
    expect(story.released(0, { reusable: false })).toEqual(["close 0: not_reusable", "connect 3 to b"])
  })

  it("give way to another key, and come back when there is room", () => {
    const story = new Story({ pool: { maxConnections: 1 }, keys: { a: { minIdle: 1 } } })
    story.warmUpRequested("a", 0)
    story.connected(0)
    expect(story.requested("b")).toEqual(["close 0: evicted", "connect 1 to b"])
    story.connected(1)
    story.delivered(0)
    expect(story.released(1)).toEqual([])
    expect(story.closedByPeer(1)).toEqual(["connect 2 to a"])
  })

  it("C7 are dialled one at a time while dials fail, after longer and longer times", () => {
    const story = new Story({ limits: { minIdle: 2 } })
    story.warmUpRequested("a", 0)
    expect(story.connectFailed(0)).toEqual(["wake at 100"])
    expect(story.connectFailed(1)).toEqual([])
    const waits: Array<number> = []
    for (let id = 2; id < 12; id++) {
      const before = story.now
      expect(story.at(story.machine.wakeAt).woke()).toContain(`connect ${id} to a`)
      waits.push(story.now - before)
      story.connectFailed(id)
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000])
  })

  it("C7 are all dialled again when a dial succeeds", () => {
    const story = new Story({ limits: { minIdle: 2 } })
    story.warmUpRequested("a", 0)
    story.connectFailed(0)
    story.connectFailed(1)
    story.at(100).woke()
    expect(story.connected(2)).toEqual(["connect 3 to a"])
  })

  it("that the peer closes before anybody used them are opened again: once at once, then after longer and longer times", () => {
    const story = new Story({ limits: { minIdle: 1 } })
    story.warmUpRequested("a", 0)
    story.connected(0)
    expect(story.closedByPeer(0)).toEqual(["connect 1 to a"])
    story.connected(1)
    story.closedByPeer(1)
    const waits: Array<number> = []
    for (let id = 2; id < 11; id++) {
      const before = story.now
      expect(story.at(story.machine.wakeAt).woke()).toContain(`connect ${id} to a`)
      waits.push(story.now - before)
      story.connected(id)
      story.closedByPeer(id, id === 10 ? 0.5 : 0)
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
    expect(story.machine.alarms.next - story.now).toBe(3_750)
  })

  it("that the peer closes together before anybody used them are one round, and are opened one at a time", () => {
    const story = new Story({ limits: { minIdle: 3 } })
    expect(story.warmUpRequested("a", 0)).toEqual(["connect 0 to a", "connect 1 to a", "connect 2 to a"])
    for (const id of [0, 1, 2]) story.connected(id)
    expect(story.closedByPeer(0)).toEqual(["connect 3 to a"])
    expect(story.closedByPeer(1)).toEqual(["wake at 100"])
    expect(story.closedByPeer(2)).toEqual([])
    expect(story.connected(3)).toEqual([])
    expect(story.at(100).woke()).toEqual(["connect 4 to a"])
    expect(story.connected(4)).toEqual(["connect 5 to a"])
    expect(story.closedByPeer(3)).toEqual(["wake at 300"])
    // One that is open by then says nothing of the others.
    expect(story.connected(5)).toEqual([])
    expect(story.at(300).woke()).toEqual(["connect 6 to a"])
  })

  it("are replaced at once when one that was of use, or was kept for a while, is closed", () => {
    const story = new Story({ limits: { minIdle: 1 } })
    const closed = (id: number): Array<string> => {
      story.connected(id)
      return story.closedByPeer(id)
    }
    story.warmUpRequested("a", 0)
    expect(closed(0)).toEqual(["connect 1 to a"])
    expect(closed(1)).toEqual(["wake at 100"])
    expect(story.at(100).woke()).toEqual(["connect 2 to a"])
    story.connected(2)
    expect(story.at(1_100).closedByPeer(2)).toEqual(["connect 3 to a"])
    expect(closed(3)).toEqual(["connect 4 to a"])
    expect(closed(4)).toEqual(["wake at 1200"])
    expect(story.at(1_200).woke()).toEqual(["connect 5 to a"])
    story.connected(5)
    expect(story.requested()).toEqual(["grant 5 to 0", "connect 6 to a"])
    story.delivered(0)
    story.connected(6)
    expect(story.released(5, { reusable: false })).toEqual(["close 5: not_reusable"])
    // Nobody was answered.
    expect(story.closedByPeer(6)).toEqual(["wake at 1400"])
    expect(story.at(1_400).woke()).toEqual(["connect 7 to a"])
    story.connected(7)
    expect(story.requested()).toEqual(["grant 7 to 1", "connect 8 to a"])
    story.delivered(1)
    expect(story.released(7)).toEqual([])
    expect(story.closedByPeer(7)).toEqual([])
    expect(closed(8)).toEqual(["connect 9 to a"])
  })

  it("are opened at once when a request was answered, though the time to wait is not over", () => {
    const story = new Story({ limits: { minIdle: 2, maxConnections: 3 } })
    story.requested()
    for (const id of [0, 1, 2]) story.connected(id)
    story.delivered(0)
    expect(story.closedByPeer(1)).toEqual(["connect 3 to a"])
    expect(story.closedByPeer(2)).toEqual(["wake at 100"])
    story.connected(3)
    expect(story.released(0)).toEqual([])
    expect(story.requested()).toEqual(["grant 0 to 1", "connect 4 to a"])
  })

  it("are not opened for a key that is forgotten in the moment in which the peer closes one", () => {
    const story = new Story({ limits: { minIdle: 1, unusedAfter: 100 } })
    story.warmUpRequested("a", 0)
    story.connected(0)
    story.closedByPeer(0)
    story.connected(1)
    expect(story.at(100).closedByPeer(1)).toEqual(["forget a"])
    expect(story.at(10_000).woke()).toEqual([])
  })

  it("C7 that the peer closed at once do not hide that a dial fails", () => {
    const story = new Story({ limits: { minIdle: 1 } })
    story.warmUpRequested("a", 0)
    for (const id of [0, 1]) {
      story.connected(id)
      story.closedByPeer(id)
    }
    expect(story.requested()).toEqual(["connect 2 to a"])
    expect(story.connectFailed(2)).toEqual(["reject 0: connect_failed"])
    expect(story.requested()).toEqual(["connect 3 to a"])
    expect(story.requested()).toEqual([])
  })

  it("are given up for a key that nobody uses any more, dials included", () => {
    const story = new Story({ limits: { minIdle: 1, unusedAfter: 1_000 } })
    story.warmUpRequested("a", 0)
    story.connectFailed(0)
    story.at(100).woke()
    expect(story.at(1_000).woke()).toEqual(["close 1: unused_origin", "forget a"])
    expect(story.connectFailed(1)).toEqual([])
    expect(story.at(10_000).woke()).toEqual([])
  })

  it("C10 are not dialled in a drain", () => {
    const story = warm({ limits: { minIdle: 1 } })
    expect(story.drainStarted().filter((one) => one.startsWith("connect"))).toEqual([])
    expect(story.closedByPeer(0)).toEqual([])
  })
})

describe("poolMachine: what an origin's closes tell", () => {
  /** A connection was idle for so long when its server closed it. */
  const closedAfter = (story: Story, idleFor: number): void => {
    const id = story.leased()
    story.released(id)
    story.at(story.now + idleFor).closedByPeer(id)
  }

  it("after two closes in about the same time, connections are idle for nine tenths of it", () => {
    const story = new Story({ limits: { idleTimeout: 30_000 } })
    closedAfter(story, 5_000)
    closedAfter(story, 5_000)
    const id = story.leased()
    expect(story.released(id)).toEqual([`wake at ${story.now + 4_500}`])
    expect(story.at(story.now + 4_500).woke()).toEqual([`close ${id}: idle_timeout`])
  })

  it("those that are idle already are closed sooner, too", () => {
    const story = new Story({ limits: { idleTimeout: 30_000 } })
    closedAfter(story, 5_000)
    story.at(20_000)
    const first = story.idle("a", 2)
    story.at(25_000)
    expect(story.closedByPeer(first)).toEqual([`close ${first + 1}: idle_timeout`])
  })

  it("a connection that was granted and found dead tells as well", () => {
    const story = new Story({ limits: { idleTimeout: 30_000 } })
    closedAfter(story, 5_000)
    const id = story.idle()
    story.at(story.now + 5_000)
    story.requested()
    story.closedByPeer(id)
    expect(story.machine.shelves.get("a")!.learned.value).toBe(4_500)
  })

  it("one that is closed during an exchange does not", () => {
    const story = new Story({ limits: { idleTimeout: 30_000 } })
    for (let i = 0; i < 3; i++) {
      const id = story.leased()
      story.at(story.now + 5_000).closedByPeer(id)
    }
    expect(story.machine.shelves.get("a")!.learned.value).toBe(Infinity)
  })

  it("each connection that outlives the limit makes it a little longer", () => {
    const story = new Story({ limits: { idleTimeout: 30_000 } })
    closedAfter(story, 5_000)
    closedAfter(story, 5_000)
    story.idle()
    story.at(story.now + 4_500).woke()
    expect(story.machine.shelves.get("a")!.learned.value).toBeCloseTo(4_522.5)
  })

  it("one that its server allowed a shorter time says nothing", () => {
    const story = new Story({ limits: { idleTimeout: 30_000 } })
    closedAfter(story, 5_000)
    closedAfter(story, 5_000)
    const id = story.leased()
    story.released(id, { idleLimit: 1_000 })
    story.at(story.now + 1_000).woke()
    expect(story.machine.shelves.get("a")!.learned.value).toBe(4_500)
  })
})

describe("poolMachine: clocks that disagree", () => {
  it("close what is idle, and nothing else", () => {
    const story = new Story()
    const id = story.idle()
    story.leased("b")
    expect(story.closeIdleRequested("clock_jump")).toEqual([`close ${id}: clock_jump`])
  })
})
