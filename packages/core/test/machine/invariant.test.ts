import { describe, expect, it } from "vitest"
import { admit, ConnectionEntry } from "../../src/machine/connectionEntry.js"
import { laws, violations } from "../../src/machine/invariant.js"
import type { OriginShelf } from "../../src/machine/originShelf.js"
import type { PoolMachine } from "../../src/machine/poolMachine.js"
import { Waiter } from "../../src/machine/waitQueue.js"
import type { StoryOptions } from "./support/story.js"
import { Story } from "./support/story.js"

/** Breaks a pool that was in order: key a has an active, an idle and a connecting connection (0, 1 and 2). */
const broken = (corrupt: (machine: PoolMachine, a: OriginShelf) => void, options: StoryOptions = {}) => {
  const story = new Story(options)
  story.leased("a")
  story.leased("a")
  story.warmUpRequested("a", 3)
  story.released(1)
  expect(violations(story.machine)).toEqual([])
  corrupt(story.machine, story.machine.shelves.get("a")!)
  return violations(story.machine)
}

const entry = (machine: PoolMachine, id: number): ConnectionEntry => machine.entries.get(id)!

/** Key a has a waiter, and one active connection, which is all it may have. */
const brokenQueue = (corrupt: (machine: PoolMachine, a: OriginShelf) => void, options: StoryOptions = {}) => {
  const story = new Story({ ...options, limits: { maxConnections: 1, ...options.limits } })
  story.leased("a")
  story.requested("a", 50)
  expect(violations(story.machine)).toEqual([])
  corrupt(story.machine, story.machine.shelves.get("a")!)
  return violations(story.machine)
}

const limit = (of: object, limits: object): void => {
  Object.assign(of, { limits: { ...(of as { readonly limits: object }).limits, ...limits } })
}

describe("laws", () => {
  it("are eleven, each with its number", () => {
    expect(laws.map((law) => law.split(" ")[0])).toEqual(Array.from({ length: 11 }, (_, index) => `L${index + 1}`))
    expect(new Set(laws).size).toBe(11)
    for (const law of laws) expect(law.length).toBeGreaterThan(20)
  })
})

