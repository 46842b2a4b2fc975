/**
 * What is asked of the pool.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { TlsOptions } from "./Connector.js"
import type { ConnectionLost } from "./PoolError.js"

/**
 * What a request goes through before it is sent, or sent again:
 *
 * - `queued`: it has to wait for a connection
 * - `connecting`: one is being opened that it may get
 * - `connected`: it goes out on one that has served no request yet
 * - `reused`: it goes out on one that has
 *
 * @since 0.1.0
 * @category models
 */
export type RequestPhaseEvent = "queued" | "connecting" | "connected" | "reused"

/**
 * Hears what becomes of a request. It is called inside the pool: it should be quick. What it throws is logged.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestObserver {
  /** The request's span: where the pool tells of who holds its connections, it is named. */
  readonly span?: Tracer.AnySpan | undefined
  /** `ago`: milliseconds since then. */
  onPhase?(event: RequestPhaseEvent, ago: number): void
  /**
   * It goes out on a connection whose opening had this span; called only where the opening of connections is recorded: by the tracer that
   * the pool was built with. Before `connected` and `reused`.
   */
  onConnectionSpan?(setup: Tracer.SpanLink): void
  /**
   * The connection was lost, and the request is going to be sent once more on a fresh one: it was not sent, or it may be sent twice
   * (`idempotent`), and its body is no stream. What this returns replaces headers of the same names.
   */
  onRepeat?(lost: ConnectionLost): Headers.Input | undefined
}

/**
 * One HTTP request.
 *
 * The pool writes `host`, `content-length`, `transfer-encoding` and `connection` itself. A `host` header replaces the URL's
 * host on the wire, a `content-length` declares the length of a stream and must be right otherwise, `connection` may be
 * `close` or `keep-alive`; `transfer-encoding`, `keep-alive`, `upgrade` and `expect` are refused.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolRequest {
  /** Absolute, `http` or `https`. Credentials in it become an `authorization` header, unless there is one. */
  readonly url: string | URL
  /** Default `GET`. */
  readonly method?: string | undefined
  /** A value that is an array is sent as that many header lines. */
  readonly headers?: Headers.Input | undefined
  /** Text is sent as UTF-8. A stream is sent chunked, unless a `content-length` header says how long it is. */
  readonly body?: string | Uint8Array | Stream.Stream<Uint8Array, unknown> | undefined
  /** From the call to the last byte, in place of the pool's `requestTimeout`. A number is milliseconds. */
  readonly timeout?: Duration.DurationInput | "none" | undefined
  /** In place of the pool's `acquireTimeout`. */
  readonly acquireTimeout?: Duration.DurationInput | "none" | undefined
  /** In place of the pool's `headersTimeout`. */
  readonly headersTimeout?: Duration.DurationInput | "none" | undefined
  /** In place of the pool's `bodyTimeout`. A body that is streamed has none, unless it is given here. */
  readonly bodyTimeout?: Duration.DurationInput | "none" | undefined
  /**
   * Bytes of the answer's body, in place of the pool's `maxResponseSize`. A body that is streamed has no limit, unless it is
   * given here.
   */
  readonly maxResponseSize?: number | "none" | undefined
  /**
   * Whether sending it twice does no harm: the pool does so when a reused connection was lost before an answer came. Default: by its
   * method (RFC 9110, 9.2.2).
   */
  readonly idempotent?: boolean | undefined
  /** Overrides the connector's TLS options, field by field. The same object again costs nothing. */
  readonly tls?: TlsOptions | undefined
  /** Hears of the request while it is under way. */
  readonly observer?: RequestObserver | undefined
  /**
   * That of a caller who runs inside of `Effect.uninterruptibleMask`: the wait for the answer is as interruptible as it makes it, and
   * no answer is lost on its way to the caller. Default: the pool has a mask of its own.
   */
  readonly restore?: (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) | undefined
}
