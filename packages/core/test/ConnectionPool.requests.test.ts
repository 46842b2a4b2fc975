import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { PoolRequest } from "../src/index.js"
import { assertAtRest, bytes, failsWith, settle, start, url, withPool } from "./support/pool.js"

/** What a caller without types may ask. */
const untyped = (request: object) => request as PoolRequest.PoolRequest

const post = { url, method: "POST" }
const stream = (...lengths: ReadonlyArray<number>) => Stream.fromIterable(lengths.map((length) => bytes(length)))

describe("a request that cannot be sent", () => {
  const refused: Readonly<Record<string, readonly [object, string]>> = {
    "no URL": [{}, "url"],
    "an URL that is none": [{ url: "not a url" }, "url"],
    "a relative URL": [{ url: "/path" }, "url"],
    "an URL with another scheme": [{ url: "ftp://server.test/" }, "url"],
    "an URL that is a number": [{ url: 5 }, "url"],
    "a method that is no token": [{ url, method: "GET /" }, "method"],
    "an empty method": [{ url, method: "" }, "method"],
    "a method with a line break": [{ url, method: "GET\r\nX: 1" }, "method"],
    "a method that is no text": [{ url, method: 5 }, "method"],
    "CONNECT": [{ url, method: "connect" }, "method"],
    "a header name that is no token": [{ url, headers: { "a b": "1" } }, "headers"],
    "an empty header name": [{ url, headers: { "": "1" } }, "headers"],
    "a header name with a line break": [{ url, headers: { "a\r\nb": "1" } }, "headers"],
    "a header value with CR": [{ url, headers: { "x-a": "1\r2" } }, "headers.x-a"],
    "a header value with LF": [{ url, headers: { "x-a": "1\n2" } }, "headers.x-a"],
    "a header value with NUL": [{ url, headers: { "x-a": "1\0" } }, "headers.x-a"],
    "a header value beyond Latin-1": [{ url, headers: { "x-a": "€" } }, "headers.x-a"],
    "a header value that is no text": [{ url, headers: { "x-a": 5 } }, "headers.x-a"],
    "one of several header values": [{ url, headers: { "x-a": ["1", "2\n"] } }, "headers.x-a"],
    "headers that are text": [{ url, headers: "x-a: 1" }, "headers"],
    "null for headers": [{ url, headers: null }, "headers"],
    "pairs whose name is no text": [{ url, headers: [[5, "1"]] }, "headers"],
    "lines that are no pairs": [{ url, headers: [5] }, "headers"],
    "a line that is null": [{ url, headers: [null] }, "headers"],
    "an object that only looks like a URL": [{ url: { protocol: "http:" } }, "url"],
    "transfer-encoding": [{ url, headers: { "Transfer-Encoding": "chunked" } }, "headers.Transfer-Encoding"],
    "keep-alive": [{ url, headers: { "keep-alive": "timeout=5" } }, "headers.keep-alive"],
    "upgrade": [{ url, headers: { upgrade: "websocket" } }, "headers.upgrade"],
    "expect": [{ url, headers: { expect: "100-continue" } }, "headers.expect"],
    "another word for connection": [{ url, headers: { connection: "upgrade" } }, "headers.connection"],
    "two hosts": [{ url, headers: { host: ["a", "b"] } }, "headers.host"],
    "a host with a slash": [{ url, headers: { host: "a/b" } }, "headers.host"],
    "an empty host": [{ url, headers: { host: "" } }, "headers.host"],
    "two content-lengths": [{ url, headers: { "content-length": ["1", "1"] } }, "headers.content-length"],
    "a negative content-length": [{ url, headers: { "content-length": "-1" } }, "headers.content-length"],
    "a content-length in hexadecimal": [{ url, headers: { "content-length": "0x1" } }, "headers.content-length"],
    "a text that is longer than its content-length": [
      { ...post, body: "four", headers: { "content-length": "3" } },
      "body"
    ],
    "a text whose bytes are more than its letters": [
      { ...post, body: "ü", headers: { "content-length": "1" } },
      "body"
    ],
    "bytes that are fewer than their content-length": [
      { ...post, body: bytes(3), headers: { "Content-Length": "4" } },
      "body"
    ],
    "a content-length without a body": [{ url, headers: { "content-length": "4" } }, "body"],
    "a body that is an object": [{ ...post, body: { a: 1 } }, "body"],
    "null for a body": [{ ...post, body: null }, "body"],
    "a timeout that is no duration": [{ url, timeout: "soon" }, "timeout"],
    "a negative timeout": [{ url, timeout: -1 }, "timeout"],
    "a negative timeout in words": [{ url, timeout: "-5 seconds" }, "timeout"],
    "a timeout that is not a number": [{ url, acquireTimeout: NaN }, "acquireTimeout"],
    "a headersTimeout that is an object": [{ url, headersTimeout: {} }, "headersTimeout"],
    "a bodyTimeout of null": [{ url, bodyTimeout: null }, "bodyTimeout"],
    "a size that is no whole number": [{ url, maxResponseSize: 1.5 }, "maxResponseSize"],
    "a negative size": [{ url, maxResponseSize: -1 }, "maxResponseSize"],
    "a size that is text": [{ url, maxResponseSize: "10" }, "maxResponseSize"]
  }

  for (const [what, [request, field]] of Object.entries(refused)) {
    it.effect(`because of ${what} is InvalidRequest, and nobody is dialled`, () =>
      withPool((pool, network) =>
        Effect.gen(function*() {
          const error = yield* failsWith("InvalidRequest", pool.execute(untyped(request)))
          deepStrictEqual([error.field, error.progress], [field, "not-sent"])
          assertTrue(error.description.length > 0 && error.message.startsWith(field))
          strictEqual(yield* network.dials, 0)
          strictEqual((yield* pool.stats).requests, 0)
        })
      ))
  }

  it.effect("because of an origin that is none is InvalidRequest of lease and warmUp as well", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        for (const origin of ["nowhere", { protocol: "http:" }, { href: 5 }, null, undefined, 5]) {
          const error = yield* failsWith("InvalidRequest", Effect.scoped(pool.lease(origin as string)))
          strictEqual(error.field, "url")
          yield* failsWith("InvalidRequest", pool.warmUp([origin as string]))
        }
        strictEqual(yield* network.dials, 0)
      })
    ))

  it.effect("is refused by open, stream and a lease's send as well", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        const bad = { url, method: "a b" }
        yield* failsWith("InvalidRequest", pool.open(bad))
        yield* failsWith("InvalidRequest", Effect.scoped(pool.stream(bad)))
        yield* Effect.scoped(Effect.gen(function*() {
          const lease = yield* pool.lease(url)
          yield* failsWith("InvalidRequest", lease.send(bad))
          strictEqual((yield* lease.send({ url })).status, 200)
        }))
        strictEqual((yield* network.requests).length, 1)
      })
    ))
})

