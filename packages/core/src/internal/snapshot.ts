/**
 * What a pool is doing, at one moment.
 *
 * @internal
 */
import * as Inspectable from "effect/Inspectable"
import type { ConnectionInfo, PoolStats } from "../PoolStats.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { HeldConnection } from "./heldConnection.js"

const printed = {
  ...Inspectable.BaseProto,
  toJSON(this: PoolStats): unknown {
    return { ...this }
  },
  toString(this: PoolStats): string {
    return `ConnectionPool(active ${this.active}, idle ${this.idle}, connecting ${this.connecting}, waiting ${this.waiting})`
  }
}

export const statsOf = ({ books, machine, origins, settings }: ConnectionPool): PoolStats => {
  const { active, connecting, idle } = machine.counts
  const totals = books.totals.snapshot()
  return Object.assign(Object.create(printed) as typeof printed, {
    name: settings.name,
    connecting,
    active,
    idle,
    waiting: machine.waiting.size,
    limit: settings.maxConnections,
    ...totals,
    reusePercent: totals.requests === 0 ? 0 : (100 * totals.reused) / totals.requests,
    origins: Array.from(origins.all(), (origin) => origin.stats(machine.shelves.get(origin.key)))
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
