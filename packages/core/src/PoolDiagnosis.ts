/**
 * Why requests wait: who holds the connections, who waits for them, and which dials have failed.
 *
 * Nothing here is secret: of a URL there are the origin and the path, without what looks like a key in it.
 *
 * @since 0.1.0
 */
import type * as Inspectable from "effect/Inspectable"
import type { ConnectFailedReason, PoolCounts } from "./PoolError.js"

/**
 * A span, as it can be found in a tracing system.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpanInfo {
  /** `undefined` for a span of another program. */
  readonly name: string | undefined
  readonly traceId: string
  readonly spanId: string
}

/**
 * Who asked. Both are known where that costs a request nothing: of `stream`, `open`, `lease`, and whatever comes through
 * `HttpClient`; of `execute` only if its `observer` has a span.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asker {
  /** Method and path, such as `GET /slow`, at most 100 characters; `undefined` for a `lease` that sends nothing now. */
  readonly request: string | undefined
  readonly span: SpanInfo | undefined
  /** As Effect prints it, such as `#12`. */
  readonly fiberId: string | undefined
}

/**
 * Who holds a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Holder extends Asker {
  readonly connectionId: number
  /** What it is doing with it; `leased` is a `lease` between two requests. */
  readonly phase: "sending" | "headers" | "body" | "leased"
  /** Milliseconds since it was given the connection. */
  readonly heldFor: number
  /** Nothing has moved for `leakThreshold` that its own side would have to move. */
  readonly leakSuspected: boolean
}

/**
 * Who waits for a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface WaitingRequest extends Asker {
  /** Milliseconds since it asked. */
  readonly waitedFor: number
}

/**
 * A dial that failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailedDial {
  /** `Timeout`: it took longer than `connectTimeout`. */
  readonly reason: ConnectFailedReason | "Timeout"
  /** The error's. */
  readonly message: string
  /** Milliseconds since then. */
  readonly ago: number
}

/**
 * One origin, or one TLS identity at an origin. Each list has 10 members at most.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginDiagnosis extends PoolCounts {
  readonly origin: string
  /** Somebody waits for whom no connection is being opened. */
  readonly saturated: boolean
  /** One line, such as `50 of 50 connections are busy; the longest held 12 s by GET /slow (headers)`. */
  readonly summary: string
  /** Those that have held their connection longest. */
  readonly holders: ReadonlyArray<Holder>
  /** How many others there are. */
  readonly moreHolders: number
  /** Those that are served next. */
  readonly waiters: ReadonlyArray<WaitingRequest>
  /** How many others there are. */
  readonly moreWaiters: number
  /** The last ones, newest first. */
  readonly failedDials: ReadonlyArray<FailedDial>
}

/**
 * A whole pool: the origins in use and those whose dials failed, the ones with most waiting requests first, 100 at most. Prints itself
 * as one line an origin, and all of it as JSON.
 *
 * @example
 * ```ts
 * import { ConnectionPool } from "@connection-pool/core"
 * import { Effect } from "effect"
 *
 * const whyDoRequestsWait = Effect.gen(function*() {
 *   const pool = yield* ConnectionPool.ConnectionPool
 *   const { origins } = yield* pool.diagnose
 *   for (const { holders, origin, summary } of origins) yield* Effect.log(origin, summary, holders)
 * })
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolDiagnosis extends Inspectable.Inspectable {
  readonly name: string
  readonly origins: ReadonlyArray<OriginDiagnosis>
  /** How many others there are. */
  readonly moreOrigins: number
}
