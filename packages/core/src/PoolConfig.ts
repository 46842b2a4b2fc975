/**
 * What a pool can be told: its options, what they are when they are not given, how they are checked, and how the
 * environment sets them.
 *
 * In every option `undefined` stands for "not given". A duration is a number of milliseconds, a text such as `"30
 * seconds"`, or any other `DurationInput`; `"none"`, and infinity, switch off what can be none. In the environment a
 * duration is a whole number of milliseconds or such a text, a size is a number of bytes, a boolean is `true` or
 * `false` (`1` or `0`, `yes` or `no`, `on` or `off`), and an empty variable is an unset one.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import type { DurationInput } from "effect/Duration"
import * as Either from "effect/Either"
import * as internal from "./internal/poolSettings.js"
import { printValue } from "./internal/printValue.js"
import type { Origin } from "./Origin.js"
import type { InvalidOptions } from "./PoolError.js"

/**
 * The limits and timeouts that one origin can have for itself. Given for the whole pool they hold for every origin;
 * what an origin is not given is as for the whole pool.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginOptions {
  /**
   * The most connections to one origin: connecting, active and idle together. At least 1. More than `maxConnections`
   * has no further effect. Default 50. `MAX_SOCKETS`, or else `MAX_CONCURRENT`.
   */
  readonly maxConnectionsPerOrigin?: number | undefined
  /**
   * The most idle connections kept for one origin; 0 keeps none. More than `maxConnectionsPerOrigin` has no further
   * effect. Default: the same as `maxConnectionsPerOrigin`. `MAX_FREE_SOCKETS`.
   */
  readonly maxIdlePerOrigin?: number | undefined
  /**
   * Idle connections that are kept ready at an origin once it was used, opened in the background; at most `maxIdlePerOrigin` and
   * `maxConnectionsPerOrigin`. None is opened while somebody waits for room under `maxConnections`, nor for an origin that was not
   * used for two housekeeping periods. Default 0. `HTTP_POOL_MIN_IDLE_PER_ORIGIN`.
   */
  readonly minIdlePerOrigin?: number | undefined
  /** Duration: name look-up, TCP and TLS together. Default 3 seconds. `CONNECTION_TIMEOUT`, or else `RPC_TIMEOUT`. */
  readonly connectTimeout?: DurationInput | undefined
  /**
   * Bytes of a body that is read whole, before and after decoding. A stream has this limit only if its request sets it.
   * Default 10 MiB. `RESPONSE_SIZE_LIMIT`.
   */
  readonly maxResponseSize?: number | "none" | undefined
  /** Duration, from asking for a connection to having one. Default 30 seconds. `HTTP_POOL_ACQUIRE_TIMEOUT`. */
  readonly acquireTimeout?: DurationInput | "none" | undefined
  /**
   * Duration, from the call to the answer's last byte: waiting, dialling and repeats included. Default none.
   * `HTTP_POOL_REQUEST_TIMEOUT`.
   */
  readonly requestTimeout?: DurationInput | "none" | undefined
  /**
   * Duration, from the request sent to the answer's headers, and how long the server may take nothing of a streamed body.
   * Default 5 minutes. `HTTP_POOL_HEADERS_TIMEOUT`.
   */
  readonly headersTimeout?: DurationInput | "none" | undefined
  /**
   * Duration between two pieces of a body that is read whole, never while the reader holds back. A stream has this
   * timeout only if its request sets it. Default 5 minutes. `HTTP_POOL_BODY_TIMEOUT`.
   */
  readonly bodyTimeout?: DurationInput | "none" | undefined
  /**
   * Duration after which an idle connection is closed; the server's own word can lower it. Default 30 seconds.
   * `HTTP_POOL_IDLE_TIMEOUT`.
   */
  readonly idleTimeout?: DurationInput | "none" | undefined
  /**
   * Duration after which a connection is closed even if it is in use all the time (then when its lease ends), minus up
   * to 2.5 % so that connections do not end together. Default 10 minutes. `HTTP_POOL_MAX_LIFETIME`.
   */
  readonly maxLifetime?: DurationInput | "none" | undefined
  /**
   * How many requests a connection serves before it is closed; a `lease` counts as one. Default none.
   * `HTTP_POOL_MAX_REQUESTS_PER_CONNECTION`.
   */
  readonly maxRequestsPerConnection?: number | "none" | undefined
}

