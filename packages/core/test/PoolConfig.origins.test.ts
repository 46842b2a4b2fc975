import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as PoolConfig from "../src/PoolConfig.js"
import { perOrigin, poolWideOnly, refused, settingsOf } from "./support/poolOptions.js"

describe("PoolConfig", () => {
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
})
