import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import * as PoolConfig from "../src/PoolConfig.js"
import { facts, malformed, optionsOf, read, readMap, sample, settingsOf, withFallback } from "./support/poolOptions.js"

describe("PoolConfig", () => {
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
          count: Math.min(number, fact.most ?? Infinity),
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
            const roomy = { maxConnectionsPerOrigin: Number.MAX_SAFE_INTEGER, ...options }
            assertTrue(Either.isRight(PoolConfig.resolve(roomy)))
          }
        })
      })
      fc.assert(property, { numRuns: 1000 })
    })
  })
})
