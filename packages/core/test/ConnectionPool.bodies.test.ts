import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { TestConnector } from "../src/index.js"
import { assertAtRest, bytes, counts, failsWith, settle, start, url, withPool } from "./support/pool.js"

const kilobytes = (...sizes: ReadonlyArray<number>) => sizes.map((kb) => bytes(kb * 1024))
const answer = (reply: TestConnector.TestReply): TestConnector.TestScript => ({ respond: () => reply })

/** Pieces that were taken from a body, and what the reader waits for. */
const sizes = (stream: Stream.Stream<Uint8Array, unknown>, into: Array<number>) =>
  Stream.runForEachChunk(stream, (chunk) => Effect.sync(() => into.push(...Array.from(chunk, (piece) => piece.length))))

describe("C3 small bodies leave the connection early", () => {
  it.effect("C3 an answer is there at its headers, and 64 KiB are read to the end though nobody reads", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          for (let i = 0; i < 4; i++) yield* TestClock.adjust(10)
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
          strictEqual((yield* exchange.bytes).length, 64 * 1024)
          strictEqual((yield* pool.stats).idle, 1)
        }),
      answer({ pieceDelay: 10, body: kilobytes(16, 16, 16, 16) })
    ))

  it.effect("C3 also when the headers do not tell the length", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* settle
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
          strictEqual((yield* exchange.bytes).length, 5)
        }),
      answer({ sized: false, body: ["he", "llo"] })
    ))

  it.effect("C3 the connection that a small unread body has left serves the next request", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* pool.open({ url: `${url}1` })
          const second = yield* pool.open({ url: `${url}2` })
          const third = yield* pool.execute({ url: `${url}3` })
          strictEqual(third.text, `${url}3`)
          strictEqual(new TextDecoder().decode(yield* second.bytes), `${url}2`)
          strictEqual(new TextDecoder().decode(yield* first.bytes), `${url}1`)
          strictEqual(yield* network.dials, 1)
        }),
      { respond: ({ url }) => ({ body: url }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("C3 a larger body is held back while nobody reads, and goes on when somebody does", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* settle
          const received = Effect.map(pool.stats, (stats) => stats.bytesReceived)
          strictEqual(yield* received, 80 * 1024)
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          const pieces: Array<number> = []
          yield* sizes(exchange.body, pieces)
          deepStrictEqual(pieces, Array.from({ length: 10 }, () => 16 * 1024))
          strictEqual(yield* received, 160 * 1024)
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
        }),
      answer({ body: kilobytes(16, 16, 16, 16, 16, 16, 16, 16, 16, 16) })
    ))

  it.effect("C3 a reader that stops to think holds the sender back", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const reader = yield* start(Effect.flatMap(pool.open({ url }), (exchange) =>
            Stream.runForEachChunk(exchange.body, () => Effect.sleep(1000))))
          const received = Effect.map(pool.stats, (stats) =>
            stats.bytesReceived / 1024)
          yield* settle
          const before = yield* received
          assertTrue(before <= 160)
          yield* settle
          strictEqual(yield* received, before)
          yield* TestClock.adjust(1000)
          assertTrue((yield* received) > before)
          while ((yield* received) < 320) {
            yield* TestClock.adjust(1000)
          }
          yield* TestClock.adjust(5000)
          yield* Fiber.join(reader)
          yield* assertAtRest(pool)
        }),
      answer({ body: kilobytes(...Array.from({ length: 20 }, () => 16)) })
    ))

  it.effect("C3 a body that ends while it is held back leaves a connection that works", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* settle
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          strictEqual((yield* exchange.bytes).length, 65 * 1024)
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
          const again = yield* pool.execute({ url })
          deepStrictEqual([again.reused, again.body.length], [true, 65 * 1024])
        }),
      answer({ body: kilobytes(65) })
    ))

  it.effect("C3 the pieces of a stream of events arrive one by one, however short", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const pieces: Array<number> = []
          const reader = yield* start(Effect.flatMap(pool.open({ url }), (exchange) => sizes(exchange.body, pieces)))
          for (const expected of [[1], [1, 2], [1, 2, 1]]) {
            yield* TestClock.adjust(1000)
            yield* settle
            deepStrictEqual(pieces, expected)
          }
          yield* Fiber.join(reader)
        }),
      answer({ sized: false, pieceDelay: 1000, body: ["a", "bb", "c"] })
    ))

  it.effect("C3 execute takes a body of any size", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          strictEqual((yield* pool.execute({ url })).body.length, 1000 * 1024)
          strictEqual((yield* pool.execute({ url })).reused, true)
        }),
      answer({ body: kilobytes(500, 500) })
    ))
})

