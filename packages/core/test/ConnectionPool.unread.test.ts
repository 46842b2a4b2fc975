import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Array as Arr, Effect, Either, Fiber, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, TestConnector } from "../src/index.js"
import { assertAtRest, bytes, counts, failsWith, otherUrl, start, url, withPool } from "./support/pool.js"

const kilobyte = 1024

/** Each piece comes by itself, so that reading can stop between two. `/small` is answered at once. */
const script: TestConnector.TestScript = {
  respond: ({ url }) =>
    url.endsWith("/small")
      ? { body: "small" }
      : { pieceDelay: 1, body: Array.from({ length: 16 }, () => bytes(16 * kilobyte)) }
}
const size = 256 * kilobyte

const one: PoolConfig.PoolOptions = { maxConnectionsPerOrigin: 1, acquireTimeout: "none" }

const story = (
  tell: (pool: ConnectionPool.Service, network: TestConnector.Service) => Effect.Effect<void, unknown>,
  options: PoolConfig.PoolOptions = {}
) => withPool(tell, script, { ...one, ...options })

/** Enough for the whole answer to come. */
const pass = Effect.repeatN(TestClock.adjust(1), 20)

describe("C4 a body nobody reads", () => {
  it.effect("C4 is taken into memory when a request waits for its connection, and can still be read", () =>
    story((pool, network) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        yield* pass
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        strictEqual((yield* Fiber.join(next)).text, "small")
        strictEqual(yield* network.dials, 1)
        strictEqual((yield* unread.bytes).length, size)
        yield* assertAtRest(pool)
      })
    ))

  it.effect("C4 is taken in from its first byte on when somebody waits already", () =>
    story((pool, network) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        strictEqual((yield* Fiber.join(next)).text, "small")
        strictEqual(yield* network.dials, 1)
        strictEqual((yield* unread.bytes).length, size)
      })
    ))

  it.effect("C4 is held back for ever while nobody waits", () =>
    story((pool) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        yield* pass
        yield* TestClock.adjust("59 seconds")
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        const reader = yield* start(unread.bytes)
        yield* pass
        strictEqual((yield* Fiber.join(reader)).length, size)
      })
    ))

  it.effect("C4 is given up when it passes the limit and the request has waited a second more", () =>
    story((pool, network) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        yield* pass
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        yield* TestClock.adjust(960)
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
        yield* TestClock.adjust(40)
        strictEqual((yield* Fiber.join(next)).text, "small")
        strictEqual(yield* network.dials, 2)
        const error = yield* failsWith("ConnectionLost", unread.bytes)
        strictEqual(error.reason, "unread")
        strictEqual((yield* pool.stats).failures["ConnectionLost"], 1)
        yield* assertAtRest(pool)
      }), { unreadBodyLimit: 128 * kilobyte }))

  it.effect("C4 is never taken in with a limit of 0, and given up all the same", () =>
    story((pool, network) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        yield* TestClock.adjust("1 second")
        strictEqual((yield* Fiber.join(next)).text, "small")
        strictEqual(yield* network.dials, 2)
        strictEqual((yield* failsWith("ConnectionLost", unread.bytes)).reason, "unread")
      }), { unreadBodyLimit: 0 }))

  it.effect("C4 belongs to a reader who comes within the second", () =>
    story((pool, network) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        yield* TestClock.adjust(900)
        const reader = yield* start(unread.bytes)
        yield* pass
        strictEqual((yield* Fiber.join(reader)).length, size)
        strictEqual((yield* Fiber.join(next)).text, "small")
        strictEqual(yield* network.dials, 1)
        yield* TestClock.adjust("10 seconds")
        yield* assertAtRest(pool)
      }), { unreadBodyLimit: 128 * kilobyte }))

  it.effect("C4 is left alone when the request that waited has gone within the second", () =>
    story((pool) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        yield* Fiber.interrupt(next)
        yield* TestClock.adjust("30 seconds")
        const reader = yield* start(unread.bytes)
        yield* pass
        strictEqual((yield* Fiber.join(reader)).length, size)
      }), { unreadBodyLimit: 128 * kilobyte }))

  it.effect("C4 the patience begins anew with the next request that waits", () =>
    story((pool) =>
      Effect.gen(function*() {
        yield* pool.open({ url })
        const first = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("30 seconds")
        const second = yield* start(pool.execute({ url: `${url}small` }))
        yield* TestClock.adjust(999)
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
        yield* TestClock.adjust(1)
        strictEqual((yield* Fiber.join(second)).text, "small")
      }), { unreadBodyLimit: 128 * kilobyte }))

  it.effect("C4 of one request that waits only one is given up", () =>
    story((pool) =>
      Effect.gen(function*() {
        const unread = [yield* pool.open({ url }), yield* pool.open({ url }), yield* pool.open({ url })]
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        yield* TestClock.adjust("1 second")
        strictEqual((yield* Fiber.join(next)).text, "small")
        const outcomes = yield* start(Effect.forEach(unread, ({ bytes }) => Effect.either(bytes), { concurrency: 3 }))
        yield* pass
        const [given, read] = Arr.partition(yield* Fiber.join(outcomes), Either.isRight)
        deepStrictEqual(read.map(({ right }) => right.length), [size, size])
        deepStrictEqual(given.map(({ left }) => left._tag), ["ConnectionLost"])
      }), { unreadBodyLimit: 128 * kilobyte, maxConnectionsPerOrigin: 3 }))

  it.effect("C4 of the whole pool stay within their budget, in which one counts until it is read or given up", () =>
    Effect.forEach(["read", "given up"], (end) =>
      story((pool, network) =>
        Effect.gen(function*() {
          const first = yield* pool.open({ url })
          const second = yield* start(pool.open({ url }))
          yield* pass
          const third = yield* start(pool.execute({ url: `${url}small` }))
          yield* pass
          // The first is in memory, and what is left of the budget is not enough for the second.
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          if (end === "read") strictEqual((yield* first.bytes).length, size)
          else first.abort()
          yield* pass
          strictEqual((yield* Fiber.join(third)).text, "small")
          strictEqual((yield* (yield* Fiber.join(second)).bytes).length, size)
          strictEqual(yield* network.dials, 1)
        }), { unreadBodyBudget: 300 * kilobyte })))

  it.effect("C4 that fill the budget together do not wait for each other", () =>
    story((pool) =>
      Effect.gen(function*() {
        yield* Effect.all([pool.open({ url }), pool.open({ url })])
        const waiting = yield* start(
          Effect.all([1, 2].map(() => pool.execute({ url: `${url}small` })), { concurrency: 2 })
        )
        yield* pass
        deepStrictEqual(yield* counts(pool), [0, 2, 0, 2])
        yield* TestClock.adjust("1 second")
        yield* pass
        strictEqual((yield* Fiber.join(waiting)).length, 2)
        // The other was not needed any more.
        deepStrictEqual(yield* counts(pool), [0, 1, 1, 0])
      }), { unreadBodyBudget: 300 * kilobyte, maxConnectionsPerOrigin: 2 }))

  it.effect("C4 makes room for another origin when the whole pool is full", () =>
    story((pool) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        yield* pass
        const next = yield* start(pool.execute({ url: `${otherUrl}small` }))
        yield* pass
        strictEqual((yield* Fiber.join(next)).text, "small")
        strictEqual((yield* unread.bytes).length, size)
      }), { maxConnections: 1 }))

  it.effect("C4 of a stream or a lease is never touched: its scope says that somebody cares", () =>
    story((pool) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const streamed = yield* Scope.extend(pool.stream({ url }), scope)
        const next = yield* start(pool.execute({ url: `${url}small` }))
        yield* pass
        yield* TestClock.adjust("1 hour")
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
        const reader = yield* start(Stream.runCount(streamed.body))
        yield* pass
        strictEqual(yield* Fiber.join(reader), 16)
        strictEqual((yield* Fiber.join(next)).text, "small")
      }), { unreadBodyLimit: 128 * kilobyte }))

  it.effect("C4 retries and redirects drop any number of answers, and the pool goes on", () =>
    story((pool, network) =>
      Effect.gen(function*() {
        const dropped = yield* start(Effect.replicateEffect(pool.open({ url }), 20))
        yield* Effect.repeatN(pass, 25)
        strictEqual((yield* Fiber.join(dropped)).length, 20)
        strictEqual(yield* network.dials, 1)
      })
    ))
})

