/**
 * What can go wrong, as typed errors. Each says where (`origin`), how far the request came (`progress`), and in its `message`
 * what to change.
 *
 * No error holds a header value, a body, or a URL with its credentials or query.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { Progress, ProtocolViolation } from "./Connection.js"
import { causeSuffix, holdersSuffix, printCounts } from "./internal/errorText.js"
import type { OriginDiagnosis } from "./PoolDiagnosis.js"

/**
 * The connections and waiters of one origin, or of the whole pool, at one moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolCounts {
  readonly connecting: number
  readonly active: number
  readonly idle: number
  /** Requests that have no connection yet. */
  readonly waiting: number
  /** The most connections allowed: connecting, active and idle together. */
  readonly limit: number
}

/**
 * The pool was built with an option that cannot be.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidOptions extends Data.TaggedError("InvalidOptions")<{
  /** The option's name, such as `maxConnections` or `origins["http://a"].idleTimeout`. */
  readonly option: string
  /** The value as it was given, printed; `<redacted>` where it may be secret. */
  readonly value: string
  /** What is allowed, in words. */
  readonly allowed: string
}> {
  override get message(): string {
    return `${this.option} is ${this.value}; allowed: ${this.allowed}`
  }
}

/**
 * A request that cannot be sent as it is. No byte of it was sent, but for a streamed body whose length is found out late.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidRequest extends Data.TaggedError("InvalidRequest")<{
  readonly origin: string
  readonly progress: Progress
  /** What was wrong: `url`, `method`, `body`, an option's name, or `headers.<name>`. */
  readonly field: string
  /** In words, without the value. */
  readonly description: string
}> {
  override get message(): string {
    return `${this.field} ${this.description}`
  }
}

/**
 * Too many requests wait for a connection (`maxWaiting`).
 *
 * @since 0.1.0
 * @category errors
 */
export class QueueFull extends Data.TaggedError("QueueFull")<{
  readonly origin: string
  readonly progress: "not-sent"
  readonly maxWaiting: number
  readonly stats: PoolCounts
  /** Shared by errors of the same 10 ms. */
  readonly diagnosis?: OriginDiagnosis | undefined
}> {
  override get message(): string {
    return `${this.maxWaiting} requests wait for a connection already (${this.origin}: ${printCounts(this.stats)})` +
      `${holdersSuffix(this.diagnosis)}. ` +
      `Send fewer at once, or raise maxConnectionsPerOrigin, maxConnections or maxWaiting`
  }
}

/**
 * No connection became free in `acquireTimeout`. `cause` is the last failure to connect, where there was one.
 *
 * @since 0.1.0
 * @category errors
 */
export class AcquireTimeout extends Data.TaggedError("AcquireTimeout")<{
  readonly origin: string
  readonly progress: "not-sent"
  /** Milliseconds. */
  readonly waited: number
  readonly stats: PoolCounts
  /** Shared by errors of the same 10 ms. */
  readonly diagnosis?: OriginDiagnosis | undefined
  readonly cause?: unknown
}> {
  override get message(): string {
    return `no connection to ${this.origin} in ${Math.round(this.waited)} ms (${printCounts(this.stats)})` +
      `${holdersSuffix(this.diagnosis)}. ` +
      `Raise maxConnectionsPerOrigin, maxConnections or acquireTimeout, or send fewer at once${causeSuffix(this.cause)}`
  }
}

/**
 * Name look-up, TCP and TLS together took longer than `connectTimeout`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectTimeout extends Data.TaggedError("ConnectTimeout")<{
  readonly origin: string
  readonly progress: "not-sent"
  /** Milliseconds. */
  readonly timeout: number
}> {
  override get message(): string {
    return `no connection to ${this.origin} within the connectTimeout of ${this.timeout} ms`
  }
}

/**
 * Why a connection could not be opened. `TlsIdentity`: the server's certificate is not for this host, or not trusted. `Other`:
 * none of these; see `cause`.
 *
 * @since 0.1.0
 * @category models
 */
export type ConnectFailedReason = "Dns" | "Refused" | "Reset" | "Unreachable" | "Tls" | "TlsIdentity" | "Other"

/**
 * A connection could not be opened.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectFailed extends Data.TaggedError("ConnectFailed")<{
  readonly origin: string
  readonly progress: "not-sent"
  readonly reason: ConnectFailedReason
  readonly cause?: unknown
}> {
  override get message(): string {
    return `cannot connect to ${this.origin} (${this.reason})${causeSuffix(this.cause)}`
  }
}

/**
 * What a request was doing when its time was over.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestPhase = "waiting" | "connecting" | "headers" | "body"

/**
 * The request took longer than `requestTimeout`, the headers longer than `headersTimeout`, or the next piece of the body
 * longer than `bodyTimeout`; `option` says which.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequestTimeout extends Data.TaggedError("RequestTimeout")<{
  readonly origin: string
  readonly progress: Progress
  readonly phase: RequestPhase
  readonly option: "requestTimeout" | "headersTimeout" | "bodyTimeout"
  /** Milliseconds. */
  readonly timeout: number
  /** While waiting or connecting. */
  readonly stats?: PoolCounts | undefined
}> {
  override get message(): string {
    const where = this.stats === undefined ? "" : ` (${printCounts(this.stats)})`
    return `${this.origin}: ${this.option} of ${this.timeout} ms passed in phase ${this.phase}${where}`
  }
}

