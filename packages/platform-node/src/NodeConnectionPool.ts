/**
 * The pool with sockets: `ConnectionPool` over `NodeConnector` in one layer.
 *
 * @since 0.1.0
 */
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { Connector, TlsOptions } from "@connection-pool/core/Connector"
import type { ContentDecoder } from "@connection-pool/core/ContentDecoder"
import * as PoolConfig from "@connection-pool/core/PoolConfig"
import * as PooledHttpClient from "@connection-pool/core/PooledHttpClient"
import type { InvalidOptions, PoolError } from "@connection-pool/core/PoolError"
import type { HttpClient } from "@effect/platform/HttpClient"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { mirrored } from "./internal/channelMirror.js"
import * as NodeConnector from "./NodeConnector.js"
import * as NodeContentDecoder from "./NodeContentDecoder.js"

/**
 * The pool's options, and whom to trust.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodePoolOptions extends PoolConfig.PoolOptions {
  /** For every `https` request; a request's own `tls` overrides it, field by field. */
  readonly tls?: TlsOptions | undefined
}

const surroundings = (tls: TlsOptions | undefined): Layer.Layer<Connector | ContentDecoder> =>
  Layer.merge(NodeConnector.layer({ tls }), NodeContentDecoder.layer)

/**
 * A pool of sockets that lives as long as the scope: for a second pool in one application, whose tag is your own.
 *
 * @example
 * ```ts
 * import { PooledHttpClient } from "@connection-pool/core"
 * import { NodeConnectionPool } from "@connection-pool/platform-node"
 * import { HttpClient } from "@effect/platform"
 * import { Context, Effect, Layer } from "effect"
 *
 * class Exports extends Context.Tag("Exports")<Exports, HttpClient.HttpClient>() {
 *   static readonly Live = Layer.scoped(
 *     Exports,
 *     Effect.map(NodeConnectionPool.make({ name: "exports", maxConnectionsPerOrigin: 2 }), PooledHttpClient.fromPool)
 *   )
 * }
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: NodePoolOptions = {}
): Effect.Effect<ConnectionPool.Service, InvalidOptions | PoolError, Scope.Scope> => {
  const { tls, ...poolOptions } = options
  return mirrored(Effect.provide(ConnectionPool.make(poolOptions), surroundings(tls)))
}

/**
 * A pool of sockets. Provide it once: every `Effect.provide` builds a pool of its own.
 *
 * @example
 * ```ts
 * import { ConnectionPool } from "@connection-pool/core"
 * import { NodeConnectionPool } from "@connection-pool/platform-node"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const pool = yield* ConnectionPool.ConnectionPool
 *   const response = yield* pool.execute({ url: "http://127.0.0.1:8080/health", timeout: "1 second" })
 *   return response.status
 * })
 *
 * const status = program.pipe(Effect.provide(NodeConnectionPool.layer({ maxConnectionsPerOrigin: 20 })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: NodePoolOptions = {}
): Layer.Layer<ConnectionPool.ConnectionPool, InvalidOptions | PoolError> =>
  Layer.scoped(ConnectionPool.ConnectionPool, make(options))

/**
 * A pool of sockets with options from `Config`s.
 *
 * @example
 * ```ts
 * import { NodeConnectionPool } from "@connection-pool/platform-node"
 * import { Config } from "effect"
 *
 * const layer = NodeConnectionPool.layerConfig({
 *   maxConnectionsPerOrigin: Config.integer("RPC_CONNECTIONS").pipe(Config.withDefault(20)),
 *   tls: { key: Config.redacted("RPC_CLIENT_KEY"), cert: Config.string("RPC_CLIENT_CERT") }
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: PoolConfig.Wrapped<NodePoolOptions>
): Layer.Layer<ConnectionPool.ConnectionPool, InvalidOptions | PoolError | ConfigError> =>
  Layer.unwrapEffect(Effect.map(PoolConfig.unwrap(config), layer))

/**
 * A pool of sockets with options from the environment; what is given here wins.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromEnv = (
  overrides: NodePoolOptions = {}
): Layer.Layer<ConnectionPool.ConnectionPool, InvalidOptions | PoolError | ConfigError> => {
  const { tls, ...poolOptions } = overrides
  return Layer.scoped(
    ConnectionPool.ConnectionPool,
    Effect.flatMap(PoolConfig.fromEnvironment, (options) => make({ ...PoolConfig.merge(options, poolOptions), tls }))
  )
}

/**
 * The platform's `HttpClient` on a pool of sockets, and the pool: in place of `NodeHttpClient.layer` or
 * `NodeHttpClient.layerUndici`.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { NodeConnectionPool } from "@connection-pool/platform-node"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const response = yield* HttpClient.get("http://127.0.0.1:8080/health")
 *   return yield* response.json
 * })
 *
 * const health = program.pipe(Effect.provide(NodeConnectionPool.layerHttpClient({ maxConnectionsPerOrigin: 20 })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient = (
  options: NodePoolOptions = {}
): Layer.Layer<HttpClient | ConnectionPool.ConnectionPool, InvalidOptions | PoolError> =>
  Layer.provideMerge(PooledHttpClient.layer, layer(options))

/**
 * As `layerHttpClient`, with options from `Config`s.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClientConfig = (
  config: PoolConfig.Wrapped<NodePoolOptions>
): Layer.Layer<HttpClient | ConnectionPool.ConnectionPool, InvalidOptions | PoolError | ConfigError> =>
  Layer.provideMerge(PooledHttpClient.layer, layerConfig(config))

/**
 * As `layerHttpClient`, with options from the environment; what is given here wins.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClientFromEnv = (
  overrides: NodePoolOptions = {}
): Layer.Layer<HttpClient | ConnectionPool.ConnectionPool, InvalidOptions | PoolError | ConfigError> =>
  Layer.provideMerge(PooledHttpClient.layer, layerFromEnv(overrides))
