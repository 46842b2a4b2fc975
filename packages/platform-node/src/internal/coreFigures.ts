/**
 * The pool's statistics as the figures of the class that `ConnectionPoolCore` replaces.
 *
 * @internal
 */
import type { PoolCounts } from "@connection-pool/core/PoolError"
import type { CloseReason } from "@connection-pool/core/PoolEvent"
import type { DurationStats, OriginStats, PoolStats, PoolTotals } from "@connection-pool/core/PoolStats"
import * as Inspectable from "effect/Inspectable"
import type { CoreMetrics, EndpointStats, HealthReport } from "../CoreReports.js"

type Figures = PoolCounts & PoolTotals

/** Why an idle connection is closed that nobody needs any more. */
const cleanUps: ReadonlyArray<CloseReason> = ["idle_timeout", "max_lifetime", "unused_origin", "close_idle"]

const sum = (values: ReadonlyArray<number | undefined>): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0)

/** To the microsecond. */
const mean = (milliseconds: number, count: number): number =>
  count === 0 ? 0 : Math.round((1_000 * milliseconds) / count) / 1_000

const megabytes = (bytes: number): number => Math.round((100 * bytes) / 2 ** 20) / 100

const percentage = ({ requests, reused }: PoolTotals): string =>
  `${(requests === 0 ? 0 : (100 * reused) / requests).toFixed(2)}%`

/** What a pool and an endpoint have in common. */
const common = (figures: Figures) => {
  const { connectFailures, connectTime, connectTimeouts, failures, opened, requests, reuseTime, reused } = figures
  return {
    totalConnections: opened,
    newConnections: requests - reused,
    reusedConnections: reused,
    failedConnections: connectFailures - connectTimeouts + sum([failures.ConnectionLost, failures.ProtocolError]),
    timedOutConnections: sum([failures.ConnectTimeout, failures.AcquireTimeout, failures.RequestTimeout]),
    totalRequests: requests,
    avgConnectionTimeMs: mean(connectTime, opened),
    avgReuseTimeMs: mean(reuseTime, reused),
    socketReusePercentage: percentage(figures),
    socketLeaks: figures.unread,
    cleanedUpConnections: sum(cleanUps.map((reason) => figures.closedBy[reason])),
    activeConnections: figures.active
  }
}

export const metricsOf = (stats: PoolStats): CoreMetrics => ({
  ...common(stats),
  activeAgents: stats.origins.length,
  memoryUsageMB: megabytes(process.memoryUsage().heapUsed)
})

const addRecords = <K extends string>(
  a: Readonly<Partial<Record<K, number>>>,
  b: Readonly<Partial<Record<K, number>>>
): Record<K, number> => {
  const total = { ...a } as Record<K, number>
  for (const key of Object.keys(b) as Array<K>) total[key] = (total[key] ?? 0) + b[key]!
  return total
}

/** Two TLS identities at one endpoint are one endpoint here. */
const together = (a: OriginStats, b: OriginStats): OriginStats => {
  const total: Record<string, unknown> = { ...a }
  for (const [key, value] of Object.entries(b)) {
    if (typeof value === "number") total[key] = sum([a[key as "idle"], value])
  }
  return {
    ...total as unknown as OriginStats,
    failures: addRecords(a.failures, b.failures),
    closedBy: addRecords(a.closedBy, b.closedBy),
    lastConnectFailure: a.lastConnectFailure ?? b.lastConnectFailure
  }
}

export const endpointsOf = ({ origins }: PoolStats): Readonly<Record<string, EndpointStats>> => {
  const byEndpoint = new Map<string, OriginStats>()
  for (const one of origins) {
    const other = byEndpoint.get(one.origin)
    byEndpoint.set(one.origin, other === undefined ? one : together(other, one))
  }
  const entries = Array.from(byEndpoint, ([endpoint, stats]) => {
    const { connecting, idle, lastConnectFailure, limit, waiting } = stats
    const figures: EndpointStats = {
      ...common(stats),
      idleConnections: idle,
      connectingConnections: connecting,
      waitingRequests: waiting,
      maxSockets: limit,
      lastError: lastConnectFailure?.message
    }
    return [endpoint, figures] as const
  })
  return Object.fromEntries(entries)
}

const endpointIssues = (endpoint: string, stats: EndpointStats): ReadonlyArray<string> => {
  const { lastError, maxSockets, timedOutConnections, totalConnections, waitingRequests } = stats
  if (lastError !== undefined) return [lastError]
  if (totalConnections === 0 && timedOutConnections > 0) return [`no connection to ${endpoint} was ever opened`]
  return waitingRequests === 0
    ? []
    : [`${waitingRequests} requests wait for one of ${maxSockets} sockets to ${endpoint}`]
}

export const healthOf = (stats: PoolStats, closed: boolean): HealthReport => {
  const issues = closed
    ? ["the pool is closed"]
    : Object.entries(endpointsOf(stats)).flatMap(([endpoint, one]) => endpointIssues(endpoint, one))
  const status = closed ? "closed" : issues.length > 0 ? "degraded" : "healthy"
  return { healthy: status === "healthy", status, issues, metrics: metricsOf(stats) }
}

const never: DurationStats = { count: 0, average: 0, p50: 0, p90: 0, p99: 0 }

/** Of a pool that was not built yet. */
export const noStats: PoolStats = {
  name: "",
  connecting: 0,
  active: 0,
  idle: 0,
  waiting: 0,
  limit: 0,
  opened: 0,
  oldestWait: undefined,
  unreadBytes: 0,
  connectTime: 0,
  connectTimes: never,
  waitTimes: never,
  connectFailures: 0,
  connectTimeouts: 0,
  closed: 0,
  requests: 0,
  reused: 0,
  reuseTime: 0,
  reuseTimes: never,
  repeated: 0,
  bytesReceived: 0,
  unread: 0,
  timeouts: 0,
  leaksSuspected: 0,
  leaksRetracted: 0,
  failures: {},
  closedBy: {},
  reusePercent: 0,
  origins: [],
  ...Inspectable.BaseProto,
  toJSON: () => ({})
}
