import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Clock, Duration, Effect, Fiber, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool } from "../src/index.js"
import { assertAtRest, otherUrl, settle, start, url, withLargePool, withPool } from "./support/pool.js"

/** Why connections are closed until the effect is done, with the time. */
const closures = <A, E>(pool: ConnectionPool.Service, effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const seen: Array<readonly [number, string]> = []
    const observer = yield* start(Stream.runForEach(pool.events, (event) =>
      Effect.sync(() =>
        event._tag === "Closed" ? seen.push([event.at, event.reason]) : 0
      )))
    yield* effect
    yield* settle
    yield* Fiber.interrupt(observer)
    return seen
  })

const open = (pool: ConnectionPool.Service) => Effect.map(pool.stats, (stats) => stats.idle + stats.active)

describe("C8 idleTimeout", () => {
  it.effect("C8 closes an idle connection exactly when its time is over", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        yield* TestClock.adjust(29_999)
        strictEqual(yield* open(pool), 1)
        yield* TestClock.adjust(1)
        strictEqual(yield* open(pool), 0)
        deepStrictEqual((yield* pool.stats).closedBy, { idle_timeout: 1 })
        yield* assertAtRest(pool)
      })
    ))

  it.effect("C8 begins anew with every request", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) {
            yield* pool.execute({ url })
            yield* TestClock.adjust(700)
          }
          strictEqual((yield* pool.stats).opened, 1)
          deepStrictEqual(yield* closures(pool, TestClock.adjust(10_000)), [[3800, "idle_timeout"]])
        }),
      {},
      { idleTimeout: 1000 }
    ))

  it.effect("C8 closes very many that end together a portion at a time, so that the program goes on meanwhile", () =>
    withLargePool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url], { connections: 250 })
          const seen = yield* closures(pool, TestClock.adjust(2000))
          const at = (time: number) => seen.filter(([closedAt]) => closedAt === time).length
          deepStrictEqual([at(1000), at(1002), at(1004), seen.length], [50, 50, 50, 250])
        }),
      {},
      { idleTimeout: 1000, maxConnectionsPerOrigin: 250 }
    ))

  it.effect("C8 the end of the pool closes the other portions at once", () =>
    Effect.gen(function*() {
      const network = yield* withLargePool(
        (pool, network) =>
          Effect.gen(function*() {
            yield* pool.warmUp([url], { connections: 250 })
            yield* TestClock.adjust(1000)
            strictEqual((yield* network.connections).filter(({ open }) => open).length, 200)
            return network
          }),
        {},
        { idleTimeout: 1000, maxConnectionsPerOrigin: 250 }
      )
      strictEqual((yield* network.connections).filter(({ open }) => open).length, 0)
    }))

  it.effect("C8 closes each connection at its own time", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const three = ["1", "2", "3"].map((delay) => pool.execute({ url: `${url}${delay}` }))
          const requests = yield* start(Effect.all(three, { concurrency: "unbounded" }))
          const seen = yield* closures(pool, TestClock.adjust(2000))
          yield* Fiber.join(requests)
          deepStrictEqual(seen, [[1100, "idle_timeout"], [1200, "idle_timeout"], [1300, "idle_timeout"]])
        }),
      { respond: ({ url }) => ({ delay: 100 * Number(url.at(-1)) }) },
      { idleTimeout: 1000 }
    ))

  it.effect("C8 may be none", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* TestClock.adjust("1 hour")
          strictEqual(yield* open(pool), 1)
        }),
      {},
      { idleTimeout: "none", maxLifetime: "none", housekeepingInterval: "1 day" }
    ))

  it.effect("C8 is lowered by the server's word, less a second", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          deepStrictEqual(yield* closures(pool, TestClock.adjust(20_000)), [[4000, "idle_timeout"]])
        }),
      { respond: () => ({ keepAliveTimeout: "5 seconds" }) }
    ))

  it.effect("C8 is not raised by the server's word", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          deepStrictEqual(yield* closures(pool, TestClock.adjust(200_000)), [[30_000, "idle_timeout"]])
        }),
      { respond: () => ({ keepAliveTimeout: "100 seconds" }) }
    ))

  it.effect("C8 a connection that the server keeps for less than a second is closed at once", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* settle
          strictEqual(yield* open(pool), 0)
        }),
      { respond: () => ({ keepAliveTimeout: "1 second" }) }
    ))

  it.effect("C8 the server's word holds also where the pool has no time of its own", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          deepStrictEqual(yield* closures(pool, TestClock.adjust(20_000)), [[4000, "idle_timeout"]])
        }),
      { respond: () => ({ keepAliveTimeout: "5 seconds" }) },
      { idleTimeout: "none" }
    ))

  it.effect("C8 the server's word is of an idle connection: the next request may take longer", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          const next = yield* start(pool.execute({ url }))
          yield* TestClock.adjust("1 minute")
          const { reused, status } = yield* Fiber.join(next)
          deepStrictEqual([reused, status], [true, 200])
        }),
      { respond: ({ index }) => index === 0 ? { keepAliveTimeout: "2 seconds" } : { delay: "1 minute" } }
    ))

  it.effect("C8 only the last answer's word counts", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* pool.execute({ url })
          deepStrictEqual(yield* closures(pool, TestClock.adjust(30_000)), [[30_000, "idle_timeout"]])
        }),
      { respond: ({ index }) => index === 0 ? { keepAliveTimeout: "5 seconds" } : {} }
    ))
})

