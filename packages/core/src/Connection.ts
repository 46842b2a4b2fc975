/**
 * What the pool asks of one open connection. A transport implements it; nothing above it knows a protocol's bytes.
 *
 * Calls and callbacks are synchronous and allocate little, since every request passes here.
 *
 * @since 0.1.0
 */

/**
 * How far an exchange came on the wire: nothing left, something may have left, or a byte of the answer has arrived.
 *
 * @since 0.1.0
 * @category models
 */
export type Progress = "not-sent" | "maybe-sent" | "response-started"

/**
 * A body that is handed over piece by piece with `Connection.write`. Without a `contentLength` it is sent chunked.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamedBody {
  readonly contentLength: number | undefined
}

/**
 * A request that the pool has checked: the method and the header names are tokens, the values are field values, the target is
 * in origin form, and none has CR, LF or NUL (RFC 9110, 5 and RFC 9112, 3.2). A transport writes it as it is and adds the
 * framing: `host`, `content-length` or `transfer-encoding`, and `connection: close` where `keepAlive` is false.
 *
 * @since 0.1.0
 * @category models
 */
export interface WireRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** The value of the `host` header. */
  readonly authority: string
  /** Name, value, name, value, …; without `host`, `content-length`, `transfer-encoding` and `connection`. */
  readonly headers: ReadonlyArray<string>
  readonly body: string | Uint8Array | StreamedBody | undefined
  /** Whether the connection may serve another request after this one. */
  readonly keepAlive: boolean
}

/**
 * Status line and headers of a final answer. Interim answers (1xx) never reach the pool.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseHead {
  readonly status: number
  /** Name, value, name, value, … as they came, obsolete line folds excluded. */
  readonly rawHeaders: ReadonlyArray<string>
  /**
   * Bytes of the body that will follow, 0 where none can (HEAD, 204, 304), `undefined` where only the body's end tells
   * (chunked, or delimited by the connection's close).
   */
  readonly contentLength: number | undefined
}

/**
 * Why an exchange ended without a whole answer.
 *
 * - `Lost`: the connection was reset, or closed before the answer was complete, or TLS failed on it: the peer refused our
 *   certificate behind the handshake (TLS 1.3), or a record was damaged
 * - `Protocol`: the peer's bytes are not an HTTP answer to this request; the connection is closed by the transport
 *
 * @since 0.1.0
 * @category models
 */
export type ExchangeFailure =
  | { readonly kind: "Lost"; readonly reason: "reset" | "closed" | "tls"; readonly cause?: unknown }
  | {
    readonly kind: "Protocol"
    readonly reason: ProtocolViolation
    /** What was wrong, in words, without the peer's bytes. */
    readonly description: string
    readonly cause?: unknown
  }

/**
 * What was wrong with an answer.
 *
 * - `InvalidHttp`: not an answer in HTTP/1.x syntax, or one with ambiguous framing
 * - `HeaderOverflow`: bytes outside the body exceed `maxHeaderSize`, interim answers and trailers included
 * - `UnexpectedUpgrade`: a 101 that nobody asked for
 * - `BadEncoding`: the body is not what its `content-encoding` says, or has more codings than are undone
 * - `InvalidJson`: the body was to be read as JSON and is none
 *
 * @since 0.1.0
 * @category models
 */
export type ProtocolViolation =
  | "InvalidHttp"
  | "HeaderOverflow"
  | "UnexpectedUpgrade"
  | "BadEncoding"
  | "InvalidJson"

/**
 * Receives one exchange: at most one `onHead`, then any number of `onBody`, and as the last call exactly one of `onEnd` and
 * `onFailure`. After `Connection.close` nothing more is called.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeObserver {
  onHead(head: ResponseHead): void
  /** A piece of the body; the receiver may keep it. Its `buffer` may hold parts of other answers: a copy is what a user is shown. */
  onBody(piece: Uint8Array): void
  /**
   * The answer is complete and everything read so far belonged to it. When `reusable` is true the connection is ready for
   * the next `send` inside this very call. `idleLimit` is how many milliseconds the server promises to keep an idle
   * connection (`Keep-Alive: timeout`, unreduced), where it says so.
   */
  onEnd(reusable: boolean, idleLimit: number | undefined): void
  onFailure(failure: ExchangeFailure): void
  /** After a `write` that answered false: there is room again. */
  onDrain(): void
}

/**
 * Why a connection is no longer there: `closed` by the peer (end or reset), `poisoned` by bytes that nobody asked for or that
 * are no answer, or `local`, at the pool's own word.
 *
 * @since 0.1.0
 * @category models
 */
export type CloseCause = "closed" | "poisoned" | "local"

/**
 * One open connection, owned by the pool from the moment its `Connector` returns it. It never keeps the process alive by
 * itself: the pool does that while somebody waits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** The peer as `address:port`, where there is one. */
  readonly remoteAddress: string | undefined
  /** How many exchanges it carries at once: 1 for HTTP/1.1. */
  readonly maxConcurrent: number
  /** How far the current exchange came. */
  readonly progress: Progress
  /**
   * Calls `onClose` once, when the connection is gone for whatever reason, at once if it is gone already. Called once, by
   * the pool, before anything else.
   */
  onClose(onClose: (cause: CloseCause) => void): void
  /**
   * Tells whether the connection may be used after it was idle: the peer's close, or bytes nobody asked for, may be waiting
   * unread. Calls back at once where no check is needed, otherwise as soon as everything that had arrived was read. The
   * callback is not called after `close`.
   */
  checkIdle(done: (usable: boolean) => void): void
  /** Sends a request. A streamed body follows by `write` and `endBody`; everything else leaves in as few writes as can be. */
  send(request: WireRequest, observer: ExchangeObserver): void
  /** A piece of a streamed body. False: wait for `onDrain` before the next. */
  write(piece: Uint8Array): boolean
  /** The streamed body is complete. */
  endBody(): void
  /** Stops reading the answer, so that the peer is slowed down; pieces already read may still come. */
  pause(): void
  /** Reads on after `pause`. */
  resume(): void
  /**
   * Ends the connection now, whatever it is doing, without waiting for the peer; `onClose` hears `local`. Safe to call again.
   */
  close(): void
}
