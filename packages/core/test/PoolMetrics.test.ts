import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Layer, Metric, MetricKeyType, Scope, TestClock } from "effect"
import { describe } from "vitest"
import { ConnectionPool, PoolMetrics } from "../src/index.js"
import { key, newName, seriesOf, shownOf } from "./support/metrics.js"
import { failsWith, otherUrl, poolLayer, settle, start, url, withConnector, withPool } from "./support/pool.js"
import { puppets } from "./support/puppet.js"

describe("metrics", () => {
  it.effect("count what happens at an origin", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* pool.execute({ url })
          yield* failsWith("ConnectionLost", pool.execute({ url: `${url}broken` }))
          const get = { "http.request.method": "GET" }
          deepStrictEqual(yield* seriesOf(name), {
            [key("http.client.connection.max")]: 50,
            [key("http.client.connection.idle.max")]: 50,
            [key("http.client.connection.create_time")]: 2,
            [key("http.client.connection.wait_time")]: 4,
            [key("http.client.connection.use_time")]: 4,
            [key("http.client.connection.duration")]: 2,
            [key("http.client.request.time_in_queue")]: 2,
            [key("http.client.request.duration", { ...get, "http.response.status_code": "200" })]: 2,
            [key("http.client.request.duration", { ...get, "error.type": "ConnectionLost" })]: 1,
            [key("http.client.pool.requests")]: 4,
            [key("http.client.pool.received")]: 10,
            [key("http.client.pool.connections.created")]: 2,
            [key("http.client.pool.connections.reused")]: 2,
            [key("http.client.pool.repeats")]: 1,
            [key("http.client.pool.failures", { "error.type": "ConnectionLost" })]: 1,
            [key("http.client.pool.connections.closed", { reason: "not_reusable" })]: 2
          })
        }),
      { respond: ({ url }) => url.endsWith("broken") ? { breaks: { how: "reset" } } : { body: "hello" } },
      { name }
    )
  })

  it.effect("show open connections by state and waiters, and return to 0", () => {
    const name = newName()
    return Effect.gen(function*() {
      yield* withPool(
        (pool) =>
          Effect.gen(function*() {
            yield* pool.warmUp([url], { connections: 2 })
            const state = Effect.map(seriesOf(name), (series) => [
              series[key("http.client.open_connections", { "http.connection.state": "active" })],
              series[key("http.client.open_connections", { "http.connection.state": "idle" })],
              series[key("http.client.connection.pending_requests")]
            ])
            deepStrictEqual(yield* state, [undefined, 2, undefined])
            const requests = yield* start(
              Effect.forEach([1, 2, 3, 4], () => pool.execute({ url }), { concurrency: "unbounded" })
            )
            deepStrictEqual(yield* state, [2, undefined, 2])
            yield* TestClock.adjust(100)
            deepStrictEqual(yield* state, [2, undefined, undefined])
            yield* TestClock.adjust(100)
            yield* Fiber.join(requests)
            deepStrictEqual(yield* state, [undefined, 2, undefined])
          }),
        { respond: () => ({ delay: 100 }) },
        { name, maxConnectionsPerOrigin: 2 }
      )
      deepStrictEqual(yield* shownOf(name), [])
    })
  })

  it.effect("return to 0 also after interruptions, time-outs, failed dials and a cut-off", () => {
    const name = newName()
    return Effect.gen(function*() {
      yield* withPool(
        (pool) =>
          Effect.gen(function*() {
            const running = yield* start(pool.execute({ url }))
            const waiting = yield* start(pool.execute({ url }))
            yield* start(pool.execute({ url, acquireTimeout: 10 }))
            yield* start(pool.execute({ url: otherUrl }))
            yield* start(pool.execute({ url: "http://third.test/" }))
            yield* TestClock.adjust(10)
            yield* Fiber.interruptAll([running, waiting])
            yield* start(pool.execute({ url }))
          }),
        {
          connect: (origin) => origin === "http://other.test" ? { fail: "Refused" } : {},
          respond: () => ({ never: true })
        },
        { name, maxConnectionsPerOrigin: 1 }
      )
      deepStrictEqual(yield* shownOf(name), [])
    })
  })

  it.effect("of a removed origin return to 0, and its late closes do not disturb those of its return", () => {
    const name = newName()
    const { connect, made } = puppets((puppet) => {
      puppet.confirms = false
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const idle = key("http.client.open_connections", { "http.connection.state": "idle" })
        const active = key("http.client.open_connections", { "http.connection.state": "active" })
        yield* pool.warmUp([url], { connections: 2 })
        strictEqual((yield* seriesOf(name))[idle], 2)
        yield* TestClock.adjust(2000)
        strictEqual((yield* seriesOf(name))[idle], undefined)
        const request = yield* start(pool.execute({ url }))
        for (const puppet of made.slice(0, 2)) puppet.confirmClose("local")
        strictEqual((yield* seriesOf(name))[active], 1)
        yield* Fiber.interrupt(request)
        made.at(-1)!.confirmClose("local")
        strictEqual((yield* seriesOf(name))[active], undefined)
      }), { name, housekeepingInterval: 1000 })
  })

  it.effect("of two pools with two names are apart, and with one name add up", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const build = (name: string) =>
        Effect.flatMap(Layer.buildWithScope(poolLayer({}, { name }), scope), (context) =>
          Effect.provide(ConnectionPool.ConnectionPool, context))
      const [shared, other] = [newName(), newName()]
      const pools = yield* Effect.forEach([shared, shared, other], build)
      for (const pool of pools) {
        yield* pool.execute({ url })
      }
      const idle = key("http.client.open_connections", { "http.connection.state": "idle" })
      const told = Effect.map(
        Effect.all([seriesOf(shared), seriesOf(other)]),
        (all) =>
          all.map((series) => [series[idle], series[key("http.client.pool.requests")]])
      )
      deepStrictEqual(yield* told, [[2, 2], [1, 1]])
      yield* pools[0]!.closeIdle
      deepStrictEqual(yield* told, [[1, 2], [1, 1]])
      yield* Scope.close(scope, Exit.void)
      deepStrictEqual(yield* told, [[undefined, 2], [undefined, 1]])
    }))

  it.effect("C11 name maxMetricOrigins origins at most; the rest is _OTHER", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) yield* pool.execute({ url: `http://host${i}.test/` })
          yield* pool.execute({ url: "http://host0.test/" })
          const requests = Object.entries(yield* seriesOf(name)).filter(([series]) =>
            series.startsWith("http.client.pool.requests")
          )
          const address = (host: string) => ({ "server.address": host, "server.port": "80", "url.scheme": "http" })
          deepStrictEqual(
            Object.fromEntries(requests),
            {
              [key("http.client.pool.requests", {}, address("host0.test"))]: 2,
              [key("http.client.pool.requests", {}, address("host1.test"))]: 1,
              [key("http.client.pool.requests", {}, { "server.address": "_OTHER" })]: 3
            }
          )
          yield* settle
        }),
      {},
      { name, maxMetricOrigins: 2 }
    )
  })

  it.effect("C11 may name no origin at all", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          const { ["http.client.pool.requests"]: requests } = Object.fromEntries(
            Object.entries(yield* seriesOf(name)).map(([series, value]) => [series.replace(/\{.*/, ""), value])
          )
          strictEqual(requests, 1)
        }),
      {},
      { name, maxMetricOrigins: 0 }
    )
  })

  it.effect("are exported under their names, and can be tagged and read", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          const tagged = PoolMetrics.requests.pipe(
            Metric.tagged("http.client.connection.pool.name", name),
            Metric.tagged("server.address", "server.test"),
            Metric.tagged("server.port", "80"),
            Metric.tagged("url.scheme", "http")
          )
          strictEqual((yield* Metric.value(tagged)).count, 1)
          strictEqual(MetricKeyType.isGaugeKey(PoolMetrics.maxConnections.keyType), true)
        }),
      {},
      { name }
    )
  })
})
