// What a run was like, as data.
import type { DrainReport } from "@connection-pool/core/ConnectionPool"
import type { OriginStats, PoolStats } from "@connection-pool/core/PoolStats"
import type { Failures, Tally, Target } from "./load.js"
import type { Options } from "./options.js"
import type { OsView } from "./osView.js"
import { newResources, newSockets } from "./osView.js"
import type { Percentiles } from "./percentiles.js"
import type { BothCounts, ServerCounts } from "./serverMessages.js"
import type { StopSignal } from "./stopSignal.js"

/** One target. What was not, or could not be, measured is null. */
export interface TargetSummary {
  readonly name: string
  /** Scheme, host and port. */
  readonly origin: string
  readonly requests: {
    readonly planned: number
    readonly started: number
    readonly answered: number
    readonly failed: number
    /** Never sent, because the pool was drained first. */
    readonly withdrawn: number
    /** Running still when they were interrupted. */
    readonly interrupted: number
    /** As the server counts. */
    readonly answeredByServer: number | null
  }
  readonly gaveUp: boolean
  readonly statuses: Readonly<Record<string, number>>
  readonly failures: ReadonlyArray<Failures>
  /** Of the requests that were given a connection. */
  readonly reusePercent: number
  /** The best that so many requests can reach on as many connections as were needed. */
  readonly bestReusePercent: number
  readonly sockets: {
    readonly openedByPool: number
    readonly acceptedByServer: number | null
    /** The most requests that were on their way at once, or the pool's limit. */
    readonly mostNeededAtOnce: number
  }
  readonly seconds: number
  readonly requestsPerSecond: number
  readonly connectMilliseconds: Percentiles | null
  readonly latencyMilliseconds: Percentiles | null
  readonly heapBytesPerConnection: number | null
}

/** What was left after the pool's layer had closed. */
export interface Leaks {
  /** Sockets of this process that were not there before the pool was built, as the operating system counts. */
  readonly socketsOfProcess: number | null
  /** Sockets that the servers still had open. */
  readonly socketsAtServer: number | null
  /** Connections that the pool still counted as connecting, active or idle. */
  readonly connectionsOfPool: number
  /** What keeps this process alive and did not before, such as `TLSWrap`, by kind. */
  readonly handlesOfProcess: Readonly<Record<string, number>>
  readonly total: number
}

export interface Summary {
  readonly callers: number
  readonly maxConnectionsPerOrigin: number
  readonly embeddedServers: boolean
  readonly stoppedBy: StopSignal | null
  readonly drain: DrainReport | null
  readonly targets: ReadonlyArray<TargetSummary>
  readonly leaks: Leaks
}

/** What is known of one target when its requests have ended. */
export interface Outcome {
  readonly target: Target
  readonly tally: Tally
  readonly stats: OriginStats | undefined
  readonly seconds: number
  /** When the signal came. */
  readonly drain: DrainReport | undefined
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000

export const summarizeTarget = (
  outcome: Outcome,
  options: Options,
  server: ServerCounts | undefined,
  heapPerConnection: number | undefined
): TargetSummary => {
  const { seconds, stats, tally, target } = outcome
  const { answered, failed, planned, started, withdrawn } = tally
  const granted = stats?.requests ?? 0
  const needed = Math.min(tally.mostInFlight, options.connections)
  const percentOf = (part: number): number => granted === 0 ? 0 : round((100 * part) / granted)
  return {
    name: target.name,
    origin: target.url.origin,
    requests: {
      planned,
      started,
      answered,
      failed,
      withdrawn,
      interrupted: tally.inFlight,
      answeredByServer: server?.answered ?? null
    },
    gaveUp: tally.gaveUp,
    statuses: Object.fromEntries(tally.statuses),
    failures: [...tally.failures.values()],
    reusePercent: percentOf(stats?.reused ?? 0),
    bestReusePercent: percentOf(Math.max(0, granted - needed)),
    sockets: {
      openedByPool: stats?.opened ?? 0,
      acceptedByServer: server?.accepted ?? null,
      mostNeededAtOnce: needed
    },
    seconds: round(seconds),
    requestsPerSecond: seconds === 0 ? 0 : Math.round(answered / seconds),
    connectMilliseconds: tally.connectTimes.percentiles ?? null,
    latencyMilliseconds: tally.latencies.percentiles ?? null,
    heapBytesPerConnection: heapPerConnection ?? null
  }
}

export const findLeaks = (before: OsView, after: OsView, pool: PoolStats, server: BothCounts | undefined): Leaks => {
  const socketsOfProcess = newSockets(before, after) ?? null
  const socketsAtServer = server === undefined ? null : server.http.open + server.https.open
  const connectionsOfPool = pool.connecting + pool.active + pool.idle
  const handlesOfProcess = newResources(before, after)
  const handles = Object.values(handlesOfProcess).reduce((sum, count) => sum + count, 0)
  return {
    socketsOfProcess,
    socketsAtServer,
    connectionsOfPool,
    handlesOfProcess,
    total: (socketsOfProcess ?? 0) + (socketsAtServer ?? 0) + connectionsOfPool + handles
  }
}