describe("violations", () => {
  it("finds nothing in a pool that is in order", () => {
    expect(broken(() => undefined)).toEqual([])
    expect(brokenQueue(() => undefined)).toEqual([])
  })

  it("L1 of a key: too many connections", () => {
    expect(broken((_, a) => limit(a, { maxConnections: 3 }))).toEqual([])
    expect(broken((_, a) => limit(a, { maxConnections: 2 }))).toEqual(["L1 a has too many connections"])
  })

  it("L1 of the pool: too many connections", () => {
    expect(broken((machine) => limit(machine, { maxConnections: 3 }))).toEqual([])
    expect(broken((machine) => limit(machine, { maxConnections: 2 }))).toEqual(["L1 the pool has too many connections"])
  })

  it("L2 too many idle connections", () => {
    expect(broken((_, a) => limit(a, { maxIdle: 1 }))).toEqual([])
    expect(broken((_, a) => limit(a, { maxIdle: 0 }))).toEqual(["L2 a has too many idle connections"])
  })

  it("L3 counts that are wrong, in each state", () => {
    for (const state of ["connecting", "idle", "active", "closing"] as const) {
      expect(broken((_, a) => a.counts[state]++)).toContain("L3 the counts of a are wrong")
      expect(broken((machine) => machine.counts[state]++)).toContain("L3 the pool's counts are wrong")
    }
    expect(broken((machine) => machine.counts.closing++)).toEqual(["L3 the pool's counts are wrong"])
  })

  it("L3 a connection whose key is forgotten, unless it is closing", () => {
    const forgotten = broken((machine) => machine.shelves.delete("a"))
    expect(forgotten).toEqual([0, 1, 2].map((id) => `L3 connection ${id} has no shelf`))
    const story = new Story({ limits: { unusedAfter: 100 } })
    story.idle()
    story.at(100).woke()
    expect(story.machine.shelves.size).toBe(0)
    expect(story.states).toEqual({ 0: "closing" })
    expect(violations(story.machine)).toEqual([])
  })

  it("L3 an idle connection that is in neither order, and an active one that is in the pool's", () => {
    expect(broken((machine) => entry(machine, 1).inPool.remove())).toEqual([
      "L3 connection 1 (idle) is in the wrong place of the pool's order"
    ])
    expect(broken((machine) => entry(machine, 1).inShelf.remove())).toEqual([
      "L3 connection 1 (idle) is in the wrong order of its shelf"
    ])
    expect(broken((machine) => machine.idle.add(entry(machine, 0).inPool))).toEqual([
      "L3 connection 0 (active) is in the wrong place of the pool's order"
    ])
  })

  it("L3 an active connection with room that cannot be found, or one without room that can", () => {
    expect(broken((machine) => {
      entry(machine, 0).maxConcurrent = 2
    })).toEqual(["L3 connection 0 (active) is in the wrong order of its shelf"])
    expect(broken((machine, a) => a.shared.add(entry(machine, 0).inShelf))).toEqual([
      "L3 connection 0 (active) is in the wrong order of its shelf"
    ])
  })

  it("L4 an active connection without a lease, or with more than it carries", () => {
    expect(broken((machine) => {
      entry(machine, 0).delivered = 2
    })).toEqual(["L4 connection 0 (active) has 2 leases"])
    const unused = broken((machine) => {
      entry(machine, 0).delivered = 0
    })
    expect(unused).toContain("L4 connection 0 (active) has 0 leases")
  })

  it("L4 a lease on a connection that is idle or connecting", () => {
    expect(broken((machine) => {
      entry(machine, 1).delivered = 1
    })).toEqual(["L4 connection 1 (idle) has 1 leases"])
    expect(broken((machine) => {
      entry(machine, 2).delivered = 1
    })).toEqual(["L4 connection 2 (connecting) has 1 leases"])
  })

  it("L4 an idle connection that must not be used again", () => {
    expect(broken((machine) => {
      entry(machine, 1).retired = "max_requests"
    })).toEqual(["L4 connection 1 (idle) is idle and retired"])
  })

  it("L4 a grant of a connection that is not active, or of none", () => {
    const grant = (machine: PoolMachine, a: OriginShelf, of: ConnectionEntry | undefined): void => {
      const waiter = new Waiter(9, a, Infinity)
      waiter.entry = of
      machine.granted.set(9, waiter)
    }
    const expected = ["L4 waiter 9 was granted a connection that is not active"]
    expect(broken((machine, a) => grant(machine, a, entry(machine, 0)))).toEqual([])
    expect(broken((machine, a) => grant(machine, a, entry(machine, 1)))).toEqual(expected)
    expect(broken((machine, a) => grant(machine, a, undefined))).toEqual(expected)
  })

  it("L5 a waiter beside an idle connection", () => {
    const both = broken((machine, a) => {
      const waiter = new Waiter(9, a, Infinity)
      a.waiting.push(waiter)
      machine.waiting.set(9, waiter)
    })
    expect(both).toEqual(["L5 a has a waiter and a connection that is ready"])
  })

  it("L6 a waiter that is in one book and not in the other, or in two places", () => {
    expect(brokenQueue((machine) => machine.waiting.clear())).toEqual([
      "L6 the queues and the pool disagree on who waits"
    ])
    const first = (machine: PoolMachine): Waiter => machine.waiting.get(1)!
    expect(brokenQueue((machine) => {
      first(machine).entry = entry(machine, 0)
    })).toEqual(["L6 waiter 1 is in two places"])
    expect(brokenQueue((machine) => machine.granted.set(1, first(machine)))).toEqual([
      "L6 waiter 1 is in two places",
      "L4 waiter 1 was granted a connection that is not active"
    ])
  })

  it("L7 a connection that was opened or closed and not counted", () => {
    expect(broken((machine) => machine.opened++)).toEqual(["L7 opened - closed is not what is there"])
    expect(broken((machine) => machine.closed++)).toEqual(["L7 opened - closed is not what is there"])
  })

  it("L8 a waiter, an idle connection or a dial in a drain", () => {
    const left = ["L8 something is left in a draining pool"]
    const drain = (machine: PoolMachine): void => {
      machine.draining = true
    }
    expect(brokenQueue(drain)).toEqual(left)
    const idle = new Story()
    idle.idle()
    drain(idle.machine)
    expect(violations(idle.machine)).toEqual(left)
    const dialling = new Story()
    dialling.warmUpRequested("a", 1)
    drain(dialling.machine)
    expect(violations(dialling.machine)).toEqual(left)
    const active = new Story()
    active.leased()
    drain(active.machine)
    expect(violations(active.machine)).toEqual([])
  })

  it("L9 a key that waits though it could dial, or evict to dial", () => {
    expect(brokenQueue((_, a) => limit(a, { maxConnections: 2 }))).toEqual([
      "L9 a has a waiter and could dial"
    ])
    const evict = new Story({ pool: { maxConnections: 2 }, keys: { a: { maxConnections: 1 } } })
    evict.leased("a")
    evict.idle("b")
    evict.requested("a")
    limit(evict.machine.shelves.get("a")!, { maxConnections: 2 })
    expect(violations(evict.machine)).toEqual(["L9 a has a waiter and could dial"])
  })

  it("L9 a key that waits for room in the pool and is not in the line, or is in it and should not", () => {
    const full = { pool: { maxConnections: 1 }, limits: { maxConnections: 2 } }
    expect(brokenQueue((machine, a) => machine.dialTurns.delete(a), full)).toEqual(["L9 a waits out of turn"])
    expect(brokenQueue((machine, a) => machine.dialTurns.add(a))).toEqual(["L9 a waits out of turn"])
    expect(broken((machine, a) => machine.dialTurns.add(a))).toEqual(["L9 a wants to dial for nobody"])
  })

  it("L9 a key that waits for nothing", () => {
    const story = new Story({ limits: { maxConnections: 1 } })
    story.requested("a")
    const { machine } = story
    const a = machine.shelves.get("a")!
    limit(a, { maxConnections: 0 })
    expect(violations(machine)).not.toContain("L9 a has a waiter and nothing to wait for")
    const dial = entry(machine, 0)
    a.counts.connecting--
    dial.state = "closing"
    a.counts.closing++
    machine.counts.connecting--
    machine.counts.closing++
    dial.inShelf.remove()
    expect(violations(machine)).toEqual(["L9 a has a waiter and nothing to wait for"])
  })

  it("L10 an idle connection, a waiter or a key without an alarm in time", () => {
    const times = { limits: { idleTimeout: 30, unusedAfter: 100 } }
    const late = ["L10 connection 1 (idle) has no alarm"]
    expect(broken((machine) => machine.alarms.clear(entry(machine, 1)), times)).toEqual(late)
    expect(broken((machine) => machine.alarms.set(entry(machine, 1), 31), times)).toEqual(late)
    expect(broken((machine) => machine.alarms.set(entry(machine, 1), 30), times)).toEqual([])
    expect(broken((machine, a) => machine.alarms.clear(a), times)).toEqual(["L10 a is never reviewed"])
    const waiter = (machine: PoolMachine): Waiter => machine.waiting.get(1)!
    const unwatched = ["L10 waiter 1 has no alarm"]
    expect(brokenQueue((machine) => machine.alarms.clear(waiter(machine)))).toEqual(unwatched)
    expect(brokenQueue((machine) => machine.alarms.set(waiter(machine), 51))).toEqual(unwatched)
  })

  it("L10 a pool that wakes too late", () => {
    expect(brokenQueue((machine) => {
      machine.wakeAt = 51
    })).toEqual(["L10 the pool wakes too late"])
    expect(brokenQueue((machine) => {
      machine.wakeAt = 49
    })).toEqual([])
  })

  it("L3 a connection that nobody counted", () => {
    const extra = broken((machine, a) => {
      const stranger = new ConnectionEntry(77, a)
      machine.entries.set(77, stranger)
    })
    expect(extra).toEqual([
      "L3 the pool's counts are wrong",
      "L7 opened - closed is not what is there",
      "L3 the counts of a are wrong"
    ])
    expect(broken((machine, a) => {
      const counted = new ConnectionEntry(77, a)
      machine.entries.set(77, counted)
      admit(counted, machine.counts)
      machine.opened++
    })).toEqual([])
  })
})
