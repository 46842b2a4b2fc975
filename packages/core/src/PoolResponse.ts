/**
 * What the pool answers.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { PoolError, ProtocolError } from "./PoolError.js"

/**
 * Where the time of a request went, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timings {
  /** From the call until a connection was there, dialling included. */
  readonly queued: number
  /** What opening the connection took; 0 when it was open before the call. */
  readonly connect: number
  /** From the call to the first byte of the answer's headers. */
  readonly firstByte: number
  /** From the call to the last byte of the body; until that has come, to now. */
  readonly total: number
}

/**
 * Status line, headers and circumstances of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseInfo {
  readonly status: number
  /** Names in lower case; repeated ones joined by `, ` (RFC 9110, 5.3). `rawHeaders` keeps them apart. */
  readonly headers: Headers.Headers
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: ReadonlyArray<string>
  readonly timings: Timings
  /** The connection had answered a request before. */
  readonly reused: boolean
  /** How often the request was sent. */
  readonly attempts: number
  readonly connectionId: number
  /** The server as it was asked for: scheme, host and port. */
  readonly origin: string
  /** The server as `address:port`, where the transport knows it. */
  readonly remoteAddress: string | undefined
}

/**
 * An answer with its whole body.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolResponse extends ResponseInfo {
  readonly body: Uint8Array
  /** The body as UTF-8; what is no UTF-8 becomes U+FFFD. */
  readonly text: string
  /** The body as JSON; fails with the reason `InvalidJson`. */
  readonly json: Effect.Effect<unknown, ProtocolError>
  /** From the call to the last byte, in milliseconds: `timings.total`. */
  readonly latency: number
}

/**
 * An answer whose body is read as it comes. Its connection is free when the body has ended; a scope that closes earlier closes
 * the connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolStreamResponse extends ResponseInfo {
  /** Can be run once. What is not read holds the server back. */
  readonly body: Stream.Stream<Uint8Array, PoolError>
}

/**
 * An answer whose headers have come, and its connection, until the body has ended or `abort` is called: whoever opened an
 * exchange has to do one of the two.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange extends PoolStreamResponse {
  /**
   * The whole body, up to `maxResponseSize` and with `bodyTimeout` between pieces. In place of `body`; asked for again, it is the
   * same.
   */
  readonly bytes: Effect.Effect<Uint8Array, PoolError>
  /** The last byte has come: the connection is no longer this exchange's. */
  readonly complete: boolean
  /** Gives the answer up: its connection is closed, unless the body has come to its end. Safe to call again. */
  readonly abort: () => void
}
