/**
 * One look at a pool, made small enough for a message.
 *
 * @internal
 */
import type { ConnectionInfo, OriginStats, PoolStats, PoolTotals } from "@connection-pool/core/PoolStats"
import type { Look, OriginRow } from "./wire.js"
import { connectionStates } from "./wire.js"

/** Bytes, as the look's JSON. */
export const mostBytes = 63 * 1_024

const mostOrigins = 200
const mostConnections = 1_000

const failedOf = ({ connectFailures, failures }: PoolTotals): number =>
  Object.values(failures).reduce((sum, count) => sum + count, connectFailures)

const stateOf = ({ phase, state }: ConnectionInfo): number =>
  // One that was granted this very moment has no phase yet.
  connectionStates.indexOf(state === "active" ? phase ?? "sending" : state)

const numbersOf = (connection: ConnectionInfo): ReadonlyArray<number> => [
  connection.id,
  stateOf(connection),
  Math.round(connection.age / 100),
  connection.requests
]

interface Row {
  readonly stats: OriginStats
  readonly connections: ReadonlyArray<ConnectionInfo>
}

/** One for each name: TLS identities of one origin stand together. */
const rowsOf = (stats: PoolStats, connections: ReadonlyArray<ConnectionInfo>): ReadonlyArray<Row> => {
  const byOrigin = new Map<string, { stats: OriginStats; connections: Array<ConnectionInfo> }>()
  for (const origin of stats.origins) {
    const row = byOrigin.get(origin.origin)
    if (row === undefined) byOrigin.set(origin.origin, { stats: origin, connections: [] })
    else row.stats = together(row.stats, origin)
  }
  for (const connection of connections) byOrigin.get(connection.origin)?.connections.push(connection)
  return Array.from(byOrigin.values())
}

const together = (one: OriginStats, other: OriginStats): OriginStats => ({
  ...one,
  active: one.active + other.active,
  idle: one.idle + other.idle,
  connecting: one.connecting + other.connecting,
  waiting: one.waiting + other.waiting,
  limit: one.limit + other.limit,
  requests: one.requests + other.requests,
  connectFailures: failedOf(one) + failedOf(other),
  failures: {}
})

/** The ones with most going on, in the order that they had. */
const busiest = (rows: ReadonlyArray<Row>, most: number): ReadonlyArray<Row> => {
  if (rows.length <= most) return rows
  const weight = ({ connections, stats }: Row): number => stats.waiting + stats.active + connections.length
  const chosen = new Set(rows.slice().sort((one, other) => weight(other) - weight(one)).slice(0, most))
  return rows.filter((row) => chosen.has(row))
}

const rowOf = ({ connections, stats }: Row, most: number): OriginRow => [
  stats.origin,
  stats.active,
  stats.idle,
  stats.connecting,
  stats.waiting,
  stats.limit,
  stats.requests,
  failedOf(stats),
  connections.slice(0, most).flatMap(numbersOf)
]

const shownOf = (rows: ReadonlyArray<Row>, most: number): number =>
  rows.reduce((sum, { connections }) => sum + Math.min(most, connections.length), 0)

export type Moment = Pick<Look, "at" | "run" | "p50" | "p99" | "wait">

/** The look as JSON. What does not fit is left out and counted: connections of the origins with most of them, then origins. */
export const lookOf = (
  stats: PoolStats,
  connections: ReadonlyArray<ConnectionInfo>,
  moment: Moment
): string => {
  const rows = rowsOf(stats, connections)
  const { active, connecting, idle, limit, opened, requests, reusePercent, waiting } = stats
  const write = (chosen: ReadonlyArray<Row>, most: number): string => {
    const look: Look = {
      pool: stats.name,
      ...moment,
      active,
      idle,
      connecting,
      waiting,
      limit,
      requests,
      opened,
      failed: failedOf(stats),
      reusePercent,
      leaks: stats.leaksSuspected - stats.leaksRetracted,
      origins: chosen.map((row) => rowOf(row, most)),
      moreOrigins: rows.length - chosen.length,
      moreConnections: connections.length - shownOf(chosen, most)
    }
    return JSON.stringify(look)
  }
  let chosen = busiest(rows, mostOrigins)
  let most = mostConnections
  while (shownOf(chosen, most) > mostConnections) most = Math.floor(most * 0.8)
  let text = write(chosen, most)
  // Names of hosts and of the pool are all that can be long, and no character of JSON.stringify has more than three bytes.
  while (byteLength(text) > mostBytes && chosen.length > 0) {
    if (most > 0) most = Math.floor(most / 2)
    else chosen = busiest(chosen, Math.floor(chosen.length / 2))
    text = write(chosen, most)
  }
  return text
}

const encoder = new TextEncoder()

const byteLength = (text: string): number => 3 * text.length <= mostBytes ? text.length : encoder.encode(text).length
