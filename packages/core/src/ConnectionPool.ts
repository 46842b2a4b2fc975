/**
 * The pool as a service: HTTP/1.1 connections that are kept open and lent out, with limits, a queue, timeouts and typed errors.
 *
 * @since 0.1.0
 */
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { TlsOptions } from "./Connector.js"
import { Connector } from "./Connector.js"
import { ContentDecoder } from "./ContentDecoder.js"
import * as internal from "./internal/service.js"
import type { PoolOptions, PoolSettings, Wrapped } from "./PoolConfig.js"
import * as PoolConfig from "./PoolConfig.js"
import type { PoolDiagnosis } from "./PoolDiagnosis.js"
import type { PoolError } from "./PoolError.js"
import { InvalidOptions } from "./PoolError.js"
import type { PoolEvent } from "./PoolEvent.js"
import type { PoolRequest } from "./PoolRequest.js"
import type { Exchange, PoolResponse, PoolStreamResponse } from "./PoolResponse.js"
import type { ConnectionInfo, PoolStats } from "./PoolStats.js"

/**
 * A connection kept for several requests, until its scope closes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease {
  /** The connection's id. */
  readonly id: number
  readonly origin: string
  /** The connection had answered a request before this lease. */
  readonly reused: boolean
  /**
   * Sends a request to the lease's origin on this connection; one after another, in the order of the calls. Once an exchange
   * has failed, or the server closes, later ones fail with `ConnectionLost`.
   */
  readonly send: (request: PoolRequest) => Effect.Effect<PoolResponse, PoolError>
  /** False: the connection is closed when the lease ends. True takes that back; it makes no broken connection whole. */
  readonly setReusable: (reusable: boolean) => void
}

/**
 * What became of a warm-up at one origin.
 *
 * @since 0.1.0
 * @category models
 */
export interface WarmUpOutcome {
  readonly origin: string
  /** Connections that were opened now; those that had been open are not counted. */
  readonly opened: number
  /** One for each connection that could not be opened. */
  readonly failures: ReadonlyArray<PoolError>
}

/**
 * What became of a warm-up.
 *
 * @since 0.1.0
 * @category models
 */
export interface WarmUpReport {
  readonly opened: number
  readonly origins: ReadonlyArray<WarmUpOutcome>
}

/**
 * What became of a drain.
 *
 * @since 0.1.0
 * @category models
 */
export interface DrainReport {
  /** Exchanges that ran when the drain began and ended by themselves. */
  readonly answered: number
  /** Exchanges that were cut off when the time was over. */
  readonly cutOff: number
  /** Connections that had not confirmed their close a second later; 0 unless a transport is broken. */
  readonly unclosed: number
  /** Milliseconds. */
  readonly elapsed: number
}

/**
 * What a pool can do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** As in the options: what tells its metrics and spans from those of another pool. */
  readonly name: string
  /** Sends a request and reads the whole answer. Any status is an answer, not an error. */
  readonly execute: (request: PoolRequest) => Effect.Effect<PoolResponse, PoolError>
  /**
   * `execute` without a fiber, whose cost is that of half a request: for those who bring the pool to code without Effect. `onExit` is
   * called once, inside the pool, perhaps before this returns; what it throws is logged. What is returned gives the request up, so
   * that `onExit` is not called any more.
   */
  readonly unsafeExecute: (
    request: PoolRequest,
    onExit: (exit: Exit.Exit<PoolResponse, PoolError>) => void
  ) => () => void
  /** Sends a request; its body is read as it comes, within the scope. */
  readonly stream: (request: PoolRequest) => Effect.Effect<PoolStreamResponse, PoolError, Scope.Scope>
  /**
   * Sends a request and hands over the exchange, which the caller has to end. For those who build on the pool, inside of
   * `Effect.uninterruptibleMask` and with its `restore` in the request: an exchange would be lost if an interruption came before
   * it is received.
   */
  readonly open: (request: PoolRequest) => Effect.Effect<Exchange, PoolError>
  /** A connection to an origin, for the scope. */
  readonly lease: (
    origin: string | URL,
    options?: { readonly tls?: TlsOptions | undefined }
  ) => Effect.Effect<Lease, PoolError, Scope.Scope>
  /** Opens connections until each origin has `connections` (default 1), as far as the limits allow. Never fails on a dial. */
  readonly warmUp: (
    origins: Iterable<string | URL>,
    options?: { readonly connections?: number | undefined }
  ) => Effect.Effect<WarmUpReport, PoolError>
  /** Counts of now and sums since the beginning, per origin and in all. */
  readonly stats: Effect.Effect<PoolStats>
  /** Every connection. */
  readonly connections: Effect.Effect<ReadonlyArray<ConnectionInfo>>
  /** Why requests wait: who holds the connections, who waits for them, which dials have failed. */
  readonly diagnose: Effect.Effect<PoolDiagnosis>
  /** What happens from now on; it ends with the pool. A slow reader loses the oldest events and is told how many. */
  readonly events: Stream.Stream<PoolEvent>
  /**
   * The same for a bridge to where somebody may or may not listen: subscribes at once, to what happens while `wanted` says so. It
   * is asked at every event, and while it is false none is made for it.
   */
  readonly eventsWhile: (wanted: () => boolean) => Effect.Effect<Stream.Stream<PoolEvent>, never, Scope.Scope>
  /** Closes every idle connection, and says how many. */
  readonly closeIdle: Effect.Effect<number>
  /**
   * Takes no more requests, lets running exchanges end for `timeout` (default `drainTimeout`), then closes everything. A
   * second drain joins the first with a time of its own.
   */
  readonly drain: (timeout?: Duration.DurationInput) => Effect.Effect<DrainReport>
}

