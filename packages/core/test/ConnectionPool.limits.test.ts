import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, TestConnector } from "../src/index.js"
import {
  assertAtRest,
  counts,
  failsWith,
  joinFailure,
  otherUrl,
  settle,
  start,
  url,
  withLargePool,
  withPool
} from "./support/pool.js"

const slow: TestConnector.TestScript = { respond: () => ({ delay: 100 }) }
const never: TestConnector.TestScript = { respond: () => ({ never: true }) }

const times = (pool: ConnectionPool.Service, count: number, target = url) =>
  start(Effect.forEach(Array.from({ length: count }, (_, i) => i), (i) => pool.execute({ url: `${target}${i}` }), {
    concurrency: "unbounded"
  }))

const urls = (network: TestConnector.Service) => Effect.map(network.requests, (all) => all.map(({ url }) => url))

describe("maxConnectionsPerOrigin", () => {
  it.effect("is never passed, and callers are served in the order of their calls", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const requests = yield* times(pool, 9)
          deepStrictEqual(yield* counts(pool), [0, 3, 0, 6])
          for (let i = 0; i < 3; i++) yield* TestClock.adjust(100)
          strictEqual((yield* Fiber.join(requests)).length, 9)
          deepStrictEqual(yield* urls(network), Array.from({ length: 9 }, (_, i) => `${url}${i}`))
          deepStrictEqual([yield* network.mostOpen, yield* network.dials], [3, 3])
        }),
      slow,
      { maxConnectionsPerOrigin: 3 }
    ))

  it.effect("holds for each origin, and may be another for one of them", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* times(pool, 5)
          yield* times(pool, 5, otherUrl)
          const { origins } = yield* pool.stats
          deepStrictEqual(origins.map(({ active, limit, waiting }) => [active, waiting, limit]), [[2, 3, 2], [4, 1, 4]])
        }),
      never,
      { maxConnectionsPerOrigin: 2, origins: { [otherUrl]: { maxConnectionsPerOrigin: 4 } } }
    ))

  it.effect("holds for each TLS identity of an origin", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const secure = "https://server.test/"
          const [a, sameAsA, b] = [{ servername: "a" }, { servername: "a" }, { servername: "b" }]
          const ids: Array<number> = []
          for (const tls of [a, sameAsA, b, undefined, b]) {
            ids.push((yield* pool.execute({ url: secure, tls })).connectionId)
          }
          deepStrictEqual(ids, [0, 0, 1, 2, 1])
          strictEqual(yield* network.dials, 3)
          // In the clear there is no identity.
          for (const tls of [a, b]) ids.push((yield* pool.execute({ url, tls })).connectionId)
          deepStrictEqual(ids.slice(-2), [3, 3])
        }),
      {}
    ))
})

describe("maxConnections", () => {
  it.effect("closes the connection of another origin that was idle longest", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          yield* pool.execute({ url: "http://a.test/" })
          yield* pool.execute({ url: "http://b.test/" })
          yield* pool.execute({ url: "http://c.test/" })
          deepStrictEqual(
            (yield* network.connections).map(({ open, origin }) => [origin, open]),
            [["http://a.test", false], ["http://b.test", true], ["http://c.test", true]]
          )
          deepStrictEqual((yield* pool.stats).closedBy, { evicted: 1 })
          strictEqual(yield* network.mostOpen, 2)
        }),
      {},
      { maxConnections: 2 }
    ))

  it.effect("lets an origin wait when nothing is idle, and serves it as soon as there is room", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* times(pool, 2)
          const other = yield* times(pool, 1, otherUrl)
          deepStrictEqual(yield* counts(pool), [0, 2, 0, 1])
          yield* TestClock.adjust(100)
          yield* Fiber.join(first)
          yield* TestClock.adjust(100)
          yield* Fiber.join(other)
          strictEqual(yield* network.mostOpen, 2)
          yield* assertAtRest(pool)
        }),
      slow,
      { maxConnections: 2 }
    ))

  it.effect(
    "lets a lone request wait for one exchange of an origin with 10,000 waiters, and for no more",
    () =>
      withLargePool(
        (pool, network) =>
          Effect.gen(function*() {
            yield* times(pool, 10_004)
            deepStrictEqual(yield* counts(pool), [0, 4, 0, 10_000])
            const lone = yield* start(pool.execute({ url: otherUrl }))
            yield* TestClock.adjust(100)
            // Those that ran have ended, and it is among those that run now.
            deepStrictEqual(
              (yield* network.requests).slice(4).map(({ url }) => url).filter((one) => one === otherUrl),
              [
                otherUrl
              ]
            )
            strictEqual((yield* network.requests).length, 8)
            yield* TestClock.adjust(100)
            strictEqual((yield* Fiber.join(lone)).status, 200)
            deepStrictEqual(yield* counts(pool), [0, 4, 0, 9_993])
          }),
        slow,
        { maxConnections: 4, maxConnectionsPerOrigin: 4, maxWaiting: 20_000 }
      ),
    30_000
  )

  it.effect("is shared: an origin with many waiters does not keep another from being served", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const flood = yield* times(pool, 20)
          const other = yield* times(pool, 1, otherUrl)
          yield* TestClock.adjust(100)
          yield* TestClock.adjust(100)
          yield* Fiber.join(other)
          assertTrue((yield* urls(network)).indexOf(`${otherUrl}0`) < 6)
          assertTrue((yield* pool.stats).closedBy.rebalanced === 1)
          for (let i = 0; i < 10; i++) yield* TestClock.adjust(100)
          yield* Fiber.join(flood)
          strictEqual(yield* network.mostOpen, 2)
          yield* assertAtRest(pool)
        }),
      slow,
      { maxConnections: 2 }
    ))
})

