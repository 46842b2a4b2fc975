import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Layer, Logger, LogLevel, Metric, MetricKeyType, Scope, TestClock } from "effect"
import { describe } from "vitest"
import { ConnectionPool, PoolMetrics } from "../src/index.js"
import { key, newName, secondsOf, seriesOf, shownOf, statesOf } from "./support/metrics.js"
import { failsWith, otherUrl, poolLayer, start, url, withConnector, withPool } from "./support/pool.js"
import { puppets } from "./support/puppet.js"

/** The series of one metric, by their attributes but those of the origin, with what each has counted. */
const attributesOf = (poolName: string, metric: string) =>
  Effect.map(seriesOf(poolName), (series) =>
    Object.entries(series).flatMap(([name, value]) => {
      if (!name.startsWith(`${metric}{`)) return []
      const tags = JSON.parse(name.slice(metric.length)) as Record<string, string>
      const { "http.request.method": method, "http.response.status_code": status, "error.type": error } = tags
      return [[method, status, error, value]]
    }))

const duration = "http.client.request.duration"

describe("metrics of requests", () => {
  it.effect("tell how they ended: by method, status and error", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url, method: "POST" })
          yield* pool.execute({ url, method: "REPORT" })
          yield* pool.execute({ url: `${url}404` })
          yield* pool.execute({ url: `${url}404` })
          yield* pool.execute({ url })
          yield* failsWith("ConnectionLost", pool.execute({ url: `${url}half` }))
          yield* Fiber.interrupt(yield* start(pool.execute({ url: `${url}never` })))
          yield* Effect.scoped(pool.stream({ url: `${url}unread` }))
          deepStrictEqual(yield* attributesOf(name, duration), [
            ["POST", "200", undefined, 1],
            ["_OTHER", "200", undefined, 1],
            ["GET", "404", "404", 2],
            ["GET", "200", undefined, 1],
            ["GET", "200", "ConnectionLost", 1],
            ["GET", undefined, "Interrupted", 1],
            ["GET", "200", "Interrupted", 1]
          ])
          deepStrictEqual(yield* attributesOf(name, "http.client.active_requests"), [])
        }),
      {
        respond: ({ url }) => {
          if (url.endsWith("404")) return { status: 404 }
          if (url.endsWith("half")) return { body: "hello", breaks: { how: "reset", afterBytes: 2 } }
          if (url.endsWith("unread")) return { body: [new Uint8Array(200_000)] }
          return url.endsWith("never") ? { never: true } : {}
        }
      },
      { name }
    )
  })

  it.effect("C11 tell 64 ends apart at an origin, and no more", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          for (let status = 300; status < 400; status++) yield* pool.execute({ url: `${url}${status}` })
          for (let status = 400; status < 500; status++) yield* pool.execute({ url: `${url}${status}` })
          for (let i = 0; i < 2; i++) yield* pool.execute({ url: `${url}300` })
          const ends = yield* attributesOf(name, duration)
          deepStrictEqual([ends.length, ends[0]], [66, ["GET", "300", undefined, 3]])
          deepStrictEqual(ends.slice(-2), [["GET", "_OTHER", undefined, 36], ["GET", "_OTHER", "_OTHER", 100]])
        }),
      { respond: ({ url }) => ({ status: Number(url.slice(-3)) }) },
      { name }
    )
  })

  it.effect("count those that run, from the call to the last byte", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(Effect.all([pool.execute({ url }), pool.execute({ url })], { concurrency: 2 }))
          const active = attributesOf(name, "http.client.active_requests")
          deepStrictEqual(yield* active, [["GET", undefined, undefined, 2]])
          yield* TestClock.adjust(50)
          deepStrictEqual(yield* active, [["GET", undefined, undefined, 1]])
          yield* TestClock.adjust(50)
          yield* Fiber.join(running)
          deepStrictEqual(yield* active, [])
        }),
      { respond: () => ({ delay: 50 }) },
      { name, maxConnectionsPerOrigin: 1 }
    )
  })

  it.effect("tell in seconds how long they took, waited and used their connection", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          const both = yield* start(Effect.all([pool.execute({ url }), pool.execute({ url })], { concurrency: 2 }))
          for (const millis of [100, 500, 500]) yield* TestClock.adjust(millis)
          yield* Fiber.join(both)
          yield* TestClock.adjust(30_000)
          const get = { "http.request.method": "GET", "http.response.status_code": "200" }
          const told = (metric: string, tags = {}) => secondsOf(name, key(metric, tags))
          strictEqual(yield* told("http.client.connection.create_time"), 0.1)
          // The first waits for the dial, the second for the first.
          strictEqual(yield* told("http.client.connection.wait_time"), 0.1 + 0.6)
          strictEqual(yield* told("http.client.request.time_in_queue"), 0.1 + 0.6)
          strictEqual(yield* told("http.client.connection.use_time"), 0.5 + 0.5)
          strictEqual(yield* told("http.client.request.duration", get), 0.6 + 1.1)
          strictEqual(yield* told("http.client.connection.duration"), 31)
        }),
      { connect: () => ({ delay: 100 }), respond: () => ({ delay: 500 }) },
      { name, maxConnectionsPerOrigin: 1 }
    )
  })

  it.effect("tell of the queue whoever was in it: who got nothing in time, who went away, and nobody else", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url])
          yield* start(pool.execute({ url }))
          const late = yield* start(failsWith("AcquireTimeout", pool.execute({ url })))
          const leaving = yield* start(pool.execute({ url, acquireTimeout: "none" }))
          yield* TestClock.adjust(2000)
          yield* Fiber.join(late)
          yield* TestClock.adjust(1000)
          yield* Fiber.interrupt(leaving)
          const series = yield* seriesOf(name)
          strictEqual(series[key("http.client.request.time_in_queue")], 2)
          strictEqual(yield* secondsOf(name, key("http.client.request.time_in_queue")), 2 + 3)
          strictEqual(series[key("http.client.connection.timeouts")], 1)
          strictEqual(series[key("http.client.connection.wait_time")], 1)
        }),
      { respond: () => ({ never: true }) },
      { name, maxConnectionsPerOrigin: 1, acquireTimeout: 2000 }
    )
  })

  it.effect("tell of the queue who comes back to it because the connection granted was dead", () => {
    const name = newName()
    const { connect, made } = puppets((puppet) => {
      // The first is idle, and dead: that shows only when it is to be used.
      if (made.length === 0) puppet.checkIdle = (done) => done(false)
    })
    const dial = (...args: Parameters<typeof connect>) => Effect.delay(connect(...args), 100)
    return withConnector(dial, (pool) =>
      Effect.gen(function*() {
        const warm = yield* start(pool.warmUp([url]))
        yield* TestClock.adjust(100)
        yield* Fiber.join(warm)
        const request = yield* start(pool.execute({ url }))
        yield* TestClock.adjust(100)
        strictEqual(made.length, 2)
        strictEqual(yield* secondsOf(name, key("http.client.request.time_in_queue")), 0.1)
        yield* Fiber.interrupt(request)
      }), { name })
  })

  it.effect("have the units and buckets of the conventions", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          const units: Record<string, string | undefined> = {}
          for (const { metricKey } of yield* Metric.snapshot) {
            if (!metricKey.tags.some(({ value }) => value === name)) continue
            units[metricKey.name] = metricKey.tags.find(({ key }) => key === "unit")?.value
          }
          deepStrictEqual(
            [
              units["http.client.request.duration"],
              units["http.client.open_connections"],
              units["http.client.pool.received"]
            ],
            ["s", "{connection}", "By"]
          )
          strictEqual(Object.values(units).includes(undefined), false)
          const bounds = (metric: Metric.Metric.Histogram<number>) =>
            MetricKeyType.isHistogramKey(metric.keyType) ? metric.keyType.boundaries.values : []
          deepStrictEqual(
            bounds(PoolMetrics.requestDuration),
            [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, Infinity]
          )
          deepStrictEqual(bounds(PoolMetrics.requestTimeInQueue), bounds(PoolMetrics.requestDuration))
          deepStrictEqual(
            bounds(PoolMetrics.connectionDuration),
            [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, Infinity]
          )
        }),
      { respond: () => ({ body: "hello" }) },
      { name }
    )
  })
})

