import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as util from "node:util"
import type { Progress } from "../src/Connection.js"
import * as Origin from "../src/Origin.js"
import * as PoolError from "../src/PoolError.js"

const origin = "http://a:8080"
const stats: PoolError.PoolCounts = { connecting: 1, active: 2, idle: 3, waiting: 4, limit: 5 }
const cause = new Error("the reason")

type Fields = { readonly origin?: string; readonly progress?: Progress; readonly cause?: unknown }

/** One of each tag. What does not fit its type (a progress it cannot have) is cast: the guards must cope with it. */
const make: Readonly<Record<PoolError.PoolError["_tag"], (fields?: Fields) => PoolError.PoolError>> = {
  InvalidRequest: (fields) =>
    new PoolError.InvalidRequest({
      origin,
      progress: "not-sent",
      field: "headers.x-a",
      description: "holds a line break",
      ...fields
    }),
  QueueFull: (fields) =>
    new PoolError.QueueFull({ origin, progress: "not-sent", maxWaiting: 10, stats, ...(fields as object) }),
  AcquireTimeout: (fields) =>
    new PoolError.AcquireTimeout({ origin, progress: "not-sent", waited: 1000.4, stats, ...(fields as object) }),
  ConnectTimeout: (fields) =>
    new PoolError.ConnectTimeout({ origin, progress: "not-sent", timeout: 3000, ...(fields as object) }),
  ConnectFailed: (fields) =>
    new PoolError.ConnectFailed({ origin, progress: "not-sent", reason: "Refused", ...(fields as object) }),
  RequestTimeout: (fields) =>
    new PoolError.RequestTimeout({
      origin,
      progress: "maybe-sent",
      phase: "headers",
      option: "headersTimeout",
      timeout: 500,
      ...fields
    }),
  ResponseTooLarge: (fields) =>
    new PoolError.ResponseTooLarge({
      origin,
      progress: "response-started",
      limit: 10,
      received: 11,
      declared: true,
      ...(fields as object)
    }),
  ConnectionLost: (fields) =>
    new PoolError.ConnectionLost({
      origin,
      progress: "maybe-sent",
      reason: "reset",
      reused: true,
      bytesReceived: 7,
      ...fields
    }),
  RequestBodyFailed: (fields) =>
    new PoolError.RequestBodyFailed({ origin, progress: "maybe-sent", cause: undefined, ...fields }),
  ProtocolError: (fields) =>
    new PoolError.ProtocolError({
      origin,
      progress: "response-started",
      reason: "HeaderOverflow",
      description: "more than 16384 bytes outside the body",
      ...(fields as object)
    }),
  PoolClosed: (fields) => new PoolError.PoolClosed({ origin, progress: "not-sent", ...fields })
}

const tags = Object.keys(make) as ReadonlyArray<keyof typeof make>
const progresses: ReadonlyArray<Progress> = ["not-sent", "maybe-sent", "response-started"]

const withCause: ReadonlyArray<keyof typeof make> = [
  "AcquireTimeout",
  "ConnectFailed",
  "ConnectionLost",
  "RequestBodyFailed"
]

const invalidOptions = new PoolError.InvalidOptions({
  option: "origins[\"http://a\"].idleTimeout",
  value: "-1",
  allowed: "a duration"
})

