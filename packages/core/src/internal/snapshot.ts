/**
 * What a pool is doing, at one moment.
 *
 * @internal
 */
import type { ConnectionInfo } from "../PoolStats.js"
import { PoolStats } from "../PoolStats.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { HeldConnection } from "./heldConnection.js"

export const statsOf = ({ books, machine, origins, settings }: ConnectionPool): PoolStats => {
  const { active, connecting, idle } = machine.counts
  const counts = { connecting, active, idle, waiting: machine.waiting.size, limit: settings.maxConnections }
  const perOrigin = Array.from(origins.all(), (origin) => origin.stats(machine.shelves.get(origin.key)))
  return new PoolStats(settings.name, counts, books.totals.snapshot(), perOrigin)
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
