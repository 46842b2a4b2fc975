/**
 * What a `ConnectionPoolCore` tells of itself: metrics, statistics, health, warm-ups and events.
 *
 * @since 0.1.0
 */
import type { ConnectionLost } from "@connection-pool/core/PoolError"
import type { CloseReason } from "@connection-pool/core/PoolEvent"
import type { ConnectionPoolCoreError, ExecuteResult } from "./ConnectionPoolCore.js"

/**
 * What became of a warm-up.
 *
 * @since 0.1.0
 * @category models
 */
export interface WarmupReport {
  /** Connections that were opened now. */
  readonly opened: number
  /** Connections that could not be opened, and probes that failed. */
  readonly failed: number
  readonly endpoints: ReadonlyArray<{
    readonly agent: string
    readonly opened: number
    readonly errors: ReadonlyArray<ConnectionPoolCoreError>
    /** The answers to the probe: one for each endpoint that was given with this scheme, host and port. */
    readonly probes: ReadonlyArray<ExecuteResult>
  }>
}

/**
 * What a pool has done, and an endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface SocketFigures {
  /** Connections that were opened. */
  readonly totalConnections: number
  /** Requests that were the first on their connection. */
  readonly newConnections: number
  /** Requests on a connection that had served one before. The class that this replaces counted what its agent called reused. */
  readonly reusedConnections: number
  /** Connections that could not be opened, and those that were lost while a request was on them; timeouts are not counted. */
  readonly failedConnections: number
  /** Requests whose time was over: for connecting, for waiting, or for all of it. */
  readonly timedOutConnections: number
  /** Requests that were given a connection: the new and the reused. One that is sent again is counted again. */
  readonly totalRequests: number
  /** What opening a connection took: name, TCP and TLS. */
  readonly avgConnectionTimeMs: number
  /** From the call until a connection was there that had been used before, waiting included. */
  readonly avgReuseTimeMs: number
  /** Of all requests, how many were on a connection that had served one before: `98.65%`. */
  readonly socketReusePercentage: string
  /** Answers that nobody read, whose connection the pool gave up. `execute` reads every answer. */
  readonly socketLeaks: number
  /** Idle connections that were closed: idle for too long, too old, of an unused endpoint, or by hand. */
  readonly cleanedUpConnections: number
  /** Connections with a request on them, now. */
  readonly activeConnections: number
}

/**
 * What `getMetrics` says.
 *
 * @since 0.1.0
 * @category models
 */
export interface CoreMetrics extends SocketFigures {
  /** Endpoints that the pool knows; one that is not used for two periods is forgotten. */
  readonly activeAgents: number
  /** The heap in use of the whole process. */
  readonly memoryUsageMB: number
}

/**
 * What `getStats` says of an endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointStats extends SocketFigures {
  readonly idleConnections: number
  /** Connections that are being opened. */
  readonly connectingConnections: number
  /** Requests that have no connection yet. */
  readonly waitingRequests: number
  readonly maxSockets: number
  /** Why the last attempt to connect failed, until one succeeds. */
  readonly lastError: string | undefined
}

/**
 * What `healthCheck` says.
 *
 * @since 0.1.0
 * @category models
 */
export interface HealthReport {
  readonly healthy: boolean
  /** `degraded`: an endpoint cannot be reached, or requests wait for its sockets. */
  readonly status: "healthy" | "degraded" | "closed"
  /** In words, one for each thing that is wrong. */
  readonly issues: ReadonlyArray<string>
  readonly metrics: CoreMetrics
}

/**
 * Events and what their listeners are given. `agent` is an endpoint: scheme, host and port. The events of sockets and agents
 * come from the pool, those of a pool that is shared also from its other users.
 *
 * @since 0.1.0
 * @category models
 */
export interface CoreEvents {
  "socket-created": [{ readonly agent: string; readonly socketId: number; readonly connectionTimeMs: number }]
  "socket-reused": [{ readonly agent: string; readonly socketId: number; readonly reuseTimeMs: number }]
  "socket-closed": [{
    readonly agent: string
    readonly socketId: number
    readonly reason: CloseReason
    readonly ageMs: number
    /** How many it was given. */
    readonly requests: number
  }]
  /** An answer that nobody read was given up. */
  "socket-leak-detected": [{ readonly agent: string; readonly error: ConnectionLost }]
  /** An endpoint was not used for two periods: its idle connections are closed. */
  "agent-cleaned": [{ readonly agent: string }]
  /** After endpoints were forgotten (`agents`), or idle connections closed by hand (`connections`). */
  "cleanup-complete": [{ readonly agents: ReadonlyArray<string>; readonly connections: number }]
  "request-complete": [
    { readonly agent: string; readonly method: string } & Pick<ExecuteResult, "status" | "latency" | "reused">
  ]
  "request-failed": [{ readonly agent: string; readonly method: string; readonly error: ConnectionPoolCoreError }]
  "warmup-complete": [WarmupReport]
  "all-connections-closed": [{ readonly connections: number }]
}
