import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as fc from "fast-check"
import * as util from "node:util"
import * as PoolConfig from "../src/PoolConfig.js"
import type { InvalidOptions } from "../src/PoolError.js"

/** JavaScript users may pass anything. */
const resolveAny = (options: unknown) => PoolConfig.resolve(options as PoolConfig.PoolOptions)

const settingsOf = (options?: PoolConfig.PoolOptions): PoolConfig.PoolSettings =>
  Either.getOrThrowWith(PoolConfig.resolve(options), (error) => new Error(error.message))

const refused = (options: unknown): InvalidOptions =>
  Either.getOrThrowWith(Either.flip(resolveAny(options)), () => new Error(`not refused: ${util.inspect(options)}`))

const read = (
  provider: ConfigProvider.ConfigProvider,
  config = PoolConfig.fromEnvironment
): Either.Either<PoolConfig.PoolOptions, ConfigError.ConfigError> =>
  Effect.runSync(Effect.either(Effect.withConfigProvider(config, provider)))

const readMap = (variables: Readonly<Record<string, string>>) =>
  read(ConfigProvider.fromMap(new Map(Object.entries(variables))))

const optionsOf = (variables: Readonly<Record<string, string>>): PoolConfig.PoolOptions =>
  Either.getOrThrowWith(readMap(variables), (error) => new Error(String(error)))

const malformed = (variables: Readonly<Record<string, string>>): string =>
  Either.match(readMap(variables), {
    onLeft: String,
    onRight: (options) => {
      throw new Error(`not refused: ${util.inspect(options)}`)
    }
  })

type Scalar = Exclude<keyof PoolConfig.PoolSettings, "warmUp" | "origins">

interface Fact {
  readonly option: Scalar
  readonly variable: string
  readonly fallback?: string
  readonly kind: "boolean" | "count" | "duration" | "scheduling" | "text"
  readonly default: unknown
  readonly none?: true
  readonly zero?: true
  readonly perOrigin?: true
}

/** What DESIGN §6 says, written a second time: the table in `src` is held against it. */
const facts: ReadonlyArray<Fact> = [
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
  { option: "maxMetricOrigins", variable: "HTTP_POOL_MAX_METRIC_ORIGINS", kind: "count", default: 100, zero: true }
]

const names: ReadonlyArray<string> = [...facts.map((fact) => fact.option), "warmUp", "origins"]
const perOrigin = facts.filter((fact) => fact.perOrigin)
const poolWideOnly = facts.filter((fact) => !fact.perOrigin)
const withFallback = facts.filter((fact) => fact.fallback !== undefined)

