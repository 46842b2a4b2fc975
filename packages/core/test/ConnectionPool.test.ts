import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Stream, TestClock } from "effect"
import { describe } from "vitest"
import { assertAtRest, bytes, failsWith, joinFailure, start, url, withPool } from "./support/pool.js"

describe("ConnectionPool", () => {
  it.effect("answers a request with status, headers and body", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const response = yield* pool.execute({ url })
          strictEqual(response.status, 201)
          strictEqual(response.text, "hello")
          strictEqual(response.headers["x-a"], "1")
          strictEqual(response.reused, false)
          const again = yield* pool.execute({ url })
          strictEqual(again.reused, true)
          const stats = yield* pool.stats
          deepStrictEqual([stats.opened, stats.requests, stats.reused, stats.idle], [1, 2, 1, 1])
        }),
      { respond: () => ({ status: 201, headers: { "X-A": "1" }, body: "hello" }) }
    ))

  it.effect("1000 callers on 50 connections are all answered", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const all = yield* Effect.forEach(
            Array.from({ length: 1000 }, (_, i) => i),
            (i) => pool.execute({ url: `${url}${i}` }),
            { concurrency: "unbounded" }
          )
          strictEqual(all.length, 1000)
          strictEqual(yield* network.mostOpen, 50)
          deepStrictEqual(
            (yield* network.requests).map((request) => request.url),
            Array.from({ length: 1000 }, (_, i) => `${url}${i}`)
          )
        }),
      { respond: () => ({ body: "hello" }) }
    ))
})

describe("an answer", () => {
  it.effect("keeps its headers as they came, and joins repeated ones", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const response = yield* pool.execute({ url })
          deepStrictEqual([...response.rawHeaders], ["X-One", "a", "x-one", "b", "Set-Cookie", "c"])
          strictEqual(response.headers["x-one"], "a, b")
          strictEqual(response.headers["set-cookie"], "c")
          strictEqual(response.headers["X-One"], undefined)
        }),
      { respond: () => ({ headers: { "X-One": "a", "x-one": "b", "Set-Cookie": "c" } }) }
    ))

  it.effect("may have headers that are named like members of every object", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const response = yield* pool.execute({ url })
          deepStrictEqual(Object.entries(response.headers), [["constructor", "a"], ["valueof", "b"], [
            "__proto__",
            "c"
          ]])
        }),
      { respond: () => ({ headers: { Constructor: "a", ValueOf: "b", ["__proto__"]: "c" } }) }
    ))

  it.effect("has a body of bytes that reads as text and as JSON", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const response = yield* pool.execute({ url })
          strictEqual(response.text, `{"a":"ü"}`)
          deepStrictEqual(yield* response.json, { a: "ü" })
          strictEqual(response.body.length, 10)
        }),
      { respond: () => ({ body: [`{"a"`, `:"ü"}`] }) }
    ))

  it.effect("that is no JSON fails with InvalidJson, and does not show the body", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const response = yield* pool.execute({ url })
          const error = yield* Effect.flip(response.json)
          deepStrictEqual([error._tag, error.reason, error.origin], [
            "ProtocolError",
            "InvalidJson",
            "http://server.test"
          ])
          assertTrue(!error.message.includes("secret"))
          strictEqual(response.text, "secret")
        }),
      { respond: () => ({ body: "secret" }) }
    ))

  it.effect("tells where its time went, and on which connection it came", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(100)
          yield* TestClock.adjust(20)
          yield* TestClock.adjust(3)
          const fresh = yield* request
          deepStrictEqual(fresh.timings, { queued: 100, connect: 100, firstByte: 120, total: 123 })
          deepStrictEqual([fresh.latency, fresh.attempts, fresh.connectionId, fresh.reused], [123, 1, 0, false])
          strictEqual(fresh.remoteAddress, undefined)
          const next = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(20)
          yield* TestClock.adjust(3)
          const reused = yield* next
          deepStrictEqual(reused.timings, { queued: 0, connect: 0, firstByte: 20, total: 23 })
          deepStrictEqual([reused.connectionId, reused.reused], [0, true])
        }),
      { connect: () => ({ delay: 100 }), respond: () => ({ delay: 20, pieceDelay: 3, body: "a" }) }
    ))

  it.effect("with any status is an answer", () =>
    withPool(
      (pool) => Effect.map(pool.execute({ url }), (response) => strictEqual(response.status, 503)),
      { respond: () => ({ status: 503 }) }
    ))

  it.effect("with any status keeps its connection, and is asked for once", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const statuses = [200, 301, 400, 401, 404, 408, 413, 429, 500, 502, 503, 504]
          for (const status of statuses) strictEqual((yield* pool.execute({ url: `${url}${status}` })).status, status)
          deepStrictEqual([(yield* network.requests).length, yield* network.dials], [statuses.length, 1])
        }),
      { respond: ({ url }) => ({ status: Number(url.slice(-3)) }) }
    ))
})