describe("metrics of limits", () => {
  it.effect("add up over pools with one name, and return to 0 with each", () =>
    Effect.gen(function*() {
      const name = newName()
      const scopes = yield* Effect.all([Scope.make(), Scope.make()])
      for (const scope of scopes) {
        const layer = poolLayer({}, { name, maxConnectionsPerOrigin: 10, maxIdlePerOrigin: 20 })
        const pool = yield* Effect.provide(ConnectionPool.ConnectionPool, yield* Layer.buildWithScope(layer, scope))
        yield* pool.execute({ url })
      }
      const limits = Effect.map(seriesOf(name), (series) => [
        series[key("http.client.connection.max")],
        // More idle ones than connections there cannot be.
        series[key("http.client.connection.idle.max")]
      ])
      deepStrictEqual(yield* limits, [20, 20])
      yield* Scope.close(scopes[0]!, Exit.void)
      deepStrictEqual(yield* limits, [10, 10])
      yield* Scope.close(scopes[1]!, Exit.void)
      deepStrictEqual(yield* shownOf(name), [])
    }))

  it.effect("of a removed origin return to 0, and come back with it", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* TestClock.adjust(2000)
          deepStrictEqual(yield* shownOf(name), [])
          yield* pool.execute({ url })
          strictEqual((yield* seriesOf(name))[key("http.client.connection.max")], 50)
        }),
      {},
      { name, housekeepingInterval: 1000 }
    )
  })

  it.effect("tell in seconds what was learned of an origin's own limit, as long as it is known", () => {
    const name = newName()
    return withPool(
      (pool, network) =>
        Effect.gen(function*() {
          for (const connection of [0, 1]) {
            yield* pool.execute({ url })
            yield* TestClock.adjust(5000)
            yield* network.closeByPeer(connection)
          }
          strictEqual((yield* seriesOf(name))[key("http.client.pool.learned_idle_limit")], 4.5)
          strictEqual((yield* pool.stats).origins[0]!.learnedIdleLimit, 4500)
        }),
      {},
      { name }
    ).pipe(
      Effect.zipRight(Effect.map(shownOf(name), (shown) => deepStrictEqual(shown, [])))
    )
  })
})

