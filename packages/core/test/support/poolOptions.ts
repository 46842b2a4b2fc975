/** What the tests of the options have in common. */
import type * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as util from "node:util"
import * as PoolConfig from "../../src/PoolConfig.js"
import type { InvalidOptions } from "../../src/PoolError.js"

/** JavaScript users may pass anything. */
export const resolveAny = (options: unknown) => PoolConfig.resolve(options as PoolConfig.PoolOptions)

export const settingsOf = (options?: PoolConfig.PoolOptions): PoolConfig.PoolSettings =>
  Either.getOrThrowWith(PoolConfig.resolve(options), (error) => new Error(error.message))

export const refused = (options: unknown): InvalidOptions =>
  Either.getOrThrowWith(Either.flip(resolveAny(options)), () => new Error(`not refused: ${util.inspect(options)}`))

export const read = (
  provider: ConfigProvider.ConfigProvider,
  config = PoolConfig.fromEnvironment
): Either.Either<PoolConfig.PoolOptions, ConfigError.ConfigError> =>
  Effect.runSync(Effect.either(Effect.withConfigProvider(config, provider)))

export const readMap = (variables: Readonly<Record<string, string>>) =>
  read(ConfigProvider.fromMap(new Map(Object.entries(variables))))

export const optionsOf = (variables: Readonly<Record<string, string>>): PoolConfig.PoolOptions =>
  Either.getOrThrowWith(readMap(variables), (error) => new Error(String(error)))

export const malformed = (variables: Readonly<Record<string, string>>): string =>
  Either.match(readMap(variables), {
    onLeft: String,
    onRight: (options) => {
      throw new Error(`not refused: ${util.inspect(options)}`)
    }
  })

export type Scalar = Exclude<keyof PoolConfig.PoolSettings, "warmUp" | "origins">

export interface Fact {
  readonly option: Scalar
  readonly variable: string
  readonly fallback?: string
  readonly kind: "boolean" | "count" | "duration" | "scheduling" | "text"
  readonly default: unknown
  readonly none?: true
  readonly zero?: true
  /** The most that the defaults of other options allow. */
  readonly most?: number
  readonly perOrigin?: true
}