describe("PoolError", () => {
  describe("messages", () => {
    const counts = "active 2, idle 3, connecting 1, waiting 4, limit 5"

    it("say where, what, and what to change", () => {
      const texts = Object.fromEntries(tags.map((tag) => [tag, make[tag]().message]))
      deepStrictEqual(texts, {
        InvalidRequest: "headers.x-a holds a line break",
        QueueFull: `10 requests wait for a connection already (${origin}: ${counts}). ` +
          "Send fewer at once, or raise maxConnectionsPerOrigin, maxConnections or maxWaiting",
        AcquireTimeout: `no connection to ${origin} in 1000 ms (${counts}). ` +
          "Raise maxConnectionsPerOrigin, maxConnections or acquireTimeout, or send fewer at once",
        ConnectTimeout: `no connection to ${origin} within the connectTimeout of 3000 ms`,
        ConnectFailed: `cannot connect to ${origin} (Refused)`,
        RequestTimeout: `${origin}: headersTimeout of 500 ms passed in phase headers`,
        ResponseTooLarge: `${origin} declares a body of 11 bytes; maxResponseSize is 10`,
        ConnectionLost: `reused connection to ${origin} was lost (reset, maybe-sent, 7 bytes received)`,
        RequestBodyFailed: "the request's body stream failed",
        ProtocolError: `${origin}: HeaderOverflow: more than 16384 bytes outside the body`,
        PoolClosed: "the pool is closed, or closing: it takes no new requests"
      })
    })

    it("InvalidOptions names the option, its value and what is allowed", () => {
      strictEqual(invalidOptions.message, "origins[\"http://a\"].idleTimeout is -1; allowed: a duration")
    })

    for (const tag of withCause) {
      it(`${tag} ends with the message of its cause, where there is one`, () => {
        const plain = make[tag]({}).message
        strictEqual(make[tag]({ cause }).message, `${plain}: the reason`)
        strictEqual(make[tag]({ cause: new Error("") }).message, plain)
        strictEqual(make[tag]({ cause: "not an error" }).message, plain)
        strictEqual(make[tag]({ cause }).cause, cause)
      })
    }

    it("RequestTimeout has the counts of the pool while the request waited", () => {
      const error = new PoolError.RequestTimeout({
        origin,
        progress: "not-sent",
        phase: "waiting",
        option: "requestTimeout",
        timeout: 500,
        stats
      })
      strictEqual(error.message, `${origin}: requestTimeout of 500 ms passed in phase waiting (${counts})`)
    })

    it("ResponseTooLarge tells a declared size from a received one", () => {
      const error = new PoolError.ResponseTooLarge({
        origin,
        progress: "response-started",
        limit: 10,
        received: 12,
        declared: false
      })
      strictEqual(error.message, `${origin} has sent a body of 12 bytes; maxResponseSize is 10`)
    })

    it("ConnectionLost tells a fresh connection from a reused one", () => {
      const error = new PoolError.ConnectionLost({
        origin,
        progress: "not-sent",
        reason: "closed",
        reused: false,
        bytesReceived: 0
      })
      strictEqual(error.message, `fresh connection to ${origin} was lost (closed, not-sent, 0 bytes received)`)
    })

    it("PoolClosed tells a refused request from a cut one", () => {
      for (const progress of ["maybe-sent", "response-started"] as const) {
        strictEqual(make.PoolClosed({ progress }).message, `the pool was closed during the exchange with ${origin}`)
      }
    })

    it("appear in toString, stack and inspect, with the tag as the name", () => {
      for (const error of [...tags.map((tag) => make[tag]()), invalidOptions]) {
        strictEqual(error.name, error._tag)
        strictEqual(String(error), `${error._tag}: ${error.message}`)
        assertTrue(error.stack?.startsWith(String(error)))
        assertTrue(util.inspect(error).startsWith(String(error)))
      }
    })
  })

  describe("as values", () => {
    it("fail an effect, and are caught by tag", () => {
      for (const tag of tags) {
        const program = Effect.fail(make[tag]()).pipe(Effect.catchTag(tag, (error) => Effect.succeed(error._tag)))
        strictEqual(Effect.runSync(program as Effect.Effect<string>), tag)
      }
    })

    it("every one tells its origin and its progress", () => {
      for (const tag of tags) {
        strictEqual(make[tag]().origin, origin)
        assertTrue(progresses.includes(make[tag]().progress))
      }
    })

    it("JSON has their fields", () => {
      deepStrictEqual(JSON.parse(JSON.stringify(make.QueueFull())), {
        _tag: "QueueFull",
        origin,
        progress: "not-sent",
        maxWaiting: 10,
        stats
      })
    })
  })

  describe("isPoolError", () => {
    it("knows every error of a request", () => {
      for (const tag of tags) assertTrue(PoolError.isPoolError(make[tag]()), tag)
    })

    it("does not know InvalidOptions, which no request fails with, nor look-alikes", () => {
      const lookAlikes = [{ _tag: "QueueFull" }, { ...make.QueueFull() }, new Error("x")]
      for (const value of [invalidOptions, ...lookAlikes, null, undefined, 5, ""]) {
        assertTrue(!PoolError.isPoolError(value))
      }
    })
  })

  describe("isIdempotentMethod", () => {
    it("knows RFC 9110's idempotent methods and takes no other for one", () => {
      for (const method of ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]) {
        assertTrue(PoolError.isIdempotentMethod(method), method)
      }
      for (const method of ["POST", "PATCH", "CONNECT", "QUERY", "", "get", "Get", "GET ", "constructor"]) {
        assertTrue(!PoolError.isIdempotentMethod(method), method)
      }
    })
  })

  describe("isSafeToRepeat", () => {
    const hopeless = ["InvalidRequest", "RequestBodyFailed", "ResponseTooLarge", "ProtocolError", "PoolClosed"]
    const methods = [undefined, "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "CUSTOM"]

    for (const tag of tags) {
      it(`${tag}: the whole truth table`, () => {
        for (const progress of progresses) {
          for (const method of methods) {
            for (const idempotent of [undefined, true, false]) {
              const harmless = progress === "not-sent" || idempotent === true ||
                (idempotent === undefined && !["POST", "PATCH", "CUSTOM"].includes(method ?? "GET"))
              const error = make[tag]({ progress })
              strictEqual(
                PoolError.isSafeToRepeat(error, { method, idempotent }),
                harmless && !hopeless.includes(tag),
                `${tag} ${progress} ${method} ${idempotent}`
              )
            }
          }
        }
      })
    }

    it("where TLS stood in the way it will do so again, though nothing was sent", () => {
      const lost = (reason: PoolError.ConnectionLostReason) =>
        new PoolError.ConnectionLost({ origin, progress: "not-sent", reason, reused: false, bytesReceived: 0 })
      const failed = (reason: PoolError.ConnectFailedReason) =>
        new PoolError.ConnectFailed({ origin, progress: "not-sent", reason })
      for (const error of [lost("tls"), failed("Tls"), failed("TlsIdentity")]) {
        assertTrue(!PoolError.isSafeToRepeat(error, { method: "GET", idempotent: true }), error.message)
      }
      for (const error of [lost("reset"), lost("closed"), failed("Dns"), failed("Reset"), failed("Other")]) {
        assertTrue(PoolError.isSafeToRepeat(error, { method: "POST" }), error.message)
      }
    })

    it("a request that says nothing is a GET", () => {
      assertTrue(PoolError.isSafeToRepeat(make.ConnectionLost(), {}))
    })

    it("a POST that was lost after it may have been sent is not repeated", () => {
      assertTrue(!PoolError.isSafeToRepeat(make.ConnectionLost(), { method: "POST" }))
    })

    it("takes a method in lower case for what the pool sends", () => {
      assertTrue(PoolError.isSafeToRepeat(make.ConnectionLost(), { method: "get" }))
      assertTrue(!PoolError.isSafeToRepeat(make.ConnectionLost(), { method: "post" }))
    })

    it("a request that says it is not idempotent is believed, whatever its method", () => {
      assertTrue(!PoolError.isSafeToRepeat(make.ConnectionLost(), { method: "GET", idempotent: false }))
    })
  })

  describe("secrets", () => {
    it("an error shows its own fields and nothing else", () => {
      // What an error is given is chosen by who makes it: an origin's href, a field's name. It must not gather more.
      for (const tag of tags) {
        const error = make[tag]()
        const fields = Object.keys(error).sort()
        const inJson = Object.keys(JSON.parse(JSON.stringify(error))).sort()
        deepStrictEqual(inJson, fields.filter((name) => name !== "cause"))
        assertTrue(!fields.some((name) => /header|body|url|authorization|cookie/i.test(name)), fields.join())
      }
    })

    it("the origin of a URL with credentials, path and query holds none of them", () => {
      const { href } = Either.getOrThrow(Origin.parse("https://user1:passw0rd@host:8443/v3/key1?token=tok1#frag1"))
      for (const tag of tags) {
        const error = make[tag]({ origin: href })
        for (const text of [error.message, String(error), JSON.stringify(error), util.inspect(error)]) {
          assertTrue(!/user1|passw0rd|key1|tok1|frag1/.test(text), text)
        }
      }
    })
  })
})
