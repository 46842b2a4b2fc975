/**
 * What a pool is doing, at one moment.
 *
 * @internal
 */
import * as Inspectable from "effect/Inspectable"
import type { OriginShelf } from "../machine/originShelf.js"
import type { ConnectionInfo, OriginStats, PoolStats } from "../PoolStats.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { HeldConnection } from "./heldConnection.js"

/** An error alone would print as its fields, and its cause as nothing. */
const printFailure = (failure: OriginStats["lastConnectFailure"]): unknown =>
  failure && { _tag: failure._tag, ..."reason" in failure && { reason: failure.reason }, message: failure.message }

const printed = {
  ...Inspectable.BaseProto,
  toJSON(this: PoolStats): unknown {
    const origins = this.origins.map((origin) => ({
      ...origin,
      lastConnectFailure: printFailure(origin.lastConnectFailure)
    }))
    return { ...this, origins }
  },
  toString(this: PoolStats): string {
    return `ConnectionPool(active ${this.active}, idle ${this.idle}, connecting ${this.connecting}, waiting ${this.waiting})`
  }
}

/** Each of its two queues is in the order of asking. */
const oldestWait = ({ leases, now }: ConnectionPool, shelf: OriginShelf | undefined): number | undefined => {
  let oldest: number | undefined
  for (const waiter of [shelf?.waiting.first, shelf?.fresh.first]) {
    const lease = waiter && leases.get(waiter.id)
    if (lease !== undefined) oldest = Math.max(oldest ?? 0, now - lease.askedAt)
  }
  return oldest
}

const longest = (waits: ReadonlyArray<{ readonly oldestWait: number | undefined }>): number | undefined =>
  waits.reduce<number | undefined>(
    (longest, { oldestWait }) => oldestWait === undefined ? longest : Math.max(longest ?? 0, oldestWait),
    undefined
  )

export const statsOf = (pool: ConnectionPool): PoolStats => {
  const { books, machine, settings, unread } = pool
  const { active, connecting, idle } = machine.counts
  const origins = Array.from(pool.origins.all(), (origin) => {
    const shelf = machine.shelves.get(origin.key)
    return origin.stats(shelf, oldestWait(pool, shelf))
  })
  return Object.assign(Object.create(printed) as typeof printed, {
    name: settings.name,
    connecting,
    active,
    idle,
    waiting: machine.waiting.size,
    limit: settings.maxConnections,
    oldestWait: longest(origins),
    unreadBytes: unread.bytes,
    ...books.totals.snapshot(),
    origins
  })
}

export const connectionsOf = ({ held, leases, machine, now }: ConnectionPool): ReadonlyArray<ConnectionInfo> => {
  const phases = new Map<HeldConnection | undefined, ConnectionInfo["phase"]>()
  for (const lease of leases.values()) phases.set(lease.held, lease.holder.connectionPhase)
  return Array.from(held.values(), (connection) => ({
    id: connection.id,
    origin: connection.origin.origin.href,
    state: machine.entries.get(connection.id)!.state,
    phase: phases.get(connection),
    age: now - connection.since,
    requests: connection.requests,
    remoteAddress: connection.connection?.remoteAddress
  }))
}