describe("C1 the leak threshold", () => {
  it.effect("C1 ends an answer that nobody has begun to read, when no byte has come for so long", () =>
    story((pool) =>
      Effect.gen(function*() {
        const unread = yield* pool.open({ url })
        yield* pass
        yield* TestClock.adjust("59 seconds")
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        yield* TestClock.adjust("1 second")
        yield* assertAtRest(pool)
        strictEqual((yield* pool.stats).closed, 1)
        strictEqual((yield* failsWith("ConnectionLost", unread.bytes)).reason, "unread")
      })
    ))

  it.effect("C1 may be another, or none", () =>
    Effect.gen(function*() {
      yield* story((pool) =>
        Effect.gen(function*() {
          yield* pool.open({ url })
          yield* pass
          yield* TestClock.adjust("1 second")
          yield* assertAtRest(pool)
        }), { leakThreshold: "500 millis" })
      yield* story((pool) =>
        Effect.gen(function*() {
          yield* pool.open({ url })
          yield* pass
          yield* TestClock.adjust("10 hours")
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        }), { leakThreshold: "none" })
    }))

  it.effect("C1 does not end an answer that still comes, however slowly", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const unread = yield* pool.open({ url })
          for (let i = 0; i < 5; i++) yield* TestClock.adjust("50 seconds")
          strictEqual((yield* unread.bytes).length, 5)
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ pieceDelay: "50 seconds", sized: false, body: ["a", "b", "c", "d", "e"] }) }
    ))

  it.effect("C1 does not end an answer that somebody has begun to read and thinks about", () =>
    story((pool) =>
      Effect.gen(function*() {
        const exchange = yield* pool.open({ url })
        const reader = yield* start(
          Stream.runForEachChunk(exchange.body, () => Effect.sleep("1 hour"))
        )
        for (let i = 0; i < 40; i++) yield* TestClock.adjust("1 hour")
        yield* Fiber.join(reader)
        yield* assertAtRest(pool)
      })
    ))
})
