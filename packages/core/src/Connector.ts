/**
 * How the pool gets its connections: one tag with one method.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Redacted } from "effect/Redacted"
import type { Connection } from "./Connection.js"
import type { Origin } from "./Origin.js"
import type { ConnectFailed, ConnectTimeout } from "./PoolError.js"

/**
 * Who we are and whom we trust in a TLS handshake. Connections, and TLS sessions, are shared only between requests whose
 * values here are the same. Treat a value as immutable once it was used.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsOptions {
  /** Certificates (PEM) to trust in place of the system's. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined
  /** Our certificate chain (PEM), for servers that ask for one. */
  readonly cert?: string | Uint8Array | undefined
  /** Our private key (PEM). */
  readonly key?: string | Uint8Array | Redacted<string> | undefined
  /** Certificate and key as PKCS#12, in place of `cert` and `key`. */
  readonly pfx?: Uint8Array | undefined
  /** Opens `key` or `pfx`. */
  readonly passphrase?: string | Redacted<string> | undefined
  /** The name to ask for and to verify, in place of the URL's host. */
  readonly servername?: string | undefined
  /** False accepts any certificate, and is logged once. Default true. */
  readonly rejectUnauthorized?: boolean | undefined
  /** Default: the runtime's. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** Default: the runtime's. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** In OpenSSL's notation. Default: the runtime's. */
  readonly ciphers?: string | undefined
}

const everyTlsOption: Readonly<Record<keyof TlsOptions, true>> = {
  ca: true,
  cert: true,
  key: true,
  pfx: true,
  passphrase: true,
  servername: true,
  rejectUnauthorized: true,
  minVersion: true,
  maxVersion: true,
  ciphers: true
}

/**
 * The names of all TLS options, in one order: whoever merges options or tells identities apart must miss none.
 *
 * @since 0.1.0
 * @category getters
 */
export const tlsOptionNames = Object.keys(everyTlsOption) as ReadonlyArray<keyof TlsOptions>

/**
 * What a connection is to be opened to, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectTarget {
  readonly origin: Origin
  /** The request's own TLS options; they override the connector's, field by field. */
  readonly tls: TlsOptions | undefined
  /** Nagle's algorithm off. */
  readonly noDelay: boolean
  /** Milliseconds of silence before the first TCP keep-alive probe. */
  readonly tcpKeepAliveDelay: number
  /** Bytes of an answer outside its body, at most. */
  readonly maxHeaderSize: number
}

/**
 * Opens connections for the pool.
 *
 * `connect` is interrupted when its time (`connectTimeout`) is over or nobody needs it any more; an interrupted `connect` must
 * leave nothing open, not even a connection it was about to return. The pool owns what it returns.
 *
 * `Effect.async` with a canceller that closes also what has opened already will do: the pool interrupts such a dial in no place where
 * it would lose what it resumed with. What is done to the connection behind that has to be uninterruptible, or to close it itself.
 *
 * @since 0.1.0
 * @category services
 */
export class Connector extends Context.Tag("@connection-pool/core/Connector")<Connector, {
  readonly connect: (target: ConnectTarget) => Effect.Effect<Connection, ConnectFailed | ConnectTimeout>
}>() {}
