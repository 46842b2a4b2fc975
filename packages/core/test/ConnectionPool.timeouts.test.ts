import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Option, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, PoolRequest, TestConnector } from "../src/index.js"
import {
  assertAtRest,
  bytes,
  counts,
  failsWith,
  joinFailure,
  settle,
  start,
  url,
  withConnector,
  withPool
} from "./support/pool.js"
import { Puppet } from "./support/puppet.js"

const never: TestConnector.TestScript = { respond: () => ({ never: true }) }

/** A request that is still running just before the time, and has failed at it. */
const timesOutAfter = (pool: ConnectionPool.Service, millis: number, request: PoolRequest.PoolRequest = { url }) =>
  Effect.gen(function*() {
    const fiber = yield* start(pool.execute(request))
    yield* TestClock.adjust(millis - 1)
    assertTrue(Option.isNone(yield* Fiber.poll(fiber)))
    yield* TestClock.adjust(1)
    return yield* joinFailure("RequestTimeout", fiber)
  })

describe("C8 acquireTimeout", () => {
  const busy = (
    story: (pool: ConnectionPool.Service) => Effect.Effect<void>,
    options: PoolConfig.PoolOptions = {}
  ) =>
    withPool((pool) => Effect.zipRight(start(pool.execute({ url })), story(pool)), never, {
      maxConnectionsPerOrigin: 1,
      ...options
    })

  it.effect("C8 ends the wait for a connection, exactly, and says what was in the way", () =>
    busy((pool) =>
      Effect.gen(function*() {
        const waiting = yield* start(pool.execute({ url }))
        yield* TestClock.adjust(29_999)
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
        yield* TestClock.adjust(1)
        const error = yield* joinFailure("AcquireTimeout", waiting)
        deepStrictEqual([error.waited, error.progress, error.cause], [30_000, "not-sent", undefined])
        deepStrictEqual({ ...error.stats }, { connecting: 0, active: 1, idle: 0, waiting: 0, limit: 1 })
        assertTrue(error.message.includes("maxConnectionsPerOrigin"))
        deepStrictEqual((yield* pool.stats).failures, { AcquireTimeout: 1 })
      })
    ))

  it.effect("C8 may be another of a request, or none", () =>
    busy((pool) =>
      Effect.gen(function*() {
        const short = yield* start(pool.execute({ url, acquireTimeout: "2 seconds" }))
        const none = yield* start(pool.execute({ url, acquireTimeout: "none" }))
        yield* TestClock.adjust("2 seconds")
        strictEqual((yield* joinFailure("AcquireTimeout", short)).waited, 2000)
        yield* TestClock.adjust("1 hour")
        assertTrue(Option.isNone(yield* Fiber.poll(none)))
      }), { headersTimeout: "none" }))

  for (
    const [moment, after] of [["just before", 999], ["in the very moment of", 1000], ["just after", 1001]] as const
  ) {
    it.effect(`C8 whose connection comes back ${moment} its end is an answer or a failure, and nothing is lost`, () =>
      withPool(
        (pool, network) =>
          Effect.gen(function*() {
            const first = yield* start(pool.execute({ url }))
            const second = yield* start(pool.execute({ url }))
            yield* TestClock.adjust(1000)
            yield* TestClock.adjust(1)
            strictEqual((yield* Fiber.join(first)).status, 200)
            const exit = yield* Effect.exit(Fiber.join(second))
            // The same on both sides: who was answered was sent, and nobody else.
            strictEqual((yield* network.requests).length, Exit.isSuccess(exit) ? 2 : 1)
            if (moment !== "in the very moment of") strictEqual(Exit.isSuccess(exit), after < 1000)
            yield* assertAtRest(pool)
            strictEqual((yield* pool.execute({ url: `${url}next` })).connectionId, 0)
          }),
        { respond: ({ index, url }) => ({ delay: index === 0 && !url.endsWith("next") ? after : 0 }) },
        { maxConnectionsPerOrigin: 1, acquireTimeout: 1000 }
      ))
  }

  it.effect("C8 holds for a lease too", () =>
    busy((pool) =>
      Effect.gen(function*() {
        const lease = yield* start(Effect.scoped(pool.lease(url)))
        yield* TestClock.adjust(1000)
        yield* joinFailure("AcquireTimeout", lease)
      }), { acquireTimeout: 1000 }))

  it.effect("C8 is not over as long as the connection comes in time", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url, acquireTimeout: 101 }))
          yield* TestClock.adjust(100)
          strictEqual((yield* Fiber.join(request)).timings.queued, 100)
        }),
      { connect: () => ({ delay: 100 }) }
    ))
})