/**
 * The pool.
 *
 * @example
 * ```ts
 * import { ConnectionPool } from "@connection-pool/core"
 * import { Effect } from "effect"
 *
 * const blockNumber = Effect.gen(function*() {
 *   const pool = yield* ConnectionPool.ConnectionPool
 *   const response = yield* pool.execute({
 *     method: "POST",
 *     url: "http://127.0.0.1:8545/",
 *     headers: { "content-type": "application/json" },
 *     body: `{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}`,
 *     timeout: "5 seconds"
 *   })
 *   return yield* response.json
 * })
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class ConnectionPool extends Context.Tag("@connection-pool/core/ConnectionPool")<ConnectionPool, Service>() {}

/**
 * Whether a pool checks the laws of its machine after every step, and dies when one is broken. For tests and for the hunt of
 * a bug: it costs time in proportion to the connections. Default false.
 *
 * @since 0.1.0
 * @category configuration
 */
export class CheckLaws extends Context.Reference<CheckLaws>()("@connection-pool/core/ConnectionPool/CheckLaws", {
  defaultValue: () => false
}) {}

const fromSettings = (
  settings: PoolSettings
): Effect.Effect<Service, InvalidOptions | PoolError, Connector | Scope.Scope> =>
  Effect.gen(function*() {
    const connector = yield* Connector
    const clock = yield* Effect.clock
    const random = yield* Effect.random
    const jitter = (): number => Effect.runSync(random.next)
    const runtime = yield* Effect.runtime<never>()
    const checked = yield* CheckLaws
    const decoder = Option.getOrUndefined(yield* Effect.serviceOption(ContentDecoder))
    if (settings.decompress && decoder === undefined) {
      return yield* new InvalidOptions({
        option: "decompress",
        value: "true",
        allowed: "true only where a ContentDecoder is provided, such as NodeContentDecoder.layer"
      })
    }
    return yield* internal.make(settings, { connector, decoder, clock, jitter, runtime, checked })
  })

/**
 * A pool that lives as long as the scope. When the scope closes the pool drains for `drainTimeout` at most.
 *
 * Fails with `InvalidOptions`, or with the first failure of a warm-up that is `required`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: PoolOptions = {}
): Effect.Effect<Service, InvalidOptions | PoolError, Connector | Scope.Scope> =>
  Either.match(PoolConfig.resolve(options), { onLeft: Effect.fail, onRight: fromSettings })

/**
 * A pool with these options. Provide it once: every `Effect.provide` builds a pool of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: PoolOptions = {}): Layer.Layer<ConnectionPool, InvalidOptions | PoolError, Connector> =>
  Layer.scoped(ConnectionPool, make(options))

/**
 * A pool with options from `Config`s.
 *
 * @example
 * ```ts
 * import { ConnectionPool } from "@connection-pool/core"
 * import { Config } from "effect"
 *
 * const layer = ConnectionPool.layerConfig({
 *   maxConnectionsPerOrigin: Config.integer("RPC_CONNECTIONS").pipe(Config.withDefault(20))
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Wrapped<PoolOptions>
): Layer.Layer<ConnectionPool, InvalidOptions | PoolError | ConfigError, Connector> =>
  Layer.scoped(ConnectionPool, Effect.flatMap(PoolConfig.unwrap(config), make))

/**
 * A pool with options from the environment; what is given here wins.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromEnv = (
  overrides: PoolOptions = {}
): Layer.Layer<ConnectionPool, InvalidOptions | PoolError | ConfigError, Connector> =>
  Layer.scoped(
    ConnectionPool,
    Effect.flatMap(PoolConfig.fromEnvironment, (options) => make(PoolConfig.merge(options, overrides)))
  )
