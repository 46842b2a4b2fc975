/**
 * The options of the class that `ConnectionPoolCore` replaces, as options of the pool. The table of options is the core's: here are
 * only the old names.
 *
 * @internal
 */
import * as PoolConfig from "@connection-pool/core/PoolConfig"
import { InvalidOptions } from "@connection-pool/core/PoolError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ConnectionPoolCoreOptions } from "../ConnectionPoolCore.js"
import type { NodePoolOptions } from "../NodeConnectionPool.js"
import * as Errors from "./coreError.js"

/** Old name, and what the option is called now. */
const renamed = {
  keepAliveMsecs: "tcpKeepAliveDelay",
  maxSockets: "maxConnectionsPerOrigin",
  maxFreeSockets: "maxIdlePerOrigin",
  responseLimit: "maxResponseSize",
  cleanupPeriod: "housekeepingInterval"
} as const

const oldNames = Object.keys(renamed) as ReadonlyArray<keyof typeof renamed>

type Given = Record<string, unknown>

/** The options under their names of today; an option that is given under both is refused. */
const translate = (options: ConnectionPoolCoreOptions): Either.Either<Given, InvalidOptions> => {
  const { timeout, ...given } = { ...options } as Given
  for (const old of oldNames) {
    const value = given[old]
    delete given[old]
    if (value === undefined) continue
    const name = renamed[old]
    if (given[name] !== undefined) {
      const allowed = `one of the two, since it is what ${name} is called in the class that this replaces`
      return Either.left(new InvalidOptions({ option: old, value: `given beside ${name}`, allowed }))
    }
    given[name] = value
  }
  // The particular option says more than the one that stands for both.
  if (timeout !== undefined) {
    given.connectTimeout ??= timeout
    given.requestTimeout ??= timeout
  }
  return Either.right(given)
}

const half = (sockets: unknown): number | undefined =>
  typeof sockets === "number" && sockets >= 1 ? Math.max(1, Math.floor(sockets / 2)) : undefined

/** What is not given, where the old class had a default of its own: half of the sockets may be idle, at each origin. */
const withOldDefaults = (given: Given): Given => {
  if (given.maxIdlePerOrigin !== undefined) return given
  const sockets = given.maxConnectionsPerOrigin ?? PoolConfig.defaults.maxConnectionsPerOrigin
  const { origins } = given
  return {
    ...given,
    maxIdlePerOrigin: half(sockets),
    ...(typeof origins === "object" && origins !== null
      ? { origins: Object.fromEntries(Object.entries(origins).map(([url, one]) => [url, withOwnHalf(one)])) }
      : {})
  }
}

const withOwnHalf = (one: unknown): unknown => {
  if (typeof one !== "object" || one === null) return one
  const { maxConnectionsPerOrigin, maxIdlePerOrigin } = one as PoolConfig.OriginOptions
  return maxConnectionsPerOrigin === undefined || maxIdlePerOrigin !== undefined
    ? one
    : { ...one, maxIdlePerOrigin: half(maxConnectionsPerOrigin) }
}

/** Says what is wrong under the name that was used. */
const underGivenName = (options: ConnectionPoolCoreOptions) => (error: InvalidOptions): InvalidOptions => {
  const given = options as Given
  const { allowed, option, value } = error
  const old = option === "connectTimeout" || option === "requestTimeout"
    ? (given[option] === undefined ? "timeout" : option)
    : oldNames.find((name) => renamed[name] === option)
  return old === undefined || given[old] === undefined ? error : new InvalidOptions({ option: old, value, allowed })
}

/** The options of the pool; throws a `ConnectionPoolCoreError` where one cannot be. */
export const checked = (
  options: ConnectionPoolCoreOptions,
  environment: PoolConfig.PoolOptions = {}
): NodePoolOptions => Either.getOrThrowWith(checkedOrNot(options, environment), Errors.ofTyped)

const checkedOrNot = (
  options: ConnectionPoolCoreOptions,
  environment: PoolConfig.PoolOptions
): Either.Either<NodePoolOptions, InvalidOptions> => {
  // What is no object of options is for the core to refuse.
  if (typeof options !== "object" || options === null) return PoolConfig.resolve(options).pipe(Either.map(() => ({})))
  return Either.mapLeft(
    Either.flatMap(translate(options), (given) => {
      const all = { ...PoolConfig.merge(environment, given as PoolConfig.PoolOptions) }
      const { tls, ...poolOptions } = withOldDefaults(all) as NodePoolOptions
      return Either.map(PoolConfig.resolve(poolOptions), () => ({ ...poolOptions, tls }))
    }),
    underGivenName(options)
  )
}

/**
 * What the environment sets. The variable of `connectTimeout` was that of `timeout`, and is both here: of the whole request too, unless
 * that has a variable of its own. Throws where a variable cannot be.
 */
export const environment = (): PoolConfig.PoolOptions => {
  const found = Either.getOrThrowWith(Effect.runSync(Effect.either(PoolConfig.fromEnvironment)), Errors.ofVariables)
  return { ...found, requestTimeout: found.requestTimeout ?? found.connectTimeout }
}