describe("what is sent", () => {
  const sent = (request: PoolRequest.PoolRequest) =>
    withPool((pool, network) =>
      Effect.zipRight(pool.execute(request), Effect.map(network.requests, (requests) => requests[0]!))
    )

  it.effect("is a GET without a body by default, to the URL's path and query", () =>
    Effect.map(
      sent({ url: "http://Server.test:80/a b?c=d#e" }),
      ({ body, headers, method, url }) =>
        deepStrictEqual([method, url, body, headers], ["GET", "http://server.test/a%20b?c=d", "", {
          host: "server.test"
        }])
    ))

  it.effect("has the usual methods in capitals, and others as they are", () =>
    Effect.gen(function*() {
      for (const [given, expected] of [["get", "GET"], ["pUt", "PUT"], ["PATCH", "PATCH"], ["purge", "purge"]]) {
        strictEqual((yield* sent({ url, method: given })).method, expected)
      }
    }))

  it.effect("may be asked with a URL object", () =>
    Effect.map(sent({ url: new URL("http://server.test/a") }), (request) => strictEqual(request.url, `${url}a`)))

  it.effect("has headers from a record, from pairs, and one line for each of several values", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        yield* pool.execute({ url, headers: { "X-A": "1", "x-b": undefined, "x-c": ["2", "3"] } })
        yield* pool.execute({ url, headers: new Map([["x-d", "4"]]) })
        deepStrictEqual((yield* network.requests).map(({ headers }) => headers), [
          { host: "server.test", "x-a": "1", "x-c": "2, 3" },
          { host: "server.test", "x-d": "4" }
        ])
      })
    ))

  it.effect("has text, bytes or a stream as its body", () =>
    Effect.gen(function*() {
      strictEqual((yield* sent({ ...post, body: "tüxt" })).body, "tüxt")
      strictEqual((yield* sent({ ...post, body: new TextEncoder().encode("bytes") })).body, "bytes")
      strictEqual((yield* sent({ ...post, body: Stream.encodeText(Stream.make("a", "", "b")) })).body, "ab")
      strictEqual((yield* sent({ ...post, body: Stream.empty })).body, "")
      strictEqual((yield* sent({ ...post, body: "tü", headers: { "content-length": "3" } })).body, "tü")
    }))

  it.effect("names another host if it is told to, and goes to the URL's all the same", () =>
    Effect.map(
      sent({ url, headers: { Host: "virtual.test:81" } }),
      ({ headers, url: target }) => deepStrictEqual([headers["host"], target], ["virtual.test:81", url])
    ))

  it.effect("names the port where it is not the scheme's", () =>
    Effect.map(
      sent({ url: "http://server.test:8080/" }),
      ({ headers }) => strictEqual(headers["host"], "server.test:8080")
    ))

  it.effect("has the URL's credentials as authorization, unless there is one", () =>
    Effect.gen(function*() {
      const withCredentials = "http://us%3Aer:p%40ss@server.test/"
      const request = yield* sent({ url: withCredentials })
      deepStrictEqual([request.headers["authorization"], request.url], [`Basic ${btoa("us:er:p@ss")}`, url])
      const other = yield* sent({ url: withCredentials, headers: { Authorization: "Bearer b" } })
      strictEqual(other.headers["authorization"], "Bearer b")
    }))
})