describe("C8 headersTimeout", () => {
  it.effect("C8 runs from the request sent to the headers", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const error = yield* timesOutAfter(pool, 300_000)
          deepStrictEqual(
            [error.phase, error.option, error.timeout, error.progress, error.stats],
            ["headers", "headersTimeout", 300_000, "maybe-sent", undefined]
          )
          strictEqual((yield* pool.stats).idle, 0)
          yield* assertAtRest(pool)
        }),
      never
    ))

  it.effect("C8 may be another of a request, or none", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          strictEqual((yield* timesOutAfter(pool, 2000, { url, headersTimeout: 2000 })).option, "headersTimeout")
          const none = yield* start(pool.execute({ url, headersTimeout: "none" }))
          yield* TestClock.adjust("20 minutes")
          assertTrue(Option.isNone(yield* Fiber.poll(none)))
        }),
      never
    ))

  it.effect("C8 begins when a streamed body is sent", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const body = Stream.concat(
            Stream.make(bytes(1)),
            Stream.fromEffect(Effect.delay(Effect.succeed(bytes(1)), 900))
          )
          const request = yield* start(pool.execute({ url, method: "POST", body, headersTimeout: 500 }))
          yield* TestClock.adjust(900)
          yield* TestClock.adjust(499)
          assertTrue(Option.isNone(yield* Fiber.poll(request)))
          yield* TestClock.adjust(1)
          strictEqual((yield* joinFailure("RequestTimeout", request)).phase, "headers")
        }),
      never
    ))

  it.effect("C8 runs while the server takes nothing of a streamed body, and starts again when it does", () => {
    const puppet = new Puppet()
    puppet.write = () => false
    return withConnector(() => Effect.succeed(puppet), (pool) =>
      Effect.gen(function*() {
        const body = Stream.concat(Stream.make(bytes(1)), Stream.fromEffect(Effect.delay(Effect.succeed(bytes(1)), 90)))
        const sending = yield* start(pool.execute({ url, method: "POST", body, headersTimeout: 100 }))
        yield* TestClock.adjust(99)
        puppet.observer!.onDrain()
        // The source takes its time; that is not the server's.
        yield* TestClock.adjust(90)
        yield* TestClock.adjust(99)
        assertTrue(Option.isNone(yield* Fiber.poll(sending)))
        yield* TestClock.adjust(1)
        const error = yield* joinFailure("RequestTimeout", sending)
        deepStrictEqual([error.phase, error.option, error.progress], ["headers", "headersTimeout", "maybe-sent"])
        strictEqual(puppet.calls.at(-1), "close")
        yield* assertAtRest(pool)
      }))
  })

  it.effect("C8 does not hold for the body", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url, headersTimeout: 500 }))
          yield* TestClock.adjust(400)
          yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(request)).text, "a")
        }),
      { respond: () => ({ delay: 400, pieceDelay: 1000, body: "a" }) }
    ))
})

