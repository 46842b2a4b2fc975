/**
 * The table of options, and how options become settings. Whatever is said about an option is said here once: its kind,
 * its default, its variable; `PoolConfig` holds the types and the prose.
 */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Origin from "../Origin.js"
import type { OriginSettings, PoolOptions, PoolSettings, WarmUpSettings } from "../PoolConfig.js"
import { InvalidOptions } from "../PoolError.js"
import * as Kind from "./optionKind.js"
import { memberPath, printUnknown, printUrl, printValue } from "./printValue.js"

/**
 * One option: `default` as a user would write it, `sameAs` the option whose value is the default.
 *
 * @internal
 */
export interface Row<Name extends TableOption = TableOption> {
  readonly kind: Kind.Kind<PoolSettings[Name]>
  readonly default: PoolOptions[Name]
  readonly sameAs?: TableOption
  readonly variable: string
  readonly fallback?: string
  readonly perOrigin?: boolean
}

/**
 * The options that have one plain value, and a variable of the environment.
 *
 * @internal
 */
export type TableOption = Exclude<keyof PoolSettings, "origins" | "warmUp">

type Table = {
  readonly [Name in TableOption]:
    & Row<Name>
    & (Name extends keyof OriginSettings ? { readonly perOrigin: true } : { readonly perOrigin?: never })
}

const duration = Kind.duration({ min: 1 })
const durationOrNone = Kind.duration({ min: 1, none: true })

/**
 * @internal
 */
export const table: Table = {
  keepAlive: {
    kind: Kind.boolean,
    default: true,
    variable: "KEEP_ALIVE_ENABLED",
    fallback: "RPC_KEEP_ALIVE_ENABLED"
  },
  tcpKeepAliveDelay: { kind: duration, default: "1 second", variable: "KEEP_ALIVE_MSECS" },
  maxConnectionsPerOrigin: {
    kind: Kind.count({ min: 1 }),
    default: 50,
    variable: "MAX_SOCKETS",
    fallback: "MAX_CONCURRENT",
    perOrigin: true
  },
  maxIdlePerOrigin: {
    kind: Kind.count({ min: 0 }),
    default: undefined,
    sameAs: "maxConnectionsPerOrigin",
    variable: "MAX_FREE_SOCKETS",
    perOrigin: true
  },
  minIdlePerOrigin: {
    kind: Kind.count({ min: 0 }),
    default: 0,
    variable: "HTTP_POOL_MIN_IDLE_PER_ORIGIN",
    perOrigin: true
  },
  connectTimeout: {
    kind: duration,
    default: "3 seconds",
    variable: "CONNECTION_TIMEOUT",
    fallback: "RPC_TIMEOUT",
    perOrigin: true
  },
  scheduling: { kind: Kind.oneOf("lifo", "fifo"), default: "lifo", variable: "SOCKET_SCHEDULING" },
  noDelay: { kind: Kind.boolean, default: true, variable: "TCP_NO_DELAY" },
  maxResponseSize: {
    kind: Kind.bytes({ min: 1, none: true }),
    default: 10 * 1024 * 1024,
    variable: "RESPONSE_SIZE_LIMIT",
    perOrigin: true
  },
  housekeepingInterval: { kind: duration, default: "60 seconds", variable: "CLEANUP_PERIOD_MS" },
  name: { kind: Kind.text, default: "default", variable: "HTTP_POOL_NAME" },
  maxConnections: { kind: Kind.count({ min: 1 }), default: 1024, variable: "HTTP_POOL_MAX_CONNECTIONS" },
  maxWaiting: { kind: Kind.count({ min: 1 }), default: 10_000, variable: "HTTP_POOL_MAX_WAITING" },
  acquireTimeout: {
    kind: durationOrNone,
    default: "30 seconds",
    variable: "HTTP_POOL_ACQUIRE_TIMEOUT",
    perOrigin: true
  },
  requestTimeout: {
    kind: durationOrNone,
    default: "none",
    variable: "HTTP_POOL_REQUEST_TIMEOUT",
    perOrigin: true
  },
  headersTimeout: {
    kind: durationOrNone,
    default: "5 minutes",
    variable: "HTTP_POOL_HEADERS_TIMEOUT",
    perOrigin: true
  },
  bodyTimeout: {
    kind: durationOrNone,
    default: "5 minutes",
    variable: "HTTP_POOL_BODY_TIMEOUT",
    perOrigin: true
  },
  idleTimeout: {
    kind: durationOrNone,
    default: "30 seconds",
    variable: "HTTP_POOL_IDLE_TIMEOUT",
    perOrigin: true
  },
  maxLifetime: {
    kind: durationOrNone,
    default: "10 minutes",
    variable: "HTTP_POOL_MAX_LIFETIME",
    perOrigin: true
  },
  maxRequestsPerConnection: {
    kind: Kind.count({ min: 1, none: true }),
    default: "none",
    variable: "HTTP_POOL_MAX_REQUESTS_PER_CONNECTION",
    perOrigin: true
  },
  drainTimeout: { kind: Kind.duration({ min: 0 }), default: "5 seconds", variable: "HTTP_POOL_DRAIN_TIMEOUT" },
  maxHeaderSize: { kind: Kind.bytes({ min: 1 }), default: 16 * 1024, variable: "HTTP_POOL_MAX_HEADER_SIZE" },
  unreadBodyLimit: {
    kind: Kind.bytes({ min: 0 }),
    default: 2 * 1024 * 1024,
    variable: "HTTP_POOL_UNREAD_BODY_LIMIT"
  },
  unreadBodyBudget: {
    kind: Kind.bytes({ min: 0 }),
    default: 32 * 1024 * 1024,
    variable: "HTTP_POOL_UNREAD_BODY_BUDGET"
  },
  leakThreshold: { kind: durationOrNone, default: "60 seconds", variable: "HTTP_POOL_LEAK_THRESHOLD" },
  saturationThreshold: {
    kind: durationOrNone,
    default: "10 seconds",
    variable: "HTTP_POOL_SATURATION_THRESHOLD"
  },
  decompress: { kind: Kind.boolean, default: false, variable: "HTTP_POOL_DECOMPRESS" },
  maxMetricOrigins: { kind: Kind.count({ min: 0 }), default: 100, variable: "HTTP_POOL_MAX_METRIC_ORIGINS" },
  metricOriginTags: { kind: Kind.boolean, default: true, variable: "HTTP_POOL_METRIC_ORIGIN_TAGS" }
}

