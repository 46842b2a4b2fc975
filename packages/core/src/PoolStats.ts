/**
 * What a pool is doing and has done, at one moment.
 *
 * @since 0.1.0
 */
import type * as Inspectable from "effect/Inspectable"
import type { ConnectFailed, ConnectTimeout, PoolCounts } from "./PoolError.js"
import type { CloseReason } from "./PoolEvent.js"

/**
 * How long something took, each time since the pool was built. In milliseconds; 0 where it never happened.
 *
 * @since 0.1.0
 * @category models
 */
export interface DurationStats {
  /** How often. */
  readonly count: number
  readonly average: number
  /** Half of them took no longer; right within an eighth, as the two that follow. Up to 31 µs is 0, from 33 s on 33 s. */
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

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
  /** How long opening each took. */
  readonly connectTimes: DurationStats
  /** Connections that could not be opened. */
  readonly connectFailures: number
  /** Of these, the ones that took longer than `connectTimeout`. */
  readonly connectTimeouts: number
  /** Connections that were closed after they had been open. */
  readonly closed: number
  /** Requests that were given a connection; one that is sent again is given another. */
  readonly requests: number
  /** How long it took from asking for a connection to having one, of requests and of each `lease`. */
  readonly waitTimes: DurationStats
  /** Of the requests, the ones whose connection had answered a request before. */
  readonly reused: number
  /** Milliseconds that these took from the call until they had their connection, together. */
  readonly reuseTime: number
  /** How long it took each of them. */
  readonly reuseTimes: DurationStats
  /** Of 100 requests, how many found a connection that had answered one before; 0 when there was none. */
  readonly reusePercent: number
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
  /** Requests that failed because a time was over: `AcquireTimeout`, `ConnectTimeout` or `RequestTimeout`. */
  readonly timeouts: number
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
  /** How long the oldest of those that wait for a connection has waited, in milliseconds; `undefined` where nobody waits. */
  readonly oldestWait: number | undefined
  /**
   * How long an idle connection is kept at most, in milliseconds, since the origin closes idle connections by itself; `undefined`
   * as long as it was not seen to.
   */
  readonly learnedIdleLimit: number | undefined
  /** How the last attempt to connect failed; `undefined` since one has succeeded. */
  readonly lastConnectFailure: ConnectFailed | ConnectTimeout | undefined
}

/**
 * A whole pool. Prints itself in one line, `ConnectionPool(active 1, idle 2, connecting 0, waiting 3)`, and all of it as JSON, where
 * a failure is its tag, reason and message.
 *
 * @example
 * ```ts
 * import { ConnectionPool, TestConnector } from "@connection-pool/core"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const pool = yield* ConnectionPool.ConnectionPool
 *   yield* pool.execute({ url: "http://127.0.0.1:8545/" })
 *   const stats = yield* pool.stats
 *   console.log(String(stats)) // ConnectionPool(active 0, idle 1, connecting 0, waiting 0)
 *   console.log(stats.connectTimes.count, stats.waitTimes.count) // 1 1
 * })
 *
 * const network = Layer.provide(ConnectionPool.layer(), TestConnector.layer())
 * Effect.runPromise(Effect.provide(program, network))
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolStats extends Inspectable.Inspectable, PoolCounts, PoolTotals {
  readonly name: string
  /** How long the oldest of those that wait for a connection has waited, in milliseconds; `undefined` where nobody waits. */
  readonly oldestWait: number | undefined
  /**
   * Bytes in memory of answers that nobody has begun to read: what `unreadBodyBudget` limits. Answers of up to 64 KiB, and those
   * that are complete and that their caller holds, are not known.
   */
  readonly unreadBytes: number
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
