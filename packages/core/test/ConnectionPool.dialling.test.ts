import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool } from "../src/index.js"
import { PoolError, type TestConnector } from "../src/index.js"
import {
  assertAtRest,
  counts,
  failsWith,
  joinFailure,
  otherUrl,
  settle,
  start,
  url,
  withConnector,
  withPool
} from "./support/pool.js"
import { puppets } from "./support/puppet.js"

const refused: TestConnector.TestScript = { connect: () => ({ delay: 10, fail: "Refused" }) }
const many = (count: number, pool: ConnectionPool.Service, target = url) =>
  start(Effect.forEach(Array.from({ length: count }), () => Effect.either(pool.execute({ url: target })), {
    concurrency: "unbounded"
  }))

describe("C7 a failed dial", () => {
  it.effect("C7 fails its request with ConnectFailed", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(10)
          const error = yield* joinFailure("ConnectFailed", request)
          deepStrictEqual([error.reason, error.origin, error.progress], ["Refused", "http://server.test", "not-sent"])
          assertTrue(PoolError.isSafeToRepeat(error, { method: "POST" }))
          deepStrictEqual((yield* pool.stats).failures, { ConnectFailed: 1 })
          yield* assertAtRest(pool)
        }),
      refused
    ))

  it.effect("C7 that takes too long fails its request with ConnectTimeout, and is ended", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(2999)
          strictEqual((yield* pool.stats).connecting, 1)
          yield* TestClock.adjust(1)
          const error = yield* joinFailure("ConnectTimeout", request)
          deepStrictEqual([error.timeout, error.progress], [3000, "not-sent"])
          yield* settle
          strictEqual(yield* network.dialling, 0)
          yield* assertAtRest(pool)
        }),
      { connect: () => ({ never: true }) }
    ))

  it.effect("C7 fails 1,000 waiters all at once", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const requests = yield* many(1000, pool)
          deepStrictEqual(yield* counts(pool), [50, 0, 0, 1000])
          yield* TestClock.adjust(10)
          const answers = yield* Fiber.join(requests)
          strictEqual(answers.length, 1000)
          for (const answer of answers) {
            assertTrue(answer._tag === "Left" && answer.left._tag === "ConnectFailed")
          }
          strictEqual(yield* network.dials, 50)
          yield* assertAtRest(pool)
        }),
      refused
    ))

  it.effect("C7 makes the key dial one at a time until a dial succeeds", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* many(3, pool)
          yield* TestClock.adjust(10)
          yield* Fiber.join(first)
          strictEqual(yield* network.dials, 3)
          const second = yield* many(3, pool)
          strictEqual(yield* network.dials, 4)
          yield* TestClock.adjust(10)
          yield* Fiber.join(second)
          strictEqual(yield* network.dials, 4)
          const third = yield* many(3, pool)
          strictEqual(yield* network.dialling, 1)
          yield* TestClock.adjust(10)
          // The dial succeeded, so the two others need not wait for one another any more.
          yield* settle
          strictEqual(yield* network.dials, 7)
          yield* TestClock.adjust(200)
          deepStrictEqual((yield* Fiber.join(third)).map(({ _tag }) => _tag), ["Right", "Right", "Right"])
        }),
      {
        connect: (_, dial) => dial < 4 ? { delay: 10, fail: "Refused" } : { delay: 10 },
        respond: () => ({ delay: 100 })
      }
    ))

  it.effect("C7 fails nobody who has an open connection to wait for", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const busy = yield* start(pool.execute({ url }))
          const waiting = yield* start(pool.execute({ url }))
          strictEqual(yield* network.dials, 2)
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(busy)).connectionId, 0)
          yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(waiting)).reused, true)
        }),
      { connect: (_, dial) => dial === 0 ? {} : { fail: "Refused" }, respond: () => ({ delay: 1000 }) }
    ))

  it.effect("C7 is the cause of an AcquireTimeout of who went on waiting", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          const waiting = yield* start(pool.execute({ url, acquireTimeout: 500 }))
          yield* TestClock.adjust(500)
          const error = yield* joinFailure("AcquireTimeout", waiting)
          assertTrue(error.cause instanceof PoolError.ConnectFailed)
          assertTrue(error.message.endsWith(": cannot connect to http://server.test (Refused)"))
        }),
      { connect: (_, dial) => dial === 0 ? {} : { fail: "Refused" }, respond: () => ({ never: true }) }
    ))

  it.effect("C7 is no cause any more once a dial has succeeded", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* failsWith("ConnectFailed", pool.execute({ url }))
          yield* start(pool.execute({ url }))
          const waiting = yield* start(pool.execute({ url, acquireTimeout: 500 }))
          yield* TestClock.adjust(500)
          strictEqual((yield* joinFailure("AcquireTimeout", waiting)).cause, undefined)
        }),
      { connect: (_, dial) => dial === 0 ? { fail: "Refused" } : {}, respond: () => ({ never: true }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("C7 does not touch the waiters of another origin", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const other = yield* start(pool.execute({ url: otherUrl }))
          const failed = yield* many(3, pool)
          yield* TestClock.adjust(10)
          yield* Fiber.join(failed)
          yield* TestClock.adjust(10)
          strictEqual((yield* Fiber.join(other)).status, 200)
        }),
      { connect: (origin) => origin === "http://other.test" ? { delay: 20 } : { delay: 10, fail: "Dns" } }
    ))

  it.effect("C7 lets the next request try again at once", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) yield* failsWith("ConnectFailed", pool.execute({ url }))
          strictEqual((yield* pool.execute({ url })).status, 200)
          strictEqual(yield* network.dials, 6)
          yield* assertAtRest(pool)
        }),
      { connect: (_, dial) => dial < 5 ? { fail: "Unreachable" } : {} }
    ))
})