/**
 * @internal
 */
export const tableOptions = Object.keys(table) as ReadonlyArray<TableOption>
const originOptions = tableOptions.filter((option) => table[option].perOrigin)
const poolOptions = [...tableOptions, "warmUp", "origins"]
const warmUpOptions = ["origins", "connections", "required"]

/**
 * @internal
 */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  Object.prototype.toString.call(value) === "[object Object]" && !(Symbol.iterator in Object(value))

const invalid = (option: string, value: string, allowed: string): Either.Either<never, InvalidOptions> =>
  Either.left(new InvalidOptions({ option, value, allowed }))

/** How many letters to insert, remove or replace. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const whatExists = (name: string, known: ReadonlyArray<string>): string => {
  const near = known.find((option) => editDistance(option.toLowerCase(), name.slice(0, 100).toLowerCase()) <= 2)
  if (near !== undefined) return `an option that exists; did you mean ${near}?`
  const elsewhere = poolOptions.includes(name) ? "an option of the whole pool only; here are" : "an option that exists:"
  return `${elsewhere} ${known.join(", ")}`
}

/** An object with no other keys than these. */
const record = (
  path: string,
  value: unknown,
  known: ReadonlyArray<string>
): Either.Either<Readonly<Record<string, unknown>>, InvalidOptions> => {
  if (!isRecord(value)) return invalid(path === "" ? "options" : path, printUnknown(value), "an object of options")
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  return unknown === undefined
    ? Either.right(value)
    : invalid(memberPath(path, unknown), printUnknown(value[unknown]), whatExists(unknown, known))
}

const checked = <A>(path: string, value: unknown, kind: Kind.Kind<A>): Either.Either<A, InvalidOptions> => {
  const setting = kind.decode(value)
  return setting === undefined ? invalid(path, printValue(value), kind.allowed) : Either.right(setting)
}

/** The settings of some rows of the table; `inherit` gives the value of a row that is not `sameAs` another. */
const tableSettings = (
  path: string,
  names: ReadonlyArray<TableOption>,
  given: Readonly<Record<string, unknown>>,
  inherit: (name: TableOption) => unknown
): Either.Either<Record<string, unknown>, InvalidOptions> =>
  Either.gen(function*() {
    const settings: Record<string, unknown> = {}
    for (const name of names) {
      const row: Row = table[name]
      const value = given[name]
      settings[name] = value === undefined
        ? inherit(name) ?? settings[row.sameAs ?? ""]
        : yield* checked(memberPath(path, name), value, row.kind)
    }
    return settings
  })

const parseOrigin = (path: string, url: unknown): Either.Either<Origin.Origin, InvalidOptions> =>
  Either.orElse(
    Origin.parse(url as string | URL),
    () =>
      invalid(
        path,
        typeof url === "string" ? printUrl(url) : printValue(url),
        "an http or https URL, such as http://10.0.0.1:8545"
      )
  )