describe("a streamed body", () => {
  it.effect("may declare its length", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const request = { ...post, body: stream(2, 0, 3), headers: { "content-length": "5" } }
        strictEqual((yield* pool.execute(request)).status, 200)
        strictEqual((yield* pool.stats).idle, 1)
      })
    ))

  it.effect("that is longer than it declared fails before the surplus is sent", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        const request = { ...post, body: stream(2, 3, 1), headers: { "content-length": "4" } }
        const error = yield* failsWith("InvalidRequest", pool.execute(request))
        deepStrictEqual([error.field, error.description], ["body", "is longer than its content-length of 4 bytes"])
        strictEqual(error.progress, "maybe-sent")
        deepStrictEqual(yield* network.requests, [])
        strictEqual((yield* pool.stats).idle, 0)
        yield* assertAtRest(pool)
      })
    ))

  it.effect("that is shorter than it declared fails, and the request is not completed", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        const request = { ...post, body: stream(2), headers: { "content-length": "4" } }
        const error = yield* failsWith("InvalidRequest", pool.execute(request))
        deepStrictEqual([error.field, error.description], ["body", "has 2 bytes, and its content-length says 4"])
        deepStrictEqual(yield* network.requests, [])
        yield* assertAtRest(pool)
      })
    ))

  const failures: Readonly<Record<string, readonly [Stream.Stream<Uint8Array, unknown>, string]>> = {
    "fails": [Stream.concat(stream(2), Stream.fail(new Error("no more"))), "no more"],
    "dies": [Stream.concat(stream(2), Stream.die(new Error("it is dead"))), "it is dead"],
    "has a piece that is text": [Stream.make("a") as never, "a piece of the body is not a Uint8Array"]
  }
  for (const [what, [body, message]] of Object.entries(failures)) {
    it.effect(`that ${what} is RequestBodyFailed with its cause`, () =>
      withPool((pool, network) =>
        Effect.gen(function*() {
          const error = yield* failsWith("RequestBodyFailed", pool.execute({ ...post, body }))
          assertTrue(error.cause instanceof Error)
          deepStrictEqual([error.cause.message, error.progress], [message, "maybe-sent"])
          strictEqual(error.message, `the request's body stream failed: ${message}`)
          deepStrictEqual(yield* network.requests, [])
          yield* assertAtRest(pool)
        })
      ))
  }

  it.effect("that is refused before it is sent is never started", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          let started = false
          const body = Stream.execute(Effect.sync(() => {
            started = true
          }))
          yield* failsWith("ConnectFailed", pool.execute({ ...post, body }))
          yield* failsWith("InvalidRequest", pool.execute({ ...post, body, headers: { a: "\n" } }))
          strictEqual(started, false)
        }),
      { connect: () => ({ fail: "Refused" }) }
    ))

  it.effect("is sent as fast as the connection takes it, and no faster", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const lengths = Array.from({ length: 20 }, (_, i) => i)
          const response = yield* pool.execute({ ...post, body: stream(...lengths) })
          strictEqual(response.status, 200)
          strictEqual((yield* network.requests)[0]!.body.length, 190)
        }),
      { uploadWindow: 10 }
    ))

  it.effect("is read from a source that takes its time", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        const body = Stream.mapEffect(stream(1, 1, 1), (piece) => Effect.delay(Effect.succeed(piece), 100))
        const request = yield* start(pool.execute({ ...post, body }))
        yield* TestClock.adjust(299)
        yield* settle
        deepStrictEqual(yield* network.requests, [])
        yield* TestClock.adjust(1)
        strictEqual((yield* Fiber.join(request)).status, 200)
      })
    ))

  it.effect("has what the calling fiber has", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        const body = Stream.fromEffect(Effect.map(Effect.logAnnotations, (annotations) =>
          new TextEncoder().encode(Array.from(annotations, ([name]) => name).join())))
        yield* pool.execute({ ...post, body }).pipe(Effect.annotateLogs("mine", 1))
        strictEqual((yield* network.requests)[0]!.body, "mine")
      })
    ))

  it.effect("is released when the connection breaks meanwhile", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        let released = 0
        const body = Stream.concat(stream(1), Stream.never).pipe(Stream.ensuring(Effect.sync(() => released++)))
        const request = yield* start(pool.execute({ ...post, body }))
        yield* network.closeByPeer(0)
        const error = yield* failsWith("ConnectionLost", Fiber.join(request))
        strictEqual(error.progress, "maybe-sent")
        yield* settle
        strictEqual(released, 1)
        yield* assertAtRest(pool)
      })
    ))
})