describe("C8 bodyTimeout", () => {
  const slow: TestConnector.TestScript = { respond: () => ({ pieceDelay: 1000, body: ["a", "b", "c"] }) }

  it.effect("C8 is between two pieces, not over all of them", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url, bodyTimeout: 1001 }))
          for (let i = 0; i < 3; i++) yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(request)).text, "abc")
        }),
      slow
    ))

  it.effect("C8 ends an answer whose first piece does not come", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const error = yield* timesOutAfter(pool, 900)
          deepStrictEqual(
            [error.phase, error.option, error.timeout, error.progress],
            ["body", "bodyTimeout", 900, "response-started"]
          )
          yield* assertAtRest(pool)
        }),
      slow,
      { bodyTimeout: 900 }
    ))

  it.effect("C8 does not run while the reader holds back", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url, bodyTimeout: 500 })
          yield* settle
          yield* TestClock.adjust("1 hour")
          strictEqual((yield* exchange.bytes).length, 200_000)
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ body: [bytes(100_000), bytes(100_000)] }) },
      { leakThreshold: "none" }
    ))

  it.effect("C8 does not run while a reader who has begun thinks about what he took", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const reader = yield* start(Effect.flatMap(pool.open({ url, bodyTimeout: 500 }), ({ body }) =>
            Stream.runForEachChunk(body, () => Effect.sleep(5000))))
          for (let i = 0; i < 20; i++) {
            yield* TestClock.adjust(1000)
          }
          yield* Fiber.join(reader)
          yield* assertAtRest(pool)
          strictEqual((yield* pool.stats).bytesReceived, 200_000)
        }),
      { respond: () => ({ pieceDelay: 100, body: Array.from({ length: 5 }, () => bytes(40_000)) }) }
    ))

  it.effect("C8 runs while the reader of a stream waits, if the request set it", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const read = (bodyTimeout?: number) =>
            start(Effect.scoped(
              Effect.flatMap(pool.stream({ url, bodyTimeout }), ({ body }) =>
                Stream.runForEach(body, () => Effect.sleep(5000)))
            ))
          const patient = yield* read()
          const strict = yield* read(900)
          yield* TestClock.adjust(900)
          const error = yield* joinFailure("RequestTimeout", strict)
          deepStrictEqual([error.phase, error.option, error.timeout], ["body", "bodyTimeout", 900])
          for (let i = 0; i < 4; i++) {
            yield* TestClock.adjust(5000)
          }
          yield* Fiber.join(patient)
          yield* assertAtRest(pool)
        }),
      slow,
      { bodyTimeout: 10 }
    ))

  it.effect("C8 of the pool holds for bytes of an open exchange", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          const reader = yield* start(exchange.bytes)
          yield* TestClock.adjust(700)
          strictEqual((yield* joinFailure("RequestTimeout", reader)).timeout, 700)
        }),
      slow,
      { bodyTimeout: 700 }
    ))

  it.effect("C8 may be none", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url, bodyTimeout: "none" }))
          for (let i = 0; i < 3; i++) yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(request)).text, "abc")
        }),
      slow,
      { bodyTimeout: 700 }
    ))
})

describe("C8 requestTimeout", () => {
  it.effect("C8 while waiting", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url, timeout: "none" }))
          const error = yield* timesOutAfter(pool, 1000)
          deepStrictEqual(
            [error.phase, error.option, error.timeout, error.progress],
            ["waiting", "requestTimeout", 1000, "not-sent"]
          )
          deepStrictEqual({ ...error.stats }, { connecting: 0, active: 1, idle: 0, waiting: 1, limit: 1 })
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        }),
      never,
      { maxConnectionsPerOrigin: 1, requestTimeout: 1000 }
    ))

  it.effect("C8 while connecting; the dial that nobody needs any more is ended", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const error = yield* timesOutAfter(pool, 1000, { url, timeout: "1 second" })
          deepStrictEqual([error.phase, error.progress, error.stats?.connecting], ["connecting", "not-sent", 1])
          yield* settle
          strictEqual(yield* network.dialling, 0)
          yield* assertAtRest(pool)
        }),
      { connect: () => ({ never: true }) }
    ))

  it.effect("C8 while the headers are awaited, the time before included", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const error = yield* timesOutAfter(pool, 1000, { url, timeout: 1000 })
          deepStrictEqual([error.phase, error.option, error.progress], ["headers", "requestTimeout", "maybe-sent"])
        }),
      { ...never, connect: () => ({ delay: 600 }) }
    ))

  it.effect("C8 while a streamed body is sent", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const body = Stream.concat(Stream.make(bytes(1)), Stream.never)
          strictEqual((yield* timesOutAfter(pool, 1000, { url, method: "POST", body, timeout: 1000 })).phase, "headers")
        }),
      never
    ))

  it.effect("C8 while the body comes, however lively", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url, timeout: 450 }))
          for (let i = 0; i < 4; i++) yield* TestClock.adjust(100)
          yield* TestClock.adjust(50)
          const error = yield* joinFailure("RequestTimeout", request)
          deepStrictEqual([error.phase, error.option, error.progress], ["body", "requestTimeout", "response-started"])
          strictEqual((yield* pool.stats).bytesReceived, 4)
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ pieceDelay: 100, body: ["a", "b", "c", "d", "e"] }) }
    ))

  it.effect("C8 fails the body of a stream whose headers have come", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url, timeout: 450 })
          yield* TestClock.adjust(450)
          strictEqual((yield* failsWith("RequestTimeout", exchange.bytes)).phase, "body")
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ pieceDelay: 1000, body: "a" }) }
    ))

  it.effect("C8 of a request that was answered is forgotten", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url, timeout: 1000 })
          yield* TestClock.adjust(2000)
          deepStrictEqual((yield* pool.stats).failures, {})
          strictEqual((yield* pool.stats).idle, 1)
        }),
      {},
      { idleTimeout: "none" }
    ))
})