/** What DESIGN §6 says, written a second time: the table in `src` is held against it. */
export const facts: ReadonlyArray<Fact> = [
  {
    option: "keepAlive",
    variable: "KEEP_ALIVE_ENABLED",
    fallback: "RPC_KEEP_ALIVE_ENABLED",
    kind: "boolean",
    default: true
  },
  { option: "tcpKeepAliveDelay", variable: "KEEP_ALIVE_MSECS", kind: "duration", default: 1000 },
  {
    option: "maxConnectionsPerOrigin",
    variable: "MAX_SOCKETS",
    fallback: "MAX_CONCURRENT",
    kind: "count",
    default: 50,
    perOrigin: true
  },
  {
    option: "maxIdlePerOrigin",
    variable: "MAX_FREE_SOCKETS",
    kind: "count",
    default: 50,
    zero: true,
    perOrigin: true
  },
  {
    option: "minIdlePerOrigin",
    variable: "HTTP_POOL_MIN_IDLE_PER_ORIGIN",
    kind: "count",
    default: 0,
    zero: true,
    most: 50,
    perOrigin: true
  },
  {
    option: "connectTimeout",
    variable: "CONNECTION_TIMEOUT",
    fallback: "RPC_TIMEOUT",
    kind: "duration",
    default: 3000,
    perOrigin: true
  },
  { option: "scheduling", variable: "SOCKET_SCHEDULING", kind: "scheduling", default: "lifo" },
  { option: "noDelay", variable: "TCP_NO_DELAY", kind: "boolean", default: true },
  {
    option: "maxResponseSize",
    variable: "RESPONSE_SIZE_LIMIT",
    kind: "count",
    default: 10_485_760,
    none: true,
    perOrigin: true
  },
  { option: "housekeepingInterval", variable: "CLEANUP_PERIOD_MS", kind: "duration", default: 60_000 },
  { option: "name", variable: "HTTP_POOL_NAME", kind: "text", default: "default" },
  { option: "maxConnections", variable: "HTTP_POOL_MAX_CONNECTIONS", kind: "count", default: 1024 },
  { option: "maxWaiting", variable: "HTTP_POOL_MAX_WAITING", kind: "count", default: 10_000 },
  {
    option: "acquireTimeout",
    variable: "HTTP_POOL_ACQUIRE_TIMEOUT",
    kind: "duration",
    default: 30_000,
    none: true,
    perOrigin: true
  },
  {
    option: "requestTimeout",
    variable: "HTTP_POOL_REQUEST_TIMEOUT",
    kind: "duration",
    default: Infinity,
    none: true,
    perOrigin: true
  },
  {
    option: "headersTimeout",
    variable: "HTTP_POOL_HEADERS_TIMEOUT",
    kind: "duration",
    default: 300_000,
    none: true,
    perOrigin: true
  },
  {
    option: "bodyTimeout",
    variable: "HTTP_POOL_BODY_TIMEOUT",
    kind: "duration",
    default: 300_000,
    none: true,
    perOrigin: true
  },
  {
    option: "idleTimeout",
    variable: "HTTP_POOL_IDLE_TIMEOUT",
    kind: "duration",
    default: 30_000,
    none: true,
    perOrigin: true
  },
  {
    option: "maxLifetime",
    variable: "HTTP_POOL_MAX_LIFETIME",
    kind: "duration",
    default: 600_000,
    none: true,
    perOrigin: true
  },
  {
    option: "maxRequestsPerConnection",
    variable: "HTTP_POOL_MAX_REQUESTS_PER_CONNECTION",
    kind: "count",
    default: Infinity,
    none: true,
    perOrigin: true
  },
  { option: "drainTimeout", variable: "HTTP_POOL_DRAIN_TIMEOUT", kind: "duration", default: 5000, zero: true },
  { option: "maxHeaderSize", variable: "HTTP_POOL_MAX_HEADER_SIZE", kind: "count", default: 16_384 },
  { option: "unreadBodyLimit", variable: "HTTP_POOL_UNREAD_BODY_LIMIT", kind: "count", default: 2_097_152, zero: true },
  {
    option: "unreadBodyBudget",
    variable: "HTTP_POOL_UNREAD_BODY_BUDGET",
    kind: "count",
    default: 33_554_432,
    zero: true
  },
  { option: "leakThreshold", variable: "HTTP_POOL_LEAK_THRESHOLD", kind: "duration", default: 60_000, none: true },
  {
    option: "saturationThreshold",
    variable: "HTTP_POOL_SATURATION_THRESHOLD",
    kind: "duration",
    default: 10_000,
    none: true
  },
  { option: "decompress", variable: "HTTP_POOL_DECOMPRESS", kind: "boolean", default: false },
  { option: "maxMetricOrigins", variable: "HTTP_POOL_MAX_METRIC_ORIGINS", kind: "count", default: 100, zero: true },
  { option: "metricOriginTags", variable: "HTTP_POOL_METRIC_ORIGIN_TAGS", kind: "boolean", default: true }
]

export const names: ReadonlyArray<string> = [...facts.map((fact) => fact.option), "warmUp", "origins"]
export const perOrigin = facts.filter((fact) => fact.perOrigin)
export const poolWideOnly = facts.filter((fact) => !fact.perOrigin)
export const withFallback = facts.filter((fact) => fact.fallback !== undefined)

/** A text for the environment with the setting that it stands for, never the default. */
export const sample = (fact: Fact): readonly [text: string, setting: unknown] => {
  switch (fact.kind) {
    case "boolean":
      return ["false", false]
    case "count":
      return ["17", 17]
    case "duration":
      return ["1234", 1234]
    case "scheduling":
      return ["fifo", "fifo"]
    case "text":
      return ["billing", "billing"]
  }
}