describe("C8 maxLifetime", () => {
  it.effect("C8 closes an idle connection within 2.5 % before its time, and not all at once", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url], { connections: 20 })
          const seen = yield* closures(pool, TestClock.adjust(100_000))
          strictEqual(seen.length, 20)
          for (const [at, reason] of seen) {
            strictEqual(reason, "max_lifetime")
            assertTrue(at > 97_500 - 1 && at <= 100_000)
          }
          assertTrue(new Set(seen.map(([at]) => at)).size > 1)
          yield* assertAtRest(pool)
        }),
      {},
      { idleTimeout: "none", maxLifetime: "100 seconds" }
    ))

  it.effect("C8 is shortened by as much as the Random says that the pool was built with", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url], { connections: 3 })
          deepStrictEqual(yield* closures(pool, TestClock.adjust(100_000)), [
            [98_000, "max_lifetime"],
            [98_750, "max_lifetime"],
            [100_000, "max_lifetime"]
          ])
        }),
      {},
      { idleTimeout: "none", maxLifetime: "100 seconds" }
    ).pipe(Effect.withRandomFixed([0.5, 0, 0.8])))

  it.effect("C8 closes a busy connection when its lease ends", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(1000)
          strictEqual(yield* open(pool), 1)
          yield* TestClock.adjust(4000)
          strictEqual((yield* Fiber.join(request)).status, 200)
          strictEqual(yield* open(pool), 0)
          deepStrictEqual((yield* pool.stats).closedBy, { max_lifetime: 1 })
        }),
      { respond: () => ({ delay: 5000 }) },
      { maxLifetime: 1000 }
    ))

  it.effect("C8 holds also for a connection that is used all the time", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 30; i++) {
            yield* pool.execute({ url })
            yield* TestClock.adjust(100)
          }
          strictEqual((yield* pool.stats).opened, 3)
        }),
      {},
      { maxLifetime: 1000 }
    ))
})

describe("C8 housekeeping", () => {
  it.effect("C8 removes an origin that was not used for two periods, with its idle connections", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* TestClock.adjust(100_000)
          yield* pool.execute({ url: otherUrl })
          strictEqual((yield* pool.stats).origins.length, 2)
          yield* TestClock.adjust(19_999)
          strictEqual((yield* pool.stats).origins.length, 2)
          yield* TestClock.adjust(1)
          const stats = yield* pool.stats
          deepStrictEqual(stats.origins.map(({ origin }) => origin), ["http://other.test"])
          deepStrictEqual([stats.opened, stats.closed, stats.closedBy], [2, 1, { unused_origin: 1 }])
        }),
      {},
      { idleTimeout: "none" }
    ))

  it.effect("C8 does not remove an origin that is in use", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          yield* TestClock.adjust("10 minutes")
          deepStrictEqual((yield* pool.stats).origins.map(({ active }) => active), [1])
        }),
      { respond: () => ({ never: true }) },
      { headersTimeout: "none" }
    ))

  it.effect("C8 an origin that comes back is new", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* TestClock.adjust(2000)
          deepStrictEqual((yield* pool.stats).origins, [])
          yield* pool.execute({ url })
          deepStrictEqual((yield* pool.stats).origins.map(({ opened, requests }) => [opened, requests]), [[1, 1]])
          strictEqual((yield* pool.stats).opened, 2)
        }),
      {},
      { housekeepingInterval: 1000 }
    ))

  it.effect("C8 a request whose origin is removed before the pool has heard of it gets its answer", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          const late = yield* start(pool.execute({ url, restore: (ask) => Effect.zipRight(Effect.sleep(3000), ask) }))
          yield* TestClock.adjust(3000)
          strictEqual((yield* Fiber.join(late)).status, 200)
          strictEqual((yield* pool.stats).origins.length, 1)
          yield* assertAtRest(pool)
        }),
      {},
      { housekeepingInterval: 1000 }
    ))

  it.effect("C11 thousands of origins leave nothing behind", () =>
    withLargePool(
      (pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5_000; i++) yield* pool.execute({ url: `http://host${i}.test/` })
          strictEqual((yield* pool.stats).origins.length, 5_000)
          strictEqual((yield* pool.stats).idle, 1024)
          yield* TestClock.adjust(2100)
          deepStrictEqual((yield* pool.stats).origins, [])
          deepStrictEqual(yield* pool.connections, [])
          yield* assertAtRest(pool)
        }),
      {},
      { housekeepingInterval: 1000 }
    ))
})

describe("C8 the clock", () => {
  it.effect("C8 is read in its monotonic nanoseconds: a jump of its milliseconds changes nothing", () =>
    Effect.gen(function*() {
      let nanos = 5_000_000n
      const clock: Clock.Clock = {
        [Clock.ClockTypeId]: Clock.ClockTypeId,
        unsafeCurrentTimeMillis: () => nanos > 5_000_000n ? -1e12 : 1e12,
        unsafeCurrentTimeNanos: () => nanos,
        currentTimeMillis: Effect.sync(() => nanos > 5_000_000n ? -1e12 : 1e12),
        currentTimeNanos: Effect.sync(() => nanos),
        sleep: () => Effect.never
      }
      yield* withPool((pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          nanos += 2_500_000n
          deepStrictEqual((yield* pool.connections).map(({ age }) => age), [2.5])
          nanos += BigInt(Duration.unsafeToNanos("30 seconds"))
          // Nobody woke the pool, but what is over is over.
          strictEqual((yield* pool.execute({ url })).reused, false)
        })
      ).pipe(Effect.withClock(clock))
    }))
})