describe("an open exchange", () => {
  const script = { respond: () => ({ headers: { "X-A": "1" }, body: ["ab", "c"] }) }

  it.effect("has headers first and streams its body", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          deepStrictEqual([exchange.status, exchange.headers["x-a"], exchange.attempts], [200, "1", 1])
          const pieces = yield* Stream.runCollect(exchange.body)
          strictEqual(Chunk.toArray(pieces).map((piece) => new TextDecoder().decode(piece)).join(""), "abc")
          yield* assertAtRest(pool)
        }),
      script
    ))

  it.effect("gives its whole body as bytes", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          strictEqual(new TextDecoder().decode(yield* exchange.bytes), "abc")
          strictEqual((yield* pool.stats).idle, 1)
        }),
      script
    ))

  it.effect("dies for a second reader of its stream, whether the first is done or not, and the first is not disturbed", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          const first = yield* start(Stream.runCollect(exchange.body))
          const dies = Effect.gen(function*() {
            for (const second of [exchange.bytes, Stream.runDrain(exchange.body)]) {
              const defect = yield* Effect.flip(Effect.sandbox(second))
              assertTrue(String(defect).includes("can be read only once"))
            }
          })
          yield* dies
          yield* TestClock.adjust(1)
          yield* TestClock.adjust(1)
          strictEqual(Chunk.size(yield* first), 2)
          yield* dies
          strictEqual((yield* pool.stats).idle, 1)
        }),
      { respond: () => ({ pieceDelay: 1, body: ["ab", "c"] }) }
    ))

  it.effect("gives the same bytes to whoever asks for them, at once or later", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          const readers = yield* start(Effect.all([exchange.bytes, exchange.bytes], { concurrency: 2 }))
          yield* TestClock.adjust(1)
          yield* TestClock.adjust(1)
          const [first, second] = yield* Fiber.join(readers)
          strictEqual(new TextDecoder().decode(first), "abc")
          strictEqual(second, first)
          strictEqual(yield* exchange.bytes, first)
          strictEqual((yield* pool.stats).idle, 1)
        }),
      { respond: () => ({ pieceDelay: 1, body: ["ab", "c"] }) }
    ))

  it.effect("whose reader was interrupted fails the others", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          const first = yield* start(exchange.bytes)
          const second = yield* start(exchange.bytes)
          yield* Fiber.interrupt(first)
          strictEqual((yield* joinFailure("ConnectionLost", second)).reason, "released")
          strictEqual((yield* failsWith("ConnectionLost", exchange.bytes)).reason, "released")
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ pieceDelay: 1, body: ["ab", "c"] }) }
    ))

  it.effect("that was aborted fails its reader", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          exchange.abort()
          const error = yield* failsWith("ConnectionLost", exchange.bytes)
          deepStrictEqual([error.reason, error.reused, error.progress], ["released", false, "response-started"])
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ pieceDelay: 1, body: bytes(200_000) }) }
    ))
})