describe("a dial", () => {
  it.effect("that is overtaken becomes idle", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          const second = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(10)
          strictEqual((yield* Fiber.join(first)).connectionId, 0)
          strictEqual((yield* Fiber.join(second)).connectionId, 0)
          deepStrictEqual(yield* counts(pool), [1, 0, 1, 0])
          yield* TestClock.adjust(90)
          deepStrictEqual(yield* counts(pool), [0, 0, 2, 0])
        }),
      { connect: (_, dial) => ({ delay: dial === 0 ? 10 : 100 }) }
    ))

  it.effect("goes on when its request was timed out: who asks next is glad of it", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url, acquireTimeout: 50 }))
          yield* TestClock.adjust(50)
          yield* joinFailure("AcquireTimeout", first)
          const second = yield* start(pool.execute({ url, acquireTimeout: 60 }))
          yield* TestClock.adjust(50)
          strictEqual(Exit.isSuccess(yield* Fiber.await(second)), true)
          strictEqual(yield* network.dials, 1)
        }),
      { connect: () => ({ delay: 100 }) }
    ))

  it.effect("C7 whose connection is gone by the time that it is told has failed, and is not repeated for ever", () => {
    const { connect, made } = puppets((puppet) => {
      puppet.onClose = (onClose) => onClose("closed")
    })
    return withConnector(
      // Without an end it could not be seen that there is none.
      (target) => made.length >= 1_000 ? Effect.never : connect(target),
      (pool) =>
        Effect.gen(function*() {
          const requests = yield* many(3, pool)
          for (const answer of yield* Fiber.join(requests)) {
            assertTrue(answer._tag === "Left" && answer.left._tag === "ConnectFailed")
            strictEqual(answer.left.reason, "Reset")
          }
          strictEqual(made.length, 3)
          deepStrictEqual((yield* pool.stats).failures, { ConnectFailed: 3 })
          yield* assertAtRest(pool)
        })
    )
  })
})
