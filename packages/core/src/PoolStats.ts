/**
 * What a pool is doing and has done, at one moment.
 *
 * @since 0.1.0
 */
import type * as Inspectable from "effect/Inspectable"
import type { ConnectFailed, ConnectTimeout, PoolCounts } from "./PoolError.js"
import type { CloseReason } from "./PoolEvent.js"

/**
 * Sums since the pool was built, or since the origin was last unknown to it.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolTotals {
  /** Connections that were opened. */
  readonly opened: number
  /** Milliseconds that opening them took, together. */
  readonly connectTime: number
  /** Connections that could not be opened. */
  readonly connectFailures: number
  /** Of these, the ones that took longer than `connectTimeout`. */
  readonly connectTimeouts: number
  /** Connections that were closed after they had been open. */
  readonly closed: number
  /** Requests that were given a connection; one that is sent again is given another. */
  readonly requests: number
  /** Of these, the ones whose connection had answered a request before. */
  readonly reused: number
  /** Milliseconds that these took from the call until they had their connection, together. */
  readonly reuseTime: number
  /** Requests that were sent again, because the connection they had been sent on was lost. */
  readonly repeated: number
  /** Bytes of answers' bodies. */
  readonly bytesReceived: number
  /** Answers that nobody read, so that the pool gave up their connection: `ConnectionLost` with the reason `unread`. */
  readonly unread: number
  /** Leases that were suspected of being leaked. */
  readonly leaksSuspected: number
  /** Of these, the ones that have ended, or gone on, after all. */
  readonly leaksRetracted: number
  /** Failed requests by the tag of their error. */
  readonly failures: Readonly<Record<string, number>>
  /** Closed connections by reason. */
  readonly closedBy: Readonly<Partial<Record<CloseReason, number>>>
}

/**
 * One origin, or one TLS identity at an origin. Limits of an origin hold for each of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginStats extends PoolCounts, PoolTotals {
  readonly origin: string
  /**
   * How long an idle connection is kept at most, in milliseconds, since the origin closes idle connections by itself; `undefined`
   * as long as it was not seen to.
   */
  readonly learnedIdleLimit: number | undefined
  /** How the last attempt to connect failed; `undefined` since one has succeeded. */
  readonly lastConnectFailure: ConnectFailed | ConnectTimeout | undefined
}

/**
 * A whole pool. Prints itself in one line, `ConnectionPool(active 1, idle 2, connecting 0, waiting 3)`, and all of it as JSON.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolStats extends Inspectable.Inspectable, PoolCounts, PoolTotals {
  readonly name: string
  /** Of 100 requests, how many found a connection that had answered one before; 0 when there was none. */
  readonly reusePercent: number
  readonly origins: ReadonlyArray<OriginStats>
}

/**
 * One connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionInfo {
  readonly id: number
  readonly origin: string
  readonly state: "connecting" | "idle" | "active" | "closing"
  /** What an active one is doing; `leased` is a connection kept by `lease`, between two requests. */
  readonly phase: "sending" | "headers" | "body" | "leased" | undefined
  /** Milliseconds since its opening began. */
  readonly age: number
  /** Requests it was given. */
  readonly requests: number
  readonly remoteAddress: string | undefined
}