/**
 * The answer's body, declared or received, is larger than `maxResponseSize`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResponseTooLarge extends Data.TaggedError("ResponseTooLarge")<{
  readonly origin: string
  readonly progress: "response-started"
  /** Bytes. */
  readonly limit: number
  /** Bytes: what was declared, or what had come when the limit was passed. */
  readonly received: number
  readonly declared: boolean
}> {
  override get message(): string {
    const what = this.declared ? "declares" : "has sent"
    return `${this.origin} ${what} a body of ${this.received} bytes; maxResponseSize is ${this.limit}`
  }
}

/**
 * Why a connection was lost: `reset` or `closed` by the peer, `released` because the exchange was aborted, or the scope that
 * owned it had closed, `unread` because nobody had begun to read the body and the pool could not wait any longer, `tls` because
 * TLS failed on the open connection: the `cause` says how. In TLS 1.3 a server that does not accept our certificate, or misses
 * one, says so only when the handshake is over for us.
 *
 * @since 0.1.0
 * @category models
 */
export type ConnectionLostReason = "reset" | "closed" | "released" | "unread" | "tls"

/**
 * The connection was reset, closed or taken away during an exchange.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{
  readonly origin: string
  readonly progress: Progress
  readonly reason: ConnectionLostReason
  /** The connection had answered a request before. */
  readonly reused: boolean
  /** Bytes of the answer's body. */
  readonly bytesReceived: number
  readonly cause?: unknown
}> {
  override get message(): string {
    const kind = this.reused ? "reused connection" : "fresh connection"
    return `${kind} to ${this.origin} was lost (${this.reason}, ${this.progress}, ${this.bytesReceived} bytes received)` +
      causeSuffix(this.cause)
  }
}

/**
 * The caller's own body stream failed; its failure is the `cause`.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequestBodyFailed extends Data.TaggedError("RequestBodyFailed")<{
  readonly origin: string
  readonly progress: Progress
  readonly cause: unknown
}> {
  override get message(): string {
    return `the request's body stream failed${causeSuffix(this.cause)}`
  }
}

/**
 * What came is not an HTTP answer to this request. The connection was closed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProtocolError extends Data.TaggedError("ProtocolError")<{
  readonly origin: string
  readonly progress: "response-started"
  readonly reason: ProtocolViolation
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.origin}: ${this.reason}: ${this.description}`
  }
}

/**
 * The pool is draining or closed.
 *
 * @since 0.1.0
 * @category errors
 */
export class PoolClosed extends Data.TaggedError("PoolClosed")<{
  readonly origin: string
  readonly progress: Progress
}> {
  override get message(): string {
    return this.progress === "not-sent"
      ? "the pool is closed, or closing: it takes no new requests"
      : `the pool was closed during the exchange with ${this.origin}`
  }
}

/**
 * Every error of a request.
 *
 * @since 0.1.0
 * @category errors
 */
export type PoolError =
  | InvalidRequest
  | QueueFull
  | AcquireTimeout
  | ConnectTimeout
  | ConnectFailed
  | RequestTimeout
  | ResponseTooLarge
  | ConnectionLost
  | RequestBodyFailed
  | ProtocolError
  | PoolClosed

const classes = [
  InvalidRequest,
  QueueFull,
  AcquireTimeout,
  ConnectTimeout,
  ConnectFailed,
  RequestTimeout,
  ResponseTooLarge,
  ConnectionLost,
  RequestBodyFailed,
  ProtocolError,
  PoolClosed
] as const

/**
 * Whether a value is one of the pool's errors.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPoolError = (value: unknown): value is PoolError => classes.some((cls) => value instanceof cls)

/**
 * Whether a method may be sent twice by its meaning (RFC 9110, 9.2.2).
 *
 * @since 0.1.0
 * @category guards
 */
export const isIdempotentMethod = (method: string): boolean => {
  switch (method) {
    case "GET":
    case "HEAD":
    case "OPTIONS":
    case "TRACE":
    case "PUT":
    case "DELETE":
      return true
    default:
      return false
  }
}

/** Whether the same request would end in the same way: a rule that it broke, or trust that was refused, will be so again. */
const isHopeless = (error: PoolError): boolean => {
  switch (error._tag) {
    case "InvalidRequest":
    case "RequestBodyFailed":
    case "ResponseTooLarge":
    case "ProtocolError":
    case "PoolClosed":
      return true
    case "ConnectFailed":
      return error.reason === "Tls" || error.reason === "TlsIdentity"
    case "ConnectionLost":
      return error.reason === "tls"
    default:
      return false
  }
}

/**
 * Whether the same request may be sent again after this error: it can do no harm, since nothing was sent or the request is
 * idempotent by its method (GET when not given) or its own word, and it has a chance, which a request or an answer that breaks
 * a rule has not, nor one that TLS stood in the way of.
 *
 * @example
 * ```ts
 * import { PoolError } from "@connection-pool/core"
 * import type { ConnectionPool } from "@connection-pool/core"
 * import { Effect } from "effect"
 *
 * const request = { method: "PUT", url: "http://127.0.0.1:8080/item", body: "{}" }
 *
 * const program = (pool: ConnectionPool.Service) =>
 *   pool.execute(request).pipe(
 *     Effect.retry({ times: 2, while: (error) => PoolError.isSafeToRepeat(error, request) })
 *   )
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isSafeToRepeat = (
  error: PoolError,
  request: { readonly method?: string | undefined; readonly idempotent?: boolean | undefined }
): boolean =>
  !isHopeless(error) && (
    error.progress === "not-sent" ||
    (request.idempotent ?? isIdempotentMethod((request.method ?? "GET").toUpperCase()))
  )