/**
 * Connections to open while the layer is built.
 *
 * @since 0.1.0
 * @category models
 */
export interface WarmUpOptions {
  /** URLs, of which only the origins count. An array or a set, since it is read each time the layer is built. */
  readonly origins: Iterable<string | URL>
  /**
   * How many connections to each of them, at most `maxConnectionsPerOrigin`, `maxIdlePerOrigin`, and `maxConnections`
   * over all of them. Default 1.
   */
  readonly connections?: number | undefined
  /** Whether the layer fails when one of them cannot be opened. Default false. */
  readonly required?: boolean | undefined
}

/**
 * What a pool can be told.
 *
 * @example
 * ```ts
 * import type { PoolConfig } from "@connection-pool/core"
 *
 * const options: PoolConfig.PoolOptions = {
 *   maxConnectionsPerOrigin: 20,
 *   idleTimeout: "20 seconds",
 *   origins: { "http://10.0.0.1:8545": { maxConnectionsPerOrigin: 100, requestTimeout: "5 seconds" } }
 * }
 * console.log(options.idleTimeout) // "20 seconds"
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolOptions extends OriginOptions {
  /**
   * Whether connections are used again. False: one request a connection, with `connection: close`. Default true.
   * `KEEP_ALIVE_ENABLED`, or else `RPC_KEEP_ALIVE_ENABLED`.
   */
  readonly keepAlive?: boolean | undefined
  /**
   * Duration of silence before the first TCP keep-alive probe, which systems count in whole seconds: it is rounded up. Default
   * 1 second. `KEEP_ALIVE_MSECS`.
   */
  readonly tcpKeepAliveDelay?: DurationInput | undefined
  /**
   * Which idle connection is taken: the one used last (`lifo`), so that surplus ones can expire, or the one idle
   * longest (`fifo`). Default `lifo`. `SOCKET_SCHEDULING`.
   */
  readonly scheduling?: "lifo" | "fifo" | undefined
  /** Whether Nagle's algorithm is off. Default true. `TCP_NO_DELAY`. */
  readonly noDelay?: boolean | undefined
  /**
   * Duration: an origin that was not used for two of them is forgotten, its idle connections included. Default 60
   * seconds. `CLEANUP_PERIOD_MS`.
   */
  readonly housekeepingInterval?: DurationInput | undefined
  /**
   * An attribute of every metric and span, to tell the pools of one process apart. Default `default`. `HTTP_POOL_NAME`.
   */
  readonly name?: string | undefined
  /** The most connections to all origins together. At least 1. Default 1,024. `HTTP_POOL_MAX_CONNECTIONS`. */
  readonly maxConnections?: number | undefined
  /**
   * The most requests that wait for a connection, in the whole pool; one more is `QueueFull` at once. At least 1.
   * Default 10,000. `HTTP_POOL_MAX_WAITING`.
   */
  readonly maxWaiting?: number | undefined
  /**
   * Duration that the layer's release waits for running exchanges; 0 does not wait. Default 5 seconds.
   * `HTTP_POOL_DRAIN_TIMEOUT`.
   */
  readonly drainTimeout?: DurationInput | undefined
  /**
   * Bytes of an answer outside its body, interim answers and trailers included. Default 16 KiB.
   * `HTTP_POOL_MAX_HEADER_SIZE`.
   */
  readonly maxHeaderSize?: number | undefined
  /**
   * Bytes of an answer that nobody has begun to read, taken into memory when a request waits for its connection; a larger one
   * is given up a second later. Answers of `stream` and `lease` are never touched. Default 2 MiB. `HTTP_POOL_UNREAD_BODY_LIMIT`.
   */
  readonly unreadBodyLimit?: number | undefined
  /** Bytes of all such answers together. Default 32 MiB. `HTTP_POOL_UNREAD_BODY_BUDGET`. */
  readonly unreadBodyBudget?: number | undefined
  /**
   * Duration after which a connection counts as leaked when its own side moves nothing on it: a `lease` sends nothing, an answer is not read
   * on, an upload's source gives nothing. It is reported (a warning with fiber and span, an event, a metric), and that is taken
   * back when something moves or it ends after all. An answer of which nobody has begun to read (of `stream` somebody has), and no byte has
   * come, is given up, so that its connection is closed; a later read fails with `ConnectionLost`. Default 60 seconds.
   * `HTTP_POOL_LEAK_THRESHOLD`.
   */
  readonly leakThreshold?: DurationInput | "none" | undefined
  /**
   * Duration that requests to an origin have to wait for connections without a break, one after the other, until a warning says so and
   * names who holds the connections; once a minute at most for each origin. Default 10 seconds.
   * `HTTP_POOL_SATURATION_THRESHOLD`.
   */
  readonly saturationThreshold?: DurationInput | "none" | undefined
  /**
   * Whether servers are asked for compressed answers, and those are decoded. Needs a `ContentDecoder`, which
   * `NodeConnectionPool` brings. Default false. `HTTP_POOL_DECOMPRESS`.
   */
  readonly decompress?: boolean | undefined
  /**
   * How many origins have a value of their own in metrics; the rest is `_OTHER`. 0: all are. Default 100.
   * `HTTP_POOL_MAX_METRIC_ORIGINS`.
   */
  readonly maxMetricOrigins?: number | undefined
  /**
   * Whether metrics tell origins apart at all. False: a pool has one value of each, without `server.address`, `server.port` and
   * `url.scheme`. Default true. `HTTP_POOL_METRIC_ORIGIN_TAGS`.
   */
  readonly metricOriginTags?: boolean | undefined
  /** Connections to open while the layer is built. Default none; no variable. */
  readonly warmUp?: WarmUpOptions | undefined
  /**
   * Other limits and timeouts for some origins, by origin such as `http://10.0.0.1:8545` (of another URL only the
   * origin counts). Default none; no variable.
   */
  readonly origins?: Readonly<Record<string, OriginOptions | undefined>> | undefined
}