describe("metrics of leaks", () => {
  it.effect("count suspicions, and those that were wrong, from the first suspicion on", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          const told = Effect.map(statesOf(name), (states) =>
            ["suspected", "retracted"].map((what) =>
              (states[key(`http.client.pool.leaks.${what}`)] as { readonly count: number } | undefined)?.count
            ))
          const lease = yield* start(Effect.scoped(Effect.zipRight(pool.lease(url), Effect.sleep(10_000))))
          deepStrictEqual(yield* told, [undefined, undefined])
          yield* TestClock.adjust(5000)
          deepStrictEqual(yield* told, [1, 0])
          yield* TestClock.adjust(5000)
          yield* Fiber.join(lease)
          deepStrictEqual(yield* told, [1, 1])
        }),
      {},
      { name, leakThreshold: 1000 }
    ).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  })
})

describe("metricOriginTags: false", () => {
  it.effect("tells a pool's origins together", () => {
    const name = newName()
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* pool.execute({ url: otherUrl })
          const states = yield* statesOf(name)
          strictEqual(Object.keys(states).some((series) => /server|scheme/.test(series)), false)
          const series = yield* seriesOf(name)
          deepStrictEqual(
            [
              series[key("http.client.pool.requests", {}, {})],
              series[key("http.client.open_connections", { "http.connection.state": "idle" }, {})],
              series[key("http.client.connection.max", {}, {})]
            ],
            [2, 2, 100]
          )
        }),
      {},
      { name, metricOriginTags: false }
    )
  })
})
