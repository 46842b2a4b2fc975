import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as fc from "fast-check"
import * as util from "node:util"
import * as PoolConfig from "../src/PoolConfig.js"
import { facts, names, refused, resolveAny, settingsOf } from "./support/poolOptions.js"

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

    it("minIdlePerOrigin is at most what can be idle, of the pool and of each origin", () => {
      strictEqual(settingsOf({ minIdlePerOrigin: 5, maxIdlePerOrigin: 5 }).minIdlePerOrigin, 5)
      strictEqual(
        refused({ minIdlePerOrigin: 6, maxIdlePerOrigin: 5 }).message,
        "minIdlePerOrigin is 6; allowed: at most the maxIdlePerOrigin, which is 5"
      )
      strictEqual(
        refused({ minIdlePerOrigin: 51, maxIdlePerOrigin: 256 }).allowed,
        "at most the maxConnectionsPerOrigin, which is 50"
      )
      const error = refused({ minIdlePerOrigin: 2, origins: { "http://a": { maxConnectionsPerOrigin: 1 } } })
      strictEqual(
        error.message,
        `origins["http://a"].minIdlePerOrigin is 2; allowed: at most the maxConnectionsPerOrigin of http://a, which is 1`
      )
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
        for (const value of [1, 2, fact.most ?? 1_000_000, ...(fact.zero ? [0] : [])]) {
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