/** A text for the environment with the setting that it stands for, never the default. */
const sample = (fact: Fact): readonly [text: string, setting: unknown] => {
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

describe("PoolConfig", () => {
  describe("defaults", () => {
    it("a pool that was told nothing has the defaults of DESIGN §6", () => {
      deepStrictEqual(settingsOf(), {
        ...Object.fromEntries(facts.map((fact) => [fact.option, fact.default])),
        warmUp: undefined,
        origins: new Map()
      } as never)
      deepStrictEqual(PoolConfig.defaults, settingsOf({}))
    })

    it("an option that is undefined is as if it were not given", () => {
      deepStrictEqual(
        resolveAny(Object.fromEntries(names.map((name) => [name, undefined]))),
        Either.right(PoolConfig.defaults)
      )
    })

    it("maxIdlePerOrigin is maxConnectionsPerOrigin unless it is given", () => {
      strictEqual(settingsOf({ maxConnectionsPerOrigin: 7 }).maxIdlePerOrigin, 7)
      strictEqual(settingsOf({ maxConnectionsPerOrigin: 7, maxIdlePerOrigin: 0 }).maxIdlePerOrigin, 0)
    })

    it("maxIdlePerOrigin above maxConnectionsPerOrigin is allowed, as Node's users set it", () => {
      strictEqual(settingsOf({ maxConnectionsPerOrigin: 50, maxIdlePerOrigin: 256 }).maxIdlePerOrigin, 256)
    })

    it("maxConnectionsPerOrigin above maxConnections is allowed", () => {
      strictEqual(settingsOf({ maxConnectionsPerOrigin: 50, maxConnections: 10 }).maxConnectionsPerOrigin, 50)
    })
  })

  describe("durations", () => {
    it("take every DurationInput", () => {
      const given: ReadonlyArray<readonly [Duration.DurationInput, number]> = [
        [1500, 1500],
        [1.5, 1.5],
        ["2 seconds", 2000],
        ["0.5 seconds", 500],
        [Duration.minutes(1), 60_000],
        [5_000_000n, 5],
        [[1, 500_000_000], 1500]
      ]
      for (const [input, millis] of given) strictEqual(settingsOf({ connectTimeout: input }).connectTimeout, millis)
    })

    for (const fact of facts.filter((fact) => fact.kind === "duration")) {
      it(`${fact.option} ${fact.none ? "can" : "cannot"} be none and ${fact.zero ? "can" : "cannot"} be 0`, () => {
        for (const none of ["none", Infinity, Duration.infinity, [Infinity, 0]]) {
          const result = Either.map(resolveAny({ [fact.option]: none }), (settings) => settings[fact.option])
          if (fact.none) deepStrictEqual(result, Either.right(Infinity))
          else assertTrue(Either.isLeft(result))
        }
        for (const zero of [0, "0 seconds", Duration.zero, 0n]) {
          const result = Either.map(resolveAny({ [fact.option]: zero }), (settings) => settings[fact.option])
          if (fact.zero) deepStrictEqual(result, Either.right(0))
          else assertTrue(Either.isLeft(result))
        }
      })

      it(`${fact.option} refuses what Duration.decode would make zero or infinite of`, () => {
        const wrong = [NaN, -1, -Infinity, -1n, [NaN, 0], [-1, 0], [0, -1], "-5 seconds", "-0 seconds", "soon", "5000"]
        const huge = ["Infinity seconds", `${"9".repeat(400)} seconds`, 2 ** 60]
        for (const value of [...wrong, ...huge, "", "5s", [1], [1, 2, 3], true, null, {}]) {
          const error = refused({ [fact.option]: value })
          strictEqual(error.option, fact.option)
          assertInclude(error.allowed, "a duration")
          strictEqual(error.allowed.includes("\"none\""), fact.none === true)
        }
      })
    }
  })

  describe("counts and sizes", () => {
    for (const fact of facts.filter((fact) => fact.kind === "count")) {
      it(`${fact.option} is a whole number of at least ${fact.zero ? 0 : 1}${fact.none ? ", or none" : ""}`, () => {
        for (const value of [1, 2, 1_000_000, ...(fact.zero ? [0] : [])]) {
          strictEqual(Either.getOrThrow(resolveAny({ [fact.option]: value }))[fact.option], value)
        }
        for (const none of ["none", Infinity]) {
          const result = Either.map(resolveAny({ [fact.option]: none }), (settings) => settings[fact.option])
          if (fact.none) deepStrictEqual(result, Either.right(Infinity))
          else assertTrue(Either.isLeft(result))
        }
        const wrong = [NaN, -1, 1.5, -Infinity, 2 ** 53, "5", "", 5n, true, null, [], {}, Duration.infinity]
        for (const value of [...wrong, ...(fact.zero ? [] : [0])]) {
          const error = refused({ [fact.option]: value })
          strictEqual(error.option, fact.option)
          assertInclude(error.allowed, fact.zero ? "at least 0" : "at least 1")
        }
      })
    }
  })

  describe("other values", () => {
    it("a boolean is true or false and nothing else", () => {
      strictEqual(settingsOf({ keepAlive: false }).keepAlive, false)
      strictEqual(settingsOf({ noDelay: false }).noDelay, false)
      for (const value of [0, 1, "true", "", null, {}]) {
        strictEqual(refused({ keepAlive: value }).allowed, "true or false")
        strictEqual(refused({ noDelay: value }).option, "noDelay")
      }
    })

    it("scheduling is lifo or fifo", () => {
      strictEqual(settingsOf({ scheduling: "fifo" }).scheduling, "fifo")
      strictEqual(
        refused({ scheduling: "random" }).message,
        "scheduling is \"random\"; allowed: \"lifo\" or \"fifo\""
      )
      strictEqual(refused({ scheduling: "LIFO" }).option, "scheduling")
    })

    it("name is a text that is not blank", () => {
      strictEqual(settingsOf({ name: "billing" }).name, "billing")
      for (const value of ["", "  ", 5, null, ["a"]]) strictEqual(refused({ name: value }).option, "name")
    })

    it("the options themselves are an object", () => {
      for (const value of [null, 5, "x", true, [], new Map(), new Set(), Promise.resolve({}), new Date(), () => ({})]) {
        strictEqual(refused(value).option, "options")
      }
    })

    it("values of Effect are no options, although they look like objects without keys", () => {
      for (const value of [Effect.succeed({}), Option.none(), Option.some({}), Chunk.empty()]) {
        strictEqual(refused(value).option, "options")
      }
    })

    it("options can be an instance of a class", () => {
      class Options {
        readonly maxWaiting = 5
      }
      strictEqual(settingsOf(new Options()).maxWaiting, 5)
    })
  })

  describe("the value in an error", () => {
    it("is printed short, and on one line", () => {
      const shown = (value: unknown): string => refused({ maxWaiting: value }).value
      strictEqual(shown("a\nb"), "\"a\\nb\"")
      strictEqual(shown("x".repeat(1000)).length, 63)
      strictEqual(shown(NaN), "NaN")
      strictEqual(shown(5n), "5n")
      strictEqual(shown(null), "null")
      strictEqual(shown({ a: 1 }), "an object")
      strictEqual(shown([1, 2]), "an array of 2")
      strictEqual(shown(() => 1), "a function")
      strictEqual(shown(Symbol("s")), "a symbol")
      strictEqual(shown(Duration.seconds(5)), "5s")
      strictEqual(shown(new URL("http://u:p@host/key")), "\"http://<redacted>\"")
      strictEqual(shown("http://host/v3/key?token=x"), "\"http://host/<redacted>\"")
    })

    it("is not shown where it is a text and the option unknown: it may be a secret", () => {
      strictEqual(refused({ apiKey: "s3cret" }).value, "<redacted>")
      strictEqual(refused({ apiKey: 5 }).value, "5")
    })

    it("the message names the option, the value and what is allowed", () => {
      strictEqual(
        refused({ headersTimeout: 0 }).message,
        "headersTimeout is 0; allowed: a duration of at least 1 ms, such as 5000 (milliseconds) or \"30 seconds\", " +
          "or \"none\""
      )
      strictEqual(refused({ maxConnections: 0 }).message, "maxConnections is 0; allowed: a whole number of at least 1")
    })

    const secret = fc.stringMatching(/^[A-Za-z0-9]{8,12}$/)
    const separator = fc.constantFrom("", "/", "?", "#", "@", ":", "\\", " ", "\n")
    const scheme = fc.constantFrom("http://", "https://", "ftp://", "ws://", "http:", "//", "", "HTTP:\\\\")

    it("never shows the password of a URL, broken ones included", () => {
      fc.assert(fc.property(secret, separator, scheme, fc.constantFrom("", ":99999999"), (
        password,
        separator,
        scheme,
        port
      ) => {
        const url = `${scheme}user:${separator}${password}@host${port}`
        const errors = [
          refused({ [url]: 1 }),
          refused({ origins: { [url]: { idleTimeout: 0 } } }),
          refused({ origins: { "http://a": { [url]: 0 } } }),
          refused({ warmUp: { origins: [url], connections: 0 } }),
          refused({ warmUp: { origins: url } }),
          refused({ warmUp: url }),
          refused({ connectTimeout: url }),
          refused({ proxy: url })
        ]
        for (const error of errors) {
          for (const text of [error.message, String(error), JSON.stringify(error), util.inspect(error)]) {
            assertTrue(!text.toLowerCase().includes(password.toLowerCase()), text)
          }
        }
      }))
    })

    it("shows scheme and host of a URL that is refused for another reason", () => {
      strictEqual(refused({ origins: { "ftp://host/key": {} } }).value, "\"ftp://host/<redacted>\"")
      strictEqual(refused({ warmUp: { origins: ["ftp://u:p@host"] } }).value, "\"ftp://<redacted>\"")
      strictEqual(refused({ warmUp: { origins: ["localhost:8080"] } }).value, "\"localhost:8080\"")
      strictEqual(
        refused({ origins: { "http://u:p@host/key": { idleTimeout: 0 } } }).option,
        "origins[\"http://host\"].idleTimeout"
      )
    })
  })

  describe("unknown options", () => {
    it("a near miss is told its neighbour", () => {
      strictEqual(refused({ maxIdlePerOrign: 5 }).allowed, "an option that exists; did you mean maxIdlePerOrigin?")
      strictEqual(refused({ keepalive: true }).allowed, "an option that exists; did you mean keepAlive?")
      strictEqual(refused({ origins: { "http://a": { idletimeout: 5 } } }).option, "origins[\"http://a\"].idletimeout")
      assertInclude(refused({ warmUp: { origins: [], require: true } }).allowed, "did you mean required?")
    })

    it("anything else is told what exists", () => {
      const error = refused({ pipelining: 1 })
      strictEqual(error.option, "pipelining")
      for (const name of names) assertInclude(error.allowed, name)
    })

    it("an option whose value is undefined must exist too", () => {
      strictEqual(refused({ pipelining: undefined }).option, "pipelining")
    })

    it("options of later releases are unknown", () => {
      for (const name of ["minIdlePerOrigin", "unreadBodyLimit", "unreadBodyBudget", "decompress", "leakThreshold"]) {
        strictEqual(refused({ [name]: 1 }).option, name)
      }
    })

    it("names that every object has are no options", () => {
      for (const name of ["constructor", "toString", "hasOwnProperty", "valueOf"]) {
        strictEqual(refused({ [name]: 1 }).option, name)
        strictEqual(refused({ origins: { "http://a": { [name]: 1 } } }).option, `origins["http://a"].${name}`)
      }
      strictEqual(refused(JSON.parse("{\"__proto__\": {\"maxWaiting\": 5}}")).option, "__proto__")
    })

    const mutated = fc.tuple(fc.constantFrom(...names), fc.nat(), fc.string({ maxLength: 2 }), fc.nat({ max: 2 })).map(
      ([name, at, inserted, removed]) => {
        const index = at % (name.length + 1)
        return name.slice(0, index) + inserted + name.slice(index + removed)
      }
    ).filter((name) => !names.includes(name))

    it("any mutation of a name is refused", () => {
      fc.assert(fc.property(mutated, (name) => {
        const error = refused({ [name]: 5 })
        assertInclude(error.message, "is 5; allowed: an option that exists")
      }))
    })
  })

  describe("origins", () => {
    it("an origin has the pool's values, and its own where it was given some", () => {
      const settings = settingsOf({
        connectTimeout: 1000,
        origins: { "http://a": { requestTimeout: "5 seconds", maxLifetime: "none", idleTimeout: undefined } }
      })
      const own = PoolConfig.originSettings(settings, "http://a")
      deepStrictEqual(own, {
        ...Object.fromEntries(perOrigin.map((fact) => [fact.option, settings[fact.option]])),
        requestTimeout: 5000,
        maxLifetime: Infinity
      } as never)
      strictEqual(PoolConfig.originSettings(settings, "http://b").requestTimeout, Infinity)
      strictEqual(PoolConfig.originSettings(settings, "http://b").connectTimeout, 1000)
    })

    for (const fact of perOrigin) {
      it(`${fact.option} can be given for one origin`, () => {
        const settings = settingsOf({ origins: { "http://a": { [fact.option]: 17 } } })
        strictEqual(PoolConfig.originSettings(settings, "http://a")[fact.option as never], 17)
        strictEqual(PoolConfig.originSettings(settings, "http://b")[fact.option as never], fact.default)
        const error = refused({ origins: { "http://a": { [fact.option]: -1 } } })
        strictEqual(error.option, `origins["http://a"].${fact.option}`)
      })
    }

    it("what makes no sense for one origin is refused there", () => {
      for (const name of [...poolWideOnly.map((fact) => fact.option), "origins", "warmUp"]) {
        const error = refused({ origins: { "http://a": { [name]: 5 } } })
        strictEqual(error.option, `origins["http://a"].${name}`)
        assertTrue(!error.allowed.includes("did you mean"), error.allowed)
      }
      assertInclude(refused({ origins: { "http://a": { keepAlive: true } } }).allowed, "whole pool only")
    })

    it("an origin's maxIdlePerOrigin follows its maxConnectionsPerOrigin, unless it or the pool says otherwise", () => {
      const idle = (options: PoolConfig.PoolOptions) =>
        PoolConfig.originSettings(settingsOf(options), "http://a").maxIdlePerOrigin
      const origin = (options: PoolConfig.OriginOptions) => ({ origins: { "http://a": options } })
      strictEqual(idle({ ...origin({ maxConnectionsPerOrigin: 90 }) }), 90)
      strictEqual(idle({ maxConnectionsPerOrigin: 7, ...origin({}) }), 7)
      strictEqual(idle({ maxIdlePerOrigin: 3, ...origin({ maxConnectionsPerOrigin: 90 }) }), 3)
      strictEqual(idle({ maxIdlePerOrigin: 3, ...origin({ maxConnectionsPerOrigin: 90, maxIdlePerOrigin: 8 }) }), 8)
      strictEqual(idle({ maxIdlePerOrigin: undefined, ...origin({ maxConnectionsPerOrigin: 90 }) }), 90)
    })

    it("the key is any URL of the origin", () => {
      const { origins } = settingsOf({
        origins: { "HTTP://Example.com:80/a?b#c": {}, "https://u:p@[::1]:8443": {}, "http://c": undefined }
      })
      deepStrictEqual([...origins.keys()], ["http://example.com", "https://[::1]:8443", "http://c"])
    })

    it("an origin is given once", () => {
      const error = refused({ origins: { "http://a/x": {}, "http://a:80": {} } })
      strictEqual(error.message, "origins[\"http://a\"] is given twice; allowed: each origin once")
    })

    it("a key that is no http or https URL is refused, and so is a value that is no object", () => {
      for (const key of ["a", "", "ftp://a", "http://", "localhost:8080", "__proto__x"]) {
        const error = refused({ origins: { [key]: {} } })
        strictEqual(error.option, `origins["${key}"]`)
        assertInclude(error.allowed, "an http or https URL")
      }
      for (const value of [null, 5, "x", []]) {
        strictEqual(refused({ origins: { "http://a": value } }).option, "origins[\"http://a\"]")
        strictEqual(refused({ origins: value }).option, "origins")
      }
      strictEqual(refused({ origins: new Map([["http://a", {}]]) }).option, "origins")
    })
  })

  describe("warmUp", () => {
    const warmUp = (options: PoolConfig.WarmUpOptions, rest: PoolConfig.PoolOptions = {}) =>
      settingsOf({ ...rest, warmUp: options }).warmUp

    it("opens one connection to each origin, and need not succeed, unless told otherwise", () => {
      const resolved = warmUp({ origins: ["http://a/x", new URL("https://b:8443/y")] })
      deepStrictEqual(resolved?.origins.map((origin) => origin.href), ["http://a", "https://b:8443"])
      strictEqual(resolved?.connections, 1)
      strictEqual(resolved?.required, false)
      deepStrictEqual(warmUp({ origins: [], connections: 5, required: true }), {
        origins: [],
        connections: 5,
        required: true
      })
    })

    it("counts an origin once", () => {
      strictEqual(warmUp({ origins: new Set(["http://a", "http://a:80/x", "HTTP://A"]) })?.origins.length, 1)
    })

    it("refuses what can be read only once: a layer that is built again would warm nothing", () => {
      const origins = function*() {
        yield "http://a"
      }
      strictEqual(refused({ warmUp: { origins: origins() } }).option, "warmUp.origins")
      strictEqual(refused({ warmUp: { origins: ["http://a"].values() } }).option, "warmUp.origins")
    })

    it("refuses what is no list of URLs", () => {
      for (const origins of [undefined, null, "http://a", 5, {}, new URL("http://a")]) {
        strictEqual(refused({ warmUp: { origins } }).option, "warmUp.origins")
      }
      for (const url of ["a", "ftp://a", undefined, null, 5, {}]) {
        const error = refused({ warmUp: { origins: ["http://a", url] } })
        strictEqual(error.option, "warmUp.origins[1]")
        assertInclude(error.allowed, "an http or https URL")
      }
      for (const value of [null, [], "http://a", true]) strictEqual(refused({ warmUp: value }).option, "warmUp")
    })

    it("refuses more connections than the limits leave", () => {
      const refusedOn = (connections: unknown, rest: PoolConfig.PoolOptions, origins = ["http://a", "http://b"]) =>
        refused({ ...rest, warmUp: { origins, connections } }).message
      strictEqual(
        refusedOn(6, { maxConnectionsPerOrigin: 5 }),
        "warmUp.connections is 6; allowed: at most the maxConnectionsPerOrigin of http://a, which is 5"
      )
      strictEqual(
        refusedOn(6, { origins: { "http://b": { maxConnectionsPerOrigin: 5 } } }),
        "warmUp.connections is 6; allowed: at most the maxConnectionsPerOrigin of http://b, which is 5"
      )
      strictEqual(
        refusedOn(6, { maxIdlePerOrigin: 5 }),
        "warmUp.connections is 6; allowed: at most the maxIdlePerOrigin of http://a, which is 5"
      )
      strictEqual(
        refusedOn(6, { maxConnections: 11 }),
        "warmUp.connections is 6; allowed: at most maxConnections, 11, over all 2 origins"
      )
      strictEqual(warmUp({ origins: ["http://a", "http://b"], connections: 6 }, { maxConnections: 12 })?.connections, 6)
      strictEqual(warmUp({ origins: ["http://a"], connections: 50 })?.connections, 50)
    })

    it("refuses connections and required of a wrong type", () => {
      for (const connections of [0, -1, 1.5, NaN, Infinity, "1", "none", null]) {
        strictEqual(refused({ warmUp: { origins: [], connections } }).option, "warmUp.connections")
      }
      for (const required of [0, 1, "true", null]) {
        strictEqual(refused({ warmUp: { origins: [], required } }).option, "warmUp.required")
      }
    })
  })

  describe("the environment", () => {
    it("that is empty sets nothing", () => {
      deepStrictEqual(optionsOf({}), {})
    })

    it("sets only what is set", () => {
      deepStrictEqual(optionsOf({ MAX_SOCKETS: "20", HTTP_POOL_IDLE_TIMEOUT: "20 seconds", PATH: "/bin" }), {
        maxConnectionsPerOrigin: 20,
        idleTimeout: "20 seconds"
      })
    })

    it("sets every option that has a variable, all at once", () => {
      const options = optionsOf(Object.fromEntries(facts.map((fact) => [fact.variable, sample(fact)[0]])))
      const settings = settingsOf(options)
      for (const fact of facts) strictEqual(settings[fact.option], sample(fact)[1])
    })

    for (const fact of facts) {
      const [text, setting] = sample(fact)
      const only = (variables: Readonly<Record<string, string>>) => {
        const options = optionsOf(variables)
        deepStrictEqual(Object.keys(options), [fact.option])
        return settingsOf(options)[fact.option]
      }

      it(`${fact.variable} sets ${fact.option}`, () => {
        strictEqual(only({ [fact.variable]: text }), setting)
        strictEqual(only({ [fact.variable]: `  ${text}\t` }), setting)
      })

      it(`${fact.variable}, empty or blank, is unset`, () => {
        for (const blank of ["", " ", "\t\n"]) deepStrictEqual(optionsOf({ [fact.variable]: blank }), {})
      })

      it(`${fact.variable} ${fact.none ? "can" : "cannot"} be none`, () => {
        if (fact.kind === "text") return strictEqual(only({ [fact.variable]: "none" }), "none")
        if (fact.none) {
          for (const none of ["none", "NONE"]) strictEqual(only({ [fact.variable]: none }), Infinity)
        } else {
          assertInclude(malformed({ [fact.variable]: "none" }), fact.variable)
        }
      })

      if (fact.kind !== "text") {
        it(`${fact.variable} that cannot be is an error that names it, its value and what is allowed`, () => {
          const wrong = ["maybe", "-1", "1.5", "1e3", "0x10", "1_000", "1,000", "NaN", "Infinity", "5 5", "\"5\""]
          const others = fact.kind === "boolean" ? ["2"] : fact.zero ? [] : ["0"]
          const valid = fact.fallback === undefined ? {} : { [fact.fallback]: text }
          for (const text of [...wrong, ...others, "9".repeat(400)]) {
            const message = malformed({ ...valid, [fact.variable]: text })
            const shown = JSON.stringify(text.slice(0, 60)).slice(0, -1)
            assertInclude(message, `Invalid data at ${fact.variable}: "${fact.variable} is ${shown}`)
            assertInclude(message, "; allowed: ")
          }
        })
      }
    }

    for (const fact of withFallback) {
      const { fallback = "", option, variable } = fact
      const [text, setting] = sample(fact)

      it(`${fallback} sets ${option} when ${variable} is unset or empty`, () => {
        strictEqual(settingsOf(optionsOf({ [fallback]: text }))[option], setting)
        strictEqual(settingsOf(optionsOf({ [fallback]: text, [variable]: "" }))[option], setting)
        strictEqual(settingsOf(optionsOf({ [fallback]: text, [variable]: "  " }))[option], setting)
      })

      it(`${fallback} is not looked at when ${variable} is set`, () => {
        const first = fact.kind === "boolean" ? "true" : "99"
        strictEqual(settingsOf(optionsOf({ [variable]: first, [fallback]: text }))[option], JSON.parse(first))
        strictEqual(settingsOf(optionsOf({ [variable]: text, [fallback]: "rubbish" }))[option], setting)
      })

      it(`${fallback} that is malformed is named itself`, () => {
        assertInclude(malformed({ [fallback]: "rubbish" }), `Invalid data at ${fallback}: "${fallback} is "rubbish"`)
      })
    }

    it("has exactly these fall-backs", () => {
      deepStrictEqual(withFallback.map((fact) => fact.fallback), [
        "RPC_KEEP_ALIVE_ENABLED",
        "MAX_CONCURRENT",
        "RPC_TIMEOUT"
      ])
    })

    it("a duration is a whole number of milliseconds or a text of Effect", () => {
      const millis = (text: string) => settingsOf(optionsOf({ CONNECTION_TIMEOUT: text })).connectTimeout
      strictEqual(millis("5000"), 5000)
      strictEqual(millis("30 seconds"), 30_000)
      strictEqual(millis("0.5 seconds"), 500)
      strictEqual(millis("1 minute"), 60_000)
    })

    it("a boolean is true, false, 1, 0, yes, no, on or off, in any case", () => {
      for (const text of ["true", "1", "yes", "on", "TRUE", "Yes", "ON"]) {
        deepStrictEqual(optionsOf({ TCP_NO_DELAY: text }), { noDelay: true })
      }
      for (const text of ["false", "0", "no", "off", "False", "NO", "oFF"]) {
        deepStrictEqual(optionsOf({ TCP_NO_DELAY: text }), { noDelay: false })
      }
    })

    it("scheduling is read in any case", () => {
      deepStrictEqual(optionsOf({ SOCKET_SCHEDULING: "FIFO" }), { scheduling: "fifo" })
      deepStrictEqual(optionsOf({ SOCKET_SCHEDULING: "Lifo" }), { scheduling: "lifo" })
    })

    it("a name keeps its case and its commas", () => {
      deepStrictEqual(optionsOf({ HTTP_POOL_NAME: " Billing, EU " }), { name: "Billing, EU" })
    })

    it("all malformed variables are named at once", () => {
      const message = malformed({ MAX_SOCKETS: "0", HTTP_POOL_IDLE_TIMEOUT: "soon", TCP_NO_DELAY: "true" })
      assertInclude(message, "MAX_SOCKETS is \"0\"; allowed: a whole number of at least 1")
      assertInclude(message, "HTTP_POOL_IDLE_TIMEOUT is \"soon\"; allowed: a duration of at least 1 ms")
      assertTrue(!message.includes("TCP_NO_DELAY"))
    })

    it("a malformed value shows no password", () => {
      assertTrue(!malformed({ MAX_SOCKETS: "http://user:pass@host" }).includes("pass@"))
    })

    it("can be read through process.env, a map, a nested provider, a nested config, and JSON", () => {
      process.env.MAX_SOCKETS = "21"
      process.env.HTTP_POOL_MAX_LIFETIME = "none"
      try {
        const expected = Either.right({ maxConnectionsPerOrigin: 21, maxLifetime: "none" } as const)
        deepStrictEqual(read(ConfigProvider.fromEnv()), expected)
      } finally {
        delete process.env.MAX_SOCKETS
        delete process.env.HTTP_POOL_MAX_LIFETIME
      }
      const map = ConfigProvider.fromMap(new Map([["APP.MAX_SOCKETS", "21"]]))
      deepStrictEqual(read(ConfigProvider.nested(map, "APP")), Either.right({ maxConnectionsPerOrigin: 21 }))
      const nested = Config.nested(PoolConfig.fromEnvironment, "APP")
      deepStrictEqual(read(map, nested), Either.right({ maxConnectionsPerOrigin: 21 }))
      const error = Either.flip(read(ConfigProvider.fromMap(new Map([["APP.MAX_SOCKETS", "x"]])), nested))
      assertInclude(String(Either.getOrThrow(error)), "Invalid data at APP.MAX_SOCKETS")
      deepStrictEqual(read(ConfigProvider.fromJson({ MAX_SOCKETS: 21 })), Either.right({ maxConnectionsPerOrigin: 21 }))
    })

    const fact = fc.constantFrom(...facts)

    it("every valid value comes back from the environment", () => {
      fc.assert(fc.property(fact, fc.integer({ min: 1, max: 2 ** 30 }), fc.boolean(), (fact, number, flag) => {
        const value = {
          boolean: flag,
          count: number,
          duration: number,
          scheduling: flag ? "lifo" : "fifo",
          text: `pool ${number}`
        }[fact.kind]
        const given = { [fact.option]: value } as PoolConfig.PoolOptions
        deepStrictEqual(settingsOf(optionsOf({ [fact.variable]: String(value) })), settingsOf(given))
      }))
    })

    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom("0", "1", "9", "-", "+", ".", "e", " ", "x") }),
      fc.tuple(fc.double(), fc.constantFrom("", " ", "  "), fc.constantFrom("seconds", "millis", "s", "weeks"))
        .map((parts) => parts.join(""))
    ).filter((text) => text.trim() !== "")

    it("a text is an error that names the variable, or an option that can be: never silently the default", () => {
      const property = fc.property(fact, text, (fact, text) => {
        Either.match(readMap({ [fact.variable]: text }), {
          onLeft: (error) => assertInclude(String(error), `${fact.variable} is `),
          onRight: (options) => {
            deepStrictEqual(Object.keys(options), [fact.option])
            assertTrue(Either.isRight(PoolConfig.resolve(options)))
          }
        })
      })
      fc.assert(property, { numRuns: 1000 })
    })
  })

  describe("merge", () => {
    it("overrides what the environment set", () => {
      deepStrictEqual(
        PoolConfig.merge({ maxWaiting: 5, name: "a" }, { maxWaiting: 6, noDelay: false }),
        { maxWaiting: 6, name: "a", noDelay: false }
      )
    })

    it("an override that is undefined erases nothing", () => {
      deepStrictEqual(PoolConfig.merge({ maxWaiting: 5 }, { maxWaiting: undefined }), { maxWaiting: 5 })
    })

    it("hands on what resolve will refuse", () => {
      for (const overrides of [null, 5, "x", []]) {
        strictEqual(refused(PoolConfig.merge({ maxWaiting: 5 }, overrides as never)).option, "options")
      }
      strictEqual(refused(PoolConfig.merge({}, { pipelining: 1 } as never)).option, "pipelining")
    })
  })
})
