import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, TestConnector } from "../src/index.js"
import { keepingLog } from "./support/log.js"
import { otherUrl, settle, start, url, withPool } from "./support/pool.js"

const never = { respond: () => ({ never: true }) } as const
const one = { maxConnectionsPerOrigin: 1, acquireTimeout: "none" } as const

const logged = <A, E>(
  story: (pool: ConnectionPool.Service, log: ReadonlyArray<string>) => Effect.Effect<A, E>,
  script: TestConnector.TestScript = never,
  options: PoolConfig.PoolOptions = one
) => keepingLog((log) => withPool((pool) => story(pool, log), script, options))

/** Lets time pass, and the log be written. */
const pass = (duration: Parameters<typeof TestClock.adjust>[0]) => Effect.zipRight(TestClock.adjust(duration), settle)

describe("an origin whose queue does not become empty", () => {
  it.effect("is logged after saturationThreshold, with who holds its connections and how many wait", () =>
    logged((pool, log) =>
      Effect.gen(function*() {
        yield* start(pool.execute({ url: `${url}slow?key=secret` }))
        yield* pass("2 seconds")
        yield* start(pool.execute({ url }))
        yield* pass("4 seconds")
        yield* start(pool.execute({ url }))
        yield* pass("5999 millis")
        deepStrictEqual(log, [])
        yield* pass(1)
        deepStrictEqual(log, [
          "WARN requests to http://server.test have waited for 10 s without a break: 1 of 1 connections are busy; the longest held " +
          "12 s by GET /slow (headers); 2 waiting, the oldest for 10 s " +
          "{\"holders\":[\"GET /slow (headers) for 12 s\"],\"pool\":\"default\"}"
        ])
      })
    ))

  it.effect("is logged once a minute at most, also when the queue was empty in between", () =>
    logged(
      (pool, log) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          const waiting = yield* start(pool.execute({ url }))
          yield* pass("69 seconds")
          strictEqual(log.length, 1)
          yield* pass("1 second")
          strictEqual(log.length, 2)
          yield* Fiber.interrupt(waiting)
          yield* pass("5 seconds")
          const leaving = yield* start(pool.execute({ url }))
          yield* pass("5 seconds")
          yield* Fiber.interrupt(leaving)
          yield* pass("10 seconds")
          yield* start(pool.execute({ url }))
          yield* pass("39 seconds")
          strictEqual(log.length, 2)
          yield* pass("1 second")
          strictEqual(log.length, 3)
        })
    ))

  it.effect("is logged with the dial that failed meanwhile", () =>
    logged(
      (pool, log) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          yield* start(pool.execute({ url }))
          yield* pass("10 seconds")
          assertTrue(
            /1 of 2 connections are busy; .*; the last dial failed \d.* ago: cannot connect to http:\/\/server.test \(Refused\)/
              .test(log[0]!),
            log[0]
          )
        }),
      { ...never, connect: (_, dial) => dial === 0 ? {} : { fail: "Refused" } },
      { ...one, maxConnectionsPerOrigin: 2 }
    ))

  it.effect("is told apart from others", () =>
    logged((pool, log) =>
      Effect.gen(function*() {
        for (const target of [url, otherUrl]) {
          yield* start(pool.execute({ url: target }))
          yield* start(pool.execute({ url: target }))
          yield* pass("5 seconds")
        }
        deepStrictEqual(log.map((line) => line.slice(0, 35)), ["WARN requests to http://server.test"])
        yield* pass("5 seconds")
        assertTrue(log[1]!.startsWith("WARN requests to http://other.test"), log[1])
      })
    ))

  it.effect("is logged however short each single wait is", () =>
    logged(
      (pool, log) =>
        Effect.gen(function*() {
          const loop = Effect.forever(pool.execute({ url }))
          for (let i = 0; i < 3; i++) yield* start(loop)
          for (let i = 0; i < 10; i++) yield* pass("1 second")
          strictEqual(log.length, 1)
          assertTrue(log[0]!.includes("2 waiting, the oldest for 1 s"), log[0])
        }),
      { respond: () => ({ delay: "1 second" }) }
    ))
})

describe("nothing is logged", () => {
  it.effect("of a queue that becomes empty, however often it fills", () =>
    logged(
      (pool, log) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) {
            const burst = yield* start(Effect.all([1, 2].map(() => pool.execute({ url })), { concurrency: 2 }))
            for (let j = 0; j < 2; j++) yield* pass("7 seconds")
            yield* Fiber.join(burst)
          }
          deepStrictEqual(log, [])
        }),
      { respond: () => ({ delay: "7 seconds" }) }
    ))

  it.effect("of those who wait for a connection that is being opened", () =>
    logged(
      (pool, log) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          yield* pass("25 seconds")
          deepStrictEqual(log, [])
        }),
      { connect: () => ({ never: true }) },
      { ...one, connectTimeout: "30 seconds" }
    ))

  it.effect("with saturationThreshold none", () =>
    logged(
      (pool, log) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          yield* start(pool.execute({ url }))
          yield* pass("10 minutes")
          deepStrictEqual(log, [])
        }),
      { respond: () => ({ delay: "20 minutes" }) },
      { ...one, headersTimeout: "none", saturationThreshold: "none" }
    ))
})
