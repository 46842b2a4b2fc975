/**
 * What observers of a pool see.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { CloseReason as OrderedCloseReason } from "./machine/command.js"
import type { ConnectionLost, PoolError } from "./PoolError.js"

/**
 * Why a connection was closed.
 *
 * - `idle_timeout`, `max_lifetime`, `max_requests`: the option of that name, or the server's own limit
 * - `idle_limit`: more were idle than `maxIdlePerOrigin`
 * - `evicted`, `rebalanced`: another origin needed its place under `maxConnections`; it was idle, or had just become free
 * - `not_reusable`: its exchange failed, was interrupted, or ended with `connection: close`
 * - `not_needed`: it was still being opened, and nobody waited for it any more
 * - `unused_origin`: its origin was not used for two housekeeping periods
 * - `close_idle`, `drain`: at somebody's word
 * - `clock_jump`: the machine was asleep, or its clock was set: nobody knows for how long the connection was idle
 * - `server_close`: by the server
 * - `poisoned`: the server sent bytes that nobody had asked for
 *
 * @since 0.1.0
 * @category models
 */
export type CloseReason = OrderedCloseReason | "server_close" | "poisoned"

/**
 * Something that happened in a pool. `at` is the pool's clock in milliseconds, from an arbitrary beginning; durations are
 * milliseconds.
 *
 * @example
 * ```ts
 * import { ConnectionPool, PoolEvent } from "@connection-pool/core"
 * import { Effect, Stream } from "effect"
 *
 * const logClosed = Effect.gen(function*() {
 *   const pool = yield* ConnectionPool.ConnectionPool
 *   yield* Stream.runForEach(pool.events, (event) =>
 *     PoolEvent.$is("Closed")(event) ? Effect.log(event.origin, event.reason) : Effect.void)
 * })
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type PoolEvent = Data.TaggedEnum<{
  /** A connection is open. */
  Opened: { readonly at: number; readonly origin: string; readonly connectionId: number; readonly duration: number }
  /** A connection is closed; `requests` is how many it was given. */
  Closed: {
    readonly at: number
    readonly origin: string
    readonly connectionId: number
    readonly reason: CloseReason
    readonly age: number
    readonly requests: number
  }
  /** A connection could not be opened. */
  ConnectFailed: { readonly at: number; readonly origin: string; readonly error: PoolError }
  /** A request has to wait for a connection. */
  Queued: { readonly at: number; readonly origin: string }
  /** A request, or a `lease`, has a connection, which may be one used before; `waited` since it was asked for. */
  Granted: {
    readonly at: number
    readonly origin: string
    readonly connectionId: number
    readonly reused: boolean
    readonly waited: number
  }
  /** A request was sent again on this connection; `error` is how the one was lost on which it was sent before. */
  Repeated: {
    readonly at: number
    readonly origin: string
    readonly connectionId: number
    readonly error: ConnectionLost
  }
  /** A connection came back; the pool decides what becomes of it. */
  Released: { readonly at: number; readonly origin: string; readonly connectionId: number; readonly reusable: boolean }
  /** A request was answered, to the last byte. */
  Completed: {
    readonly at: number
    readonly origin: string
    readonly connectionId: number
    readonly status: number
    readonly duration: number
  }
  /** A request failed. */
  Failed: { readonly at: number; readonly origin: string; readonly error: PoolError }
  /** A warm-up of an origin is over: so many connections were opened for it, and so many dials failed. */
  WarmUp: { readonly at: number; readonly origin: string; readonly opened: number; readonly failed: number }
  /**
   * What was due is done: so many connections were idle or open for too long and are told to close, and so many origins are
   * forgotten that nobody used. `Closed` and `OriginRemoved` tell of each.
   */
  Housekeeping: { readonly at: number; readonly closing: number; readonly removed: number }
  /**
   * A connection is held for longer than `leakThreshold`, and nothing moves on it. `acquiredBy`: the span, or else the place in the
   * program, that asked for it.
   */
  LeakSuspected: {
    readonly at: number
    readonly origin: string
    readonly connectionId: number
    readonly heldFor: number
    readonly fiberId: string | undefined
    readonly acquiredBy: string | undefined
  }
  /** The suspicion was wrong: something moves again, or the connection came back. */
  LeakRetracted: {
    readonly at: number
    readonly origin: string
    readonly connectionId: number
    readonly heldFor: number
  }
  /** Nothing is known of an origin any more. */
  OriginRemoved: { readonly at: number; readonly origin: string }
  /** The pool takes no more requests. */
  Draining: { readonly at: number }
  /** Every connection is closed. */
  Drained: { readonly at: number }
  /** This subscriber was too slow: `count` events before the next one are lost. */
  Missed: { readonly at: number; readonly count: number }
}>

/** @internal */
export const event = Data.taggedEnum<PoolEvent>()

/**
 * Whether an event has a tag.
 *
 * @since 0.1.0
 * @category guards
 */
export const $is = event.$is

/**
 * One function a tag.
 *
 * @since 0.1.0
 * @category pattern matching
 */
export const $match = event.$match
