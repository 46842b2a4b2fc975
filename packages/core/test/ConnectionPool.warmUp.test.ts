import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import { describe } from "vitest"
import { ConnectionPool, PoolError, TestConnector } from "../src/index.js"
import { assertAtRest, counts, failsWith, otherUrl, poolLayer, settle, start, url, withPool } from "./support/pool.js"

describe("a warm-up", () => {
  it.effect("spares the first request the dial: its timings have none", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const warm = yield* Effect.fork(pool.warmUp([url]))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(warm)
        const { reused, timings } = yield* pool.execute({ url })
        deepStrictEqual([reused, timings.queued, timings.connect], [false, 0, 0])
      }), { connect: () => ({ delay: "1 second" }) }))

  it.effect("opens one connection to each origin, and says so", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        deepStrictEqual(yield* pool.warmUp([`${url}path`, new URL(otherUrl)]), {
          opened: 2,
          origins: [
            { origin: "http://server.test", opened: 1, failures: [] },
            { origin: "http://other.test", opened: 1, failures: [] }
          ]
        })
        deepStrictEqual(yield* counts(pool), [0, 0, 2, 0])
        const { reused, timings } = yield* pool.execute({ url })
        deepStrictEqual([reused, timings.queued], [false, 0])
        strictEqual((yield* pool.stats).opened, 2)
      })
    ))

  it.effect("opens only what is lacking", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        strictEqual((yield* pool.warmUp([url], { connections: 2 })).opened, 2)
        strictEqual((yield* pool.warmUp([url], { connections: 5 })).opened, 3)
        strictEqual((yield* pool.warmUp([url], { connections: 3 })).opened, 0)
        strictEqual((yield* pool.warmUp([url, url], { connections: 6 })).opened, 1)
      })
    ))

  it.effect("takes all its connections at once, and waits for the last", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const warmUp = yield* start(pool.warmUp([url], { connections: 3 }))
          strictEqual((yield* pool.stats).connecting, 3)
          yield* TestClock.adjust(20)
          deepStrictEqual(yield* counts(pool), [1, 0, 2, 0])
          yield* TestClock.adjust(10)
          strictEqual((yield* Fiber.join(warmUp)).opened, 3)
        }),
      { connect: (_, dial) => ({ delay: 10 * (dial + 1) }) }
    ))

  it.effect("keeps to the limits", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const report = yield* pool.warmUp([url, otherUrl, "http://third.test"], { connections: 10 })
          deepStrictEqual(report.origins.map(({ opened }) => opened), [3, 2, 0])
          yield* settle
          strictEqual((yield* pool.stats).idle, 5)
          // The origin that got nothing is known and looked after as any other.
          strictEqual((yield* pool.stats).origins.length, 3)
          yield* TestClock.adjust(2000)
          deepStrictEqual((yield* pool.stats).origins, [])
        }),
      {},
      { maxConnections: 5, maxConnectionsPerOrigin: 3, housekeepingInterval: 1000 }
    ))

  it.effect("reports the dials that failed, and does not fail itself", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const warmUp = yield* start(pool.warmUp([url, otherUrl], { connections: 2 }))
          yield* TestClock.adjust(3000)
          const report = yield* Fiber.join(warmUp)
          strictEqual(report.opened, 1)
          deepStrictEqual(
            report.origins.map(({ failures }) => failures.map(({ _tag }) => _tag)),
            [["ConnectFailed"], ["ConnectTimeout", "ConnectTimeout"]]
          )
          yield* assertAtRest(pool)
        }),
      {
        connect: (origin, dial) =>
          origin === "http://other.test" ? { never: true } : dial === 0 ? { fail: "Refused" } : { delay: 10 }
      }
    ))

  it.effect("serves a request that comes meanwhile", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const warmUp = yield* start(pool.warmUp([url]))
          const request = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(10)
          yield* Fiber.join(request)
          strictEqual((yield* Fiber.join(warmUp)).opened, 1)
          strictEqual(yield* network.dials, 1)
        }),
      { connect: () => ({ delay: 10 }) }
    ))

  it.effect("that is interrupted does not take its dials from who waits for them", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const warmUp = yield* start(pool.warmUp([url]))
          const request = yield* start(pool.execute({ url }))
          yield* Fiber.interrupt(warmUp)
          yield* TestClock.adjust(10)
          strictEqual((yield* Fiber.join(request)).status, 200)
          yield* assertAtRest(pool)
        }),
      { connect: () => ({ delay: 10 }) }
    ))

  for (const connections of [0, -1, 1.5, NaN, Infinity]) {
    it.effect(`refuses ${connections} connections`, () =>
      withPool((pool, network) =>
        Effect.gen(function*() {
          const error = yield* failsWith("InvalidRequest", pool.warmUp([url], { connections }))
          strictEqual(error.field, "connections")
          strictEqual(yield* network.dials, 0)
        })
      ))
  }

  it.effect("refuses an origin that is none before it dials any", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        strictEqual((yield* failsWith("InvalidRequest", pool.warmUp([url, "nowhere"]))).field, "url")
        strictEqual(yield* network.dials, 0)
      })
    ))
})

describe("the warm-up of the options", () => {
  const build = (script: TestConnector.TestScript, required: boolean) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const network = yield* Layer.buildWithScope(TestConnector.layer(script), scope)
      const layer = ConnectionPool.layer({
        drainTimeout: 0,
        warmUp: { origins: [url, otherUrl], connections: 2, required }
      })
      const pool = yield* Layer.buildWithScope(layer, scope).pipe(
        Effect.provide(network),
        Effect.flatMap((context) => Effect.provide(ConnectionPool.ConnectionPool, context)),
        Effect.exit
      )
      yield* Scope.close(scope, Exit.void)
      const connections = yield* Effect.flatMap(TestConnector.TestConnector, (service) => service.connections).pipe(
        Effect.provide(network)
      )
      return { pool, connections }
    })
  const otherRefused: TestConnector.TestScript = {
    connect: (origin) => origin === "http://other.test" ? { fail: "Refused" } : {}
  }

  it.effect("is done when the layer is built", () =>
    Effect.gen(function*() {
      const options = { warmUp: { origins: [url], connections: 2 } }
      const idle = yield* Effect.flatMap(ConnectionPool.ConnectionPool, (pool) => pool.stats).pipe(
        Effect.map((stats) => stats.idle),
        Effect.provide(poolLayer({}, options))
      )
      strictEqual(idle, 2)
    }))

  it.effect("fails the layer where it is required, and leaves nothing open", () =>
    Effect.gen(function*() {
      const { connections, pool } = yield* build(otherRefused, true)
      assertTrue(
        Exit.isFailure(pool) && pool.cause._tag === "Fail" && pool.cause.error instanceof PoolError.ConnectFailed
      )
      deepStrictEqual(connections.map(({ open }) => open), [false, false])
    }))

  it.effect("does not fail the layer where it is not", () =>
    Effect.gen(function*() {
      const { connections, pool } = yield* build(otherRefused, false)
      assertTrue(Exit.isSuccess(pool))
      strictEqual(connections.length, 2)
    }))
})
