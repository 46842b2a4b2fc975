/**
 * The laws of the machine, as one function that tests and the debug flag call after every input.
 *
 * @internal
 */
import { assign } from "./assign.js"
import type { ConnectionEntry } from "./connectionEntry.js"
import { StateCounts } from "./connectionEntry.js"
import type { OriginShelf } from "./originShelf.js"
import type { PoolMachine } from "./poolMachine.js"

/** Every law; tests name the ones they hold. L6 and L7 are about whole histories, the others about each state. */
export const laws: ReadonlyArray<string> = [
  "L1 open connections stay within the limit of their key and of the pool",
  "L2 idle connections stay within the limit of their key",
  "L3 every connection is in exactly one state and is counted there",
  "L4 granted and delivered leases make a connection active, within what it can carry",
  "L5 no connection is ready for a key that has a waiter",
  "L6 every request is granted or rejected exactly once, unless it is cancelled",
  "L7 opened connections are closed or still there, and none is closed twice",
  "L8 a draining pool has no waiter, no idle connection and no dial",
  "L9 a key with waiters dials as long as limits and failures allow",
  "L10 whatever ends by time has an alarm no later than that, and the pool wakes no later than the earliest",
  "L11 a key keeps its idle connections, or dials for them, as long as limits, failures and waiters allow"
]

const same = (a: StateCounts, b: StateCounts): boolean =>
  a.connecting === b.connecting && a.idle === b.idle && a.active === b.active && a.closing === b.closing

/** What is broken, each with the law's number; empty when all is well. */
export const violations = (machine: PoolMachine): ReadonlyArray<string> => {
  const broken: Array<string> = []
  const check = (law: string, holds: boolean, what: string): void => {
    if (!holds) broken.push(`${law} ${what}`)
  }

  const counted = new StateCounts()
  const countedOf = new Map<OriginShelf, StateCounts>()
  for (const shelf of machine.shelves.values()) countedOf.set(shelf, new StateCounts())
  for (const entry of machine.entries.values()) {
    counted[entry.state]++
    const siblings = countedOf.get(entry.shelf)
    // A forgotten key may still have connections that are closing.
    if (siblings === undefined) check("L3", entry.state === "closing", `connection ${entry.id} has no shelf`)
    else siblings[entry.state]++
    checkEntry(entry, check)
  }
  check("L3", same(counted, machine.counts), "the pool's counts are wrong")
  check("L7", machine.opened - machine.closed === machine.entries.size, "opened - closed is not what is there")
  check("L1", machine.counts.open <= machine.limits.maxConnections, "the pool has too many connections")
  for (const [shelf, siblings] of countedOf) {
    check("L3", same(siblings, shelf.counts), `the counts of ${shelf.key} are wrong`)
    checkShelf(machine, shelf, check)
  }
  checkWaiters(machine, check)
  if (machine.draining) {
    const { connecting, idle } = machine.counts
    check("L8", machine.waiting.size === 0 && idle === 0 && connecting === 0, "something is left in a draining pool")
  }
  check("L10", machine.wakeAt <= machine.alarms.next, "the pool wakes too late")
  return broken
}

type Check = (law: string, holds: boolean, what: string) => void

const checkEntry = (entry: ConnectionEntry, check: Check): void => {
  const { id, leases, state } = entry
  const name = `connection ${id} (${state})`
  check("L3", entry.inPool.listed === (state === "idle"), `${name} is in the wrong place of the pool's order`)
  const listed = state === "idle" || entry.hasRoom
  if (state !== "connecting") check("L3", entry.inShelf.listed === listed, `${name} is in the wrong order of its shelf`)
  if (state === "active") check("L4", leases > 0 && leases <= entry.maxConcurrent, `${name} has ${leases} leases`)
  if (state === "idle" || state === "connecting") check("L4", leases === 0, `${name} has ${leases} leases`)
  if (state === "idle") {
    check("L4", entry.retired === undefined, `${name} is idle and retired`)
    const watched = entry.slot >= 0 ? entry.at : Infinity
    check("L10", watched <= entry.closeAt, `${name} has no alarm`)
  }
}

const checkShelf = (machine: PoolMachine, shelf: OriginShelf, check: Check): void => {
  check("L1", shelf.counts.open <= shelf.limits.maxConnections, `${shelf.key} has too many connections`)
  check("L2", shelf.counts.idle <= shelf.limits.maxIdle, `${shelf.key} has too many idle connections`)
  const noRoom = machine.room <= 0 || machine.dialTurns.size > 0
  check("L11", machine.draining || noRoom || !shelf.lacksIdle, `${shelf.key} keeps too few idle connections`)
  check("L10", shelf.slot >= 0 || shelf.limits.unusedAfter === Infinity, `${shelf.key} is never reviewed`)
  if (shelf.demand === 0) {
    check("L9", !machine.dialTurns.has(shelf), `${shelf.key} wants to dial for nobody`)
    return
  }
  const decision = assign(shelf, machine)
  check("L5", typeof decision === "string", `${shelf.key} has a waiter and a connection that is ready`)
  check("L9", decision !== "open" && decision !== "evict", `${shelf.key} has a waiter and could dial`)
  check("L9", (decision === "blocked") === machine.dialTurns.has(shelf), `${shelf.key} waits out of turn`)
  const hope = shelf.counts.connecting > 0 || shelf.hasEstablished || decision === "blocked"
  check("L9", hope, `${shelf.key} has a waiter and nothing to wait for`)
}

const checkWaiters = (machine: PoolMachine, check: Check): void => {
  let queued = 0
  for (const shelf of machine.shelves.values()) queued += shelf.demand
  check("L6", queued === machine.waiting.size, "the queues and the pool disagree on who waits")
  for (const waiter of machine.waiting.values()) {
    check("L6", waiter.entry === undefined && !machine.granted.has(waiter.id), `waiter ${waiter.id} is in two places`)
    const watched = waiter.slot >= 0 ? waiter.at : Infinity
    check("L10", watched <= waiter.deadline, `waiter ${waiter.id} has no alarm`)
  }
  for (const waiter of machine.granted.values()) {
    check("L4", waiter.entry?.state === "active", `waiter ${waiter.id} was granted a connection that is not active`)
  }
}