describe("C11 maxWaiting", () => {
  it.effect("C11 refuses one more at once, with the counts and the remedy", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* times(pool, 4)
          const error = yield* failsWith("QueueFull", pool.execute({ url }))
          deepStrictEqual([error.maxWaiting, error.progress, error.origin], [3, "not-sent", "http://server.test"])
          deepStrictEqual({ ...error.stats }, { connecting: 0, active: 1, idle: 0, waiting: 3, limit: 1 })
          for (const option of ["maxConnectionsPerOrigin", "maxConnections", "maxWaiting"]) {
            assertTrue(error.message.includes(option))
          }
          deepStrictEqual((yield* pool.stats).failures, { QueueFull: 1 })
          yield* failsWith("QueueFull", Effect.scoped(pool.lease(url)))
        }),
      never,
      { maxConnectionsPerOrigin: 1, maxWaiting: 3 }
    ))

  it.effect("C11 is of the whole pool", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* times(pool, 2)
          yield* times(pool, 2, otherUrl)
          yield* failsWith("QueueFull", pool.execute({ url: "http://third.test/" }))
        }),
      never,
      { maxConnectionsPerOrigin: 1, maxWaiting: 2 }
    ))

  it.effect("C11 has room again when a waiter has left", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* times(pool, 1)
          const waiter = yield* start(pool.execute({ url }))
          yield* failsWith("QueueFull", pool.execute({ url }))
          yield* Fiber.interrupt(waiter)
          const next = yield* start(pool.execute({ url, acquireTimeout: 10 }))
          yield* TestClock.adjust(10)
          yield* joinFailure("AcquireTimeout", next)
        }),
      never,
      { maxConnectionsPerOrigin: 1, maxWaiting: 1 }
    ))
})

describe("scheduling", () => {
  const usedAfter = (scheduling: "lifo" | "fifo" | undefined) =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url], { connections: 3 })
          const used: Array<number> = []
          for (let i = 0; i < 4; i++) used.push((yield* pool.execute({ url })).connectionId)
          return used
        }),
      {},
      { scheduling }
    )

  it.effect("is lifo by default: the connection used last is used next", () =>
    Effect.map(usedAfter(undefined), (used) => deepStrictEqual(used, [2, 2, 2, 2])))

  it.effect("may be fifo: the connection idle longest is used next", () =>
    Effect.map(usedAfter("fifo"), (used) => deepStrictEqual(used, [0, 1, 2, 0])))
})

describe("the use of a connection", () => {
  it.effect("ends after maxRequestsPerConnection", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const used: Array<number> = []
          for (let i = 0; i < 5; i++) used.push((yield* pool.execute({ url })).connectionId)
          deepStrictEqual(used, [0, 0, 1, 1, 2])
          deepStrictEqual((yield* pool.stats).closedBy, { max_requests: 2 })
        }),
      {},
      { maxRequestsPerConnection: 2 }
    ))

  it.effect("ends after one request without keepAlive, and the server is told so", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          for (let i = 0; i < 2; i++) strictEqual((yield* pool.execute({ url })).reused, false)
          deepStrictEqual((yield* network.requests).map(({ headers }) => headers["connection"]), ["close", "close"])
          strictEqual(yield* network.dials, 2)
          strictEqual((yield* pool.stats).idle, 0)
        }),
      {},
      { keepAlive: false }
    ))

  it.effect("ends with a request or an answer that says close", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url, headers: { connection: "close" } })
          strictEqual((yield* pool.stats).idle, 0)
          yield* pool.execute({ url: `${url}close` })
          strictEqual((yield* pool.stats).idle, 0)
          yield* pool.execute({ url, headers: { Connection: "Keep-Alive" } })
          strictEqual((yield* pool.stats).idle, 1)
          deepStrictEqual((yield* pool.stats).closedBy, { not_reusable: 2 })
        }),
      { respond: ({ url }) => ({ keepAlive: !url.endsWith("close") }) }
    ))

  it.effect("with waiters behind an answer that says close: they get another connection", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const requests = yield* times(pool, 3)
          const answers = yield* Fiber.join(requests)
          deepStrictEqual(answers.map(({ connectionId }) => connectionId), [0, 1, 2])
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ keepAlive: false }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("ends when more than maxIdlePerOrigin would be idle: the longest idle goes", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const requests = yield* times(pool, 5)
          yield* TestClock.adjust(500)
          yield* Fiber.join(requests)
          yield* settle
          deepStrictEqual((yield* pool.connections).map(({ id, state }) => [id, state]), [[3, "idle"], [4, "idle"]])
          deepStrictEqual((yield* pool.stats).closedBy, { idle_limit: 3 })
        }),
      { respond: ({ connection }) => ({ delay: 100 * (connection + 1) }) },
      { maxIdlePerOrigin: 2 }
    ))

  it.effect("is not kept at all with maxIdlePerOrigin 0, but serves who waits", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const requests = yield* times(pool, 4)
          yield* TestClock.adjust(100)
          yield* TestClock.adjust(100)
          yield* Fiber.join(requests)
          strictEqual((yield* pool.stats).idle, 0)
          strictEqual(yield* network.dials, 2)
        }),
      slow,
      { maxIdlePerOrigin: 0, maxConnectionsPerOrigin: 2 }
    ))

  it.effect("ends with closeIdle, which says how many there were, and leaves the others", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url, otherUrl], { connections: 2 })
          const running = yield* times(pool, 1)
          strictEqual(yield* pool.closeIdle, 3)
          strictEqual(yield* pool.closeIdle, 0)
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          deepStrictEqual((yield* pool.stats).closedBy, { close_idle: 3 })
          yield* TestClock.adjust(100)
          yield* Fiber.join(running)
          strictEqual((yield* pool.stats).idle, 1)
        }),
      slow
    ))
})