const resolveOrigins = (
  value: unknown,
  inherit: (name: TableOption) => unknown
): Either.Either<ReadonlyMap<string, OriginSettings>, InvalidOptions> =>
  Either.gen(function*() {
    const origins = new Map<string, OriginSettings>()
    if (value === undefined) return origins
    if (!isRecord(value)) return yield* invalid("origins", printUnknown(value), "an object of options by origin")
    for (const [url, given] of Object.entries(value)) {
      const origin = yield* parseOrigin(`origins[${printUrl(url)}]`, url)
      const path = `origins[${printUrl(origin.href)}]`
      if (origins.has(origin.href)) return yield* invalid(path, "given twice", "each origin once")
      const options = yield* record(path, given === undefined ? {} : given, originOptions)
      const settings = yield* tableSettings(path, originOptions, options, inherit)
      origins.set(origin.href, settings as unknown as OriginSettings)
    }
    return origins
  })

const resolveWarmUp = (
  value: unknown,
  settings: Omit<PoolSettings, "warmUp">
): Either.Either<WarmUpSettings | undefined, InvalidOptions> =>
  Either.gen(function*() {
    if (value === undefined) return undefined
    const given = yield* record("warmUp", value, warmUpOptions)
    const urls = given.origins
    if (typeof urls !== "object" || urls === null || !isRepeatable(urls)) {
      return yield* invalid("warmUp.origins", printValue(urls), "an array, or a set, of http or https URLs")
    }
    const origins = new Map<string, Origin.Origin>()
    let index = 0
    for (const url of urls) {
      const origin = yield* parseOrigin(`warmUp.origins[${index++}]`, url)
      origins.set(origin.href, origin)
    }
    const path = "warmUp.connections"
    const connections = given.connections === undefined
      ? 1
      : yield* checked(path, given.connections, Kind.count({ min: 1 }))
    for (const href of origins.keys()) {
      yield* canBeIdle(path, connections, originSettings(settings, href), ` of ${href}`)
    }
    if (connections * origins.size > settings.maxConnections) {
      const allowed = `at most maxConnections, ${settings.maxConnections}, over all ${origins.size} origins`
      return yield* invalid(path, printValue(connections), allowed)
    }
    const required = given.required === undefined
      ? false
      : yield* checked("warmUp.required", given.required, Kind.boolean)
    return { origins: [...origins.values()], connections, required }
  })

/** So many idle connections are within the limits `of` an origin. */
const canBeIdle = (
  path: string,
  connections: number,
  limits: OriginSettings,
  of: string
): Either.Either<void, InvalidOptions> => {
  const limit = limits.maxIdlePerOrigin < limits.maxConnectionsPerOrigin
    ? "maxIdlePerOrigin"
    : "maxConnectionsPerOrigin"
  return connections <= limits[limit]
    ? Either.void
    : invalid(path, printValue(connections), `at most the ${limit}${of}, which is ${limits[limit]}`)
}

/** Options are resolved each time a layer is built: what can be read only once would be empty the second time. */
const isRepeatable = (value: object): value is Iterable<unknown> =>
  Predicate.isIterable(value) && !Object.is(value[Symbol.iterator](), value)

/**
 * @internal
 */
export const resolve = (options: PoolOptions = {}): Either.Either<PoolSettings, InvalidOptions> =>
  Either.gen(function*() {
    const given = yield* record("", options, poolOptions)
    const byDefault = (name: TableOption) => table[name].kind.decode(table[name].default)
    const poolWide = yield* tableSettings("", tableOptions, given, byDefault)
    const origins = yield* resolveOrigins(given.origins, (name) => {
      const followsAnother = table[name].sameAs !== undefined && given[name] === undefined
      return followsAnother ? undefined : poolWide[name]
    })
    // `Table` has a row of the right kind for every field but the last two.
    const settings = { ...poolWide, origins } as unknown as Omit<PoolSettings, "warmUp">
    yield* canBeIdle("minIdlePerOrigin", settings.minIdlePerOrigin, settings, "")
    for (const [href, one] of settings.origins) {
      yield* canBeIdle(memberPath("origins", href) + ".minIdlePerOrigin", one.minIdlePerOrigin, one, ` of ${href}`)
    }
    return { ...settings, warmUp: yield* resolveWarmUp(given.warmUp, settings) }
  })

/**
 * @internal
 */
export const originSettings = (
  settings: OriginSettings & Pick<PoolSettings, "origins">,
  originHref: string
): OriginSettings => settings.origins.get(originHref) ?? settings