/**
 * The limits and timeouts that hold for one origin. Durations are milliseconds, sizes bytes, and `Infinity` stands for
 * none; each field means what it means in `OriginOptions`.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginSettings {
  readonly maxConnectionsPerOrigin: number
  /** May be larger than `maxConnectionsPerOrigin`. */
  readonly maxIdlePerOrigin: number
  readonly minIdlePerOrigin: number
  readonly connectTimeout: number
  readonly maxResponseSize: number
  readonly acquireTimeout: number
  readonly requestTimeout: number
  readonly headersTimeout: number
  readonly bodyTimeout: number
  readonly idleTimeout: number
  readonly maxLifetime: number
  readonly maxRequestsPerConnection: number
}

/**
 * The connections to open while the layer is built.
 *
 * @since 0.1.0
 * @category models
 */
export interface WarmUpSettings {
  /** Each once. */
  readonly origins: ReadonlyArray<Origin>
  readonly connections: number
  readonly required: boolean
}

/**
 * Options that were checked, with nothing left open. Durations are milliseconds, sizes bytes, and `Infinity` stands for
 * none; each field means what it means in `PoolOptions`.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolSettings extends OriginSettings {
  readonly keepAlive: boolean
  readonly tcpKeepAliveDelay: number
  readonly scheduling: "lifo" | "fifo"
  readonly noDelay: boolean
  readonly housekeepingInterval: number
  readonly name: string
  readonly maxConnections: number
  readonly maxWaiting: number
  /** The only duration that may be 0. */
  readonly drainTimeout: number
  readonly maxHeaderSize: number
  readonly unreadBodyLimit: number
  readonly unreadBodyBudget: number
  readonly leakThreshold: number
  readonly saturationThreshold: number
  readonly decompress: boolean
  readonly maxMetricOrigins: number
  readonly metricOriginTags: boolean
  readonly warmUp: WarmUpSettings | undefined
  /** By `Origin.href`; see `originSettings`. */
  readonly origins: ReadonlyMap<string, OriginSettings>
}