describe("C11 the size of a body", () => {
  const big = { respond: () => ({ body: [bytes(60), bytes(60)] }) }
  const unsized = { respond: () => ({ body: [bytes(60), bytes(60)], sized: false }) }

  it.effect("C11 that is declared larger than maxResponseSize fails before it comes", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const { declared, limit, message, origin, progress, received } = yield* failsWith(
            "ResponseTooLarge",
            pool.execute({ url })
          )
          deepStrictEqual([declared, limit, received, progress, origin], [
            true,
            100,
            120,
            "response-started",
            "http://server.test"
          ])
          strictEqual(message, "http://server.test declares a body of 120 bytes; maxResponseSize is 100")
          strictEqual((yield* pool.stats).bytesReceived, 0)
          strictEqual((yield* pool.stats).idle, 0)
          yield* assertAtRest(pool)
        }),
      big,
      { maxResponseSize: 100 }
    ))

  it.effect("C11 that turns out to be larger fails when the limit is passed", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const error = yield* failsWith("ResponseTooLarge", pool.execute({ url }))
          deepStrictEqual([error.declared, error.received, error.limit], [false, 120, 100])
          strictEqual((yield* pool.stats).idle, 0)
          yield* assertAtRest(pool)
        }),
      unsized,
      { maxResponseSize: 100 }
    ))

  it.effect("C11 that is exactly the limit is no failure", () =>
    withPool(
      (pool) => Effect.map(pool.execute({ url }), ({ body }) => strictEqual(body.length, 120)),
      big,
      { maxResponseSize: 120 }
    ))

  for (const [kind, script] of Object.entries({ declared: big, received: unsized })) {
    it.effect(`C11 a request may set another limit than the pool (${kind})`, () =>
      withPool(
        (pool) =>
          Effect.gen(function*() {
            strictEqual((yield* pool.execute({ url, maxResponseSize: 200 })).body.length, 120)
            strictEqual((yield* pool.execute({ url, maxResponseSize: "none" })).body.length, 120)
            strictEqual((yield* failsWith("ResponseTooLarge", pool.execute({ url, maxResponseSize: 99 }))).limit, 99)
          }),
        script,
        { maxResponseSize: 100 }
      ))

    it.effect(`C11 a stream has a limit only if its request sets one (${kind})`, () =>
      withPool(
        (pool) =>
          Effect.gen(function*() {
            const read = (limit?: number) =>
              Effect.scoped(Effect.flatMap(
                pool.stream({ url, maxResponseSize: limit }),
                ({ body }) => Stream.runFold(body, 0, (sum, piece) => sum + piece.length)
              ))
            strictEqual(yield* read(), 120)
            const error = yield* failsWith("ResponseTooLarge", read(50))
            deepStrictEqual([error.limit, error.declared], [50, kind === "declared"])
            yield* assertAtRest(pool)
          }),
        script,
        { maxResponseSize: 100 }
      ))

    it.effect(`C11 bytes of an open exchange have the limit of a body that is read whole (${kind})`, () =>
      withPool(
        (pool) =>
          Effect.gen(function*() {
            const exchange = yield* pool.open({ url })
            const error = yield* failsWith("ResponseTooLarge", exchange.bytes)
            deepStrictEqual([error.limit, error.received], [100, 120])
            yield* assertAtRest(pool)
          }),
        script,
        { maxResponseSize: 100 }
      ))
  }

  it.effect("C11 an origin may have another limit than the pool", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          strictEqual((yield* pool.execute({ url })).body.length, 120)
          yield* failsWith("ResponseTooLarge", pool.execute({ url: "http://other.test/" }))
        }),
      big,
      { maxResponseSize: 100, origins: { "http://server.test": { maxResponseSize: "none" } } }
    ))
})