/**
 * Checks options and fills in what is not given. The first option that cannot be is named, with its value and what is
 * allowed; so is an option that does not exist.
 *
 * @example
 * ```ts
 * import { PoolConfig } from "@connection-pool/core"
 * import { Either } from "effect"
 *
 * const settings = Either.getOrThrow(PoolConfig.resolve({ idleTimeout: "20 seconds", maxLifetime: "none" }))
 * console.log(settings.idleTimeout, settings.maxLifetime, settings.maxConnections) // 20000 Infinity 1024
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve: (options?: PoolOptions) => Either.Either<PoolSettings, InvalidOptions> = internal.resolve

/**
 * The settings of a pool that was told nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: PoolSettings = Either.getOrThrow(internal.resolve())

/**
 * The limits and timeouts for an origin, named by its `href`.
 *
 * @since 0.1.0
 * @category getters
 */
export const originSettings: (settings: PoolSettings, originHref: string) => OriginSettings = internal.originSettings

/**
 * Options, where others are given too: an override that is `undefined` leaves what was there.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (base: PoolOptions, overrides: PoolOptions): PoolOptions => {
  // What is no record of options is handed on, so that `resolve` can refuse it.
  if (!internal.isRecord(overrides)) return overrides
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}

const textOf = (variable: string): Config.Config<string> => Config.withDefault(Config.string(variable), "")

/**
 * The value of one option, where its variable is set. Read as text: the readers of `Config` accept too little (`5000`
 * as a duration) and too much (an empty number), and `Config.orElse` would hide a malformed value behind the fall-back.
 */
const fromVariables = (option: internal.TableOption): Config.Config<readonly [string, unknown] | undefined> => {
  const row: internal.Row = internal.table[option]
  const variables = row.fallback === undefined ? [row.variable] : [row.variable, row.fallback]
  return Config.mapOrFail(Config.all(variables.map(textOf)), (texts) => {
    const index = texts.findIndex((text) => text.trim() !== "")
    const variable = variables[index]
    if (variable === undefined) return Either.right(undefined)
    const text = (texts[index] ?? "").trim()
    const value = row.kind.fromText(text)
    if (row.kind.decode(value) !== undefined) return Either.right([option, value] as const)
    const message = `${variable} is ${printValue(text)}; allowed: ${row.kind.allowed}`
    return Either.left(ConfigError.InvalidData([variable], message))
  })
}

/**
 * The options that the environment sets. Only what is set appears in the result. A value that cannot be is a
 * `ConfigError` that names the variable, the value and what is allowed, also where the fall-back is set.
 *
 * @example
 * ```ts
 * import { PoolConfig } from "@connection-pool/core"
 * import { ConfigProvider, Effect } from "effect"
 *
 * const environment = ConfigProvider.fromMap(new Map([["MAX_SOCKETS", "20"], ["HTTP_POOL_MAX_LIFETIME", "1 hour"]]))
 *
 * const program = PoolConfig.fromEnvironment.pipe(Effect.withConfigProvider(environment), Effect.map(console.log))
 * Effect.runSync(program) // { maxConnectionsPerOrigin: 20, maxLifetime: "1 hour" }
 * ```
 *
 * @since 0.1.0
 * @category configuration
 */
export const fromEnvironment: Config.Config<PoolOptions> = Config.map(
  Config.all(internal.tableOptions.map(fromVariables)),
  (found) => Object.fromEntries(found.filter((entry) => entry !== undefined)) as PoolOptions
)

/**
 * Options of which the whole, or every value, is a `Config`.
 *
 * @since 0.1.0
 * @category models
 */
export type Wrapped<Options> = Config.Config.Wrap<Options>

/**
 * One `Config` of options whose values are `Config`s.
 *
 * @since 0.1.0
 * @category configuration
 */
export const unwrap: <Options>(wrapped: Wrapped<Options>) => Config.Config<Options> = Config.unwrap
