import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, TestClock } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import { bytes, failsWith, otherUrl, settle, start, url, withPool } from "./support/pool.js"

const never = { count: 0, average: 0, p50: 0, p90: 0, p99: 0 }

/** As often, and in no time. */
const atOnce = (count: number) => ({ ...never, count })

describe("stats", () => {
  it.effect("of a pool that did nothing are zero", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        deepStrictEqual(JSON.parse(JSON.stringify(yield* pool.stats)), {
          name: "default",
          connecting: 0,
          active: 0,
          idle: 0,
          waiting: 0,
          limit: 1024,
          unreadBytes: 0,
          opened: 0,
          connectTime: 0,
          connectTimes: never,
          connectFailures: 0,
          connectTimeouts: 0,
          closed: 0,
          requests: 0,
          reused: 0,
          reuseTime: 0,
          reuseTimes: never,
          waitTimes: never,
          timeouts: 0,
          repeated: 0,
          bytesReceived: 0,
          unread: 0,
          leaksSuspected: 0,
          leaksRetracted: 0,
          failures: {},
          closedBy: {},
          reusePercent: 0,
          origins: []
        })
      })
    ))

  it.effect("count per origin and in all", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 4; i++) yield* pool.execute({ url })
          yield* failsWith("ConnectionLost", pool.execute({ url: `${otherUrl}broken` }))
          const { origins, ...all } = yield* pool.stats
          deepStrictEqual(origins.map((origin) => ({ ...origin })), [
            {
              origin: "http://server.test",
              connecting: 0,
              active: 0,
              idle: 1,
              waiting: 0,
              limit: 50,
              opened: 1,
              connectTime: 0,
              connectTimes: atOnce(1),
              connectFailures: 0,
              connectTimeouts: 0,
              closed: 0,
              requests: 4,
              reused: 3,
              reuseTime: 0,
              reuseTimes: atOnce(3),
              reusePercent: 75,
              waitTimes: atOnce(4),
              oldestWait: undefined,
              timeouts: 0,
              repeated: 0,
              bytesReceived: 20,
              unread: 0,
              leaksSuspected: 0,
              leaksRetracted: 0,
              failures: {},
              closedBy: {},
              learnedIdleLimit: undefined,
              lastConnectFailure: undefined
            },
            {
              origin: "http://other.test",
              connecting: 0,
              active: 0,
              idle: 0,
              waiting: 0,
              limit: 50,
              opened: 1,
              connectTime: 0,
              connectTimes: atOnce(1),
              connectFailures: 0,
              connectTimeouts: 0,
              closed: 1,
              requests: 1,
              reused: 0,
              reuseTime: 0,
              reuseTimes: atOnce(0),
              reusePercent: 0,
              waitTimes: atOnce(1),
              oldestWait: undefined,
              timeouts: 0,
              repeated: 0,
              bytesReceived: 2,
              unread: 0,
              leaksSuspected: 0,
              leaksRetracted: 0,
              failures: { ConnectionLost: 1 },
              closedBy: { not_reusable: 1 },
              learnedIdleLimit: undefined,
              lastConnectFailure: undefined
            }
          ])
          deepStrictEqual(
            [all.idle, all.opened, all.closed, all.requests, all.reused, all.bytesReceived, all.reusePercent],
            [1, 2, 1, 5, 3, 22, 60]
          )
          deepStrictEqual([all.failures, all.closedBy], [{ ConnectionLost: 1 }, { not_reusable: 1 }])
        }),
      {
        respond: ({ url }) => ({
          body: "hello",
          ...(url.endsWith("broken") ? { breaks: { how: "reset", afterBytes: 2 } } : {})
        })
      }
    ))

  it.effect("tell how long connecting took, and how long it was until a reused connection was there", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const requests = yield* start(Effect.all([1, 2, 3].map(() => pool.execute({ url })), { concurrency: 3 }))
          for (let i = 0; i < 4; i++) yield* TestClock.adjust(100)
          yield* Fiber.join(requests)
          const { connectTime, opened, origins, reuseTime, reused } = yield* pool.stats
          // The second has its connection 200 ms after the call, when the first is answered; the third 100 ms after that.
          deepStrictEqual([opened, connectTime, reused, reuseTime], [1, 100, 2, 500])
          deepStrictEqual([origins[0]!.connectTime, origins[0]!.reuseTime], [100, 500])
        }),
      { connect: () => ({ delay: 100 }), respond: () => ({ delay: 100 }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("count dials that fail once, however many requests fail with them, and keep the failure until one succeeds", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const refused = pool.execute({ url })
          const both = yield* start(Effect.all([refused, refused].map((one) => failsWith("ConnectFailed", one)), {
            concurrency: 2
          }))
          yield* TestClock.adjust(10)
          yield* Fiber.join(both)
          const slow = yield* start(failsWith("ConnectTimeout", pool.execute({ url })))
          yield* TestClock.adjust("3 seconds")
          yield* Fiber.join(slow)
          const { connectFailures, connectTimeouts, failures, opened, origins } = yield* pool.stats
          deepStrictEqual(
            [connectFailures, connectTimeouts, opened, failures],
            [2, 1, 0, { ConnectFailed: 2, ConnectTimeout: 1 }]
          )
          strictEqual(origins[0]!.lastConnectFailure!._tag, "ConnectTimeout")
          yield* pool.execute({ url })
          strictEqual((yield* pool.stats).origins[0]!.lastConnectFailure, undefined)
        }),
      { connect: (_, dial) => [{ fail: "Refused", delay: 10 } as const, { never: true }, {}][dial] ?? {} },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("count answers that nobody read", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* TestClock.adjust("61 seconds")
          strictEqual(exchange.complete, true)
          const { failures, origins, unread } = yield* pool.stats
          deepStrictEqual([unread, origins[0]!.unread, failures], [1, 1, { ConnectionLost: 1 }])
        }),
      { respond: () => ({ body: [bytes(70 * 1024)] }) }
    ))

  it.effect("tell how long the oldest of those that wait has waited, at its origin and in all", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const waits = Effect.map(pool.stats, ({ oldestWait, origins }) => [
            oldestWait,
            ...origins.map((origin) => origin.oldestWait)
          ])
          const holder = yield* start(pool.execute({ url }))
          deepStrictEqual(yield* waits, [undefined, undefined])
          const first = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(300)
          yield* start(pool.execute({ url }))
          yield* start(pool.execute({ url: otherUrl }))
          yield* TestClock.adjust(50)
          deepStrictEqual(yield* waits, [350, 350, 50])
          yield* Fiber.interrupt(first)
          deepStrictEqual(yield* waits, [50, 50, 50])
          yield* Fiber.interrupt(holder)
        }),
      { respond: () => ({ never: true }) },
      { maxConnections: 1 }
    ))

  it.effect("tell of the wait of a request that is to be sent again", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          const again = yield* start(pool.execute({ url: `${url}stale` }))
          yield* TestClock.adjust(30)
          const { oldestWait, repeated, waiting } = yield* pool.stats
          deepStrictEqual([waiting, oldestWait, repeated], [1, 30, 0])
          yield* Fiber.interrupt(again)
        }),
      {
        connect: (_, dial) => dial === 0 ? {} : { delay: 100 },
        respond: ({ url }) => url.endsWith("stale") ? { breaks: { how: "reset" } } : {}
      }
    ))

  it.effect("tell percentiles of connecting, waiting and coming to a reused connection", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const requests = yield* start(
            Effect.all(Array.from({ length: 10 }, () => pool.execute({ url })), { concurrency: "unbounded" })
          )
          for (let i = 0; i < 11; i++) yield* TestClock.adjust(100)
          yield* Fiber.join(requests)
          const { connectTimes, origins, reusePercent, reuseTimes, waitTimes } = yield* pool.stats
          deepStrictEqual([connectTimes.count, connectTimes.average], [1, 100])
          // The first has its connection after 100 ms, and each other 100 ms after the one before.
          deepStrictEqual([waitTimes.count, waitTimes.average], [10, 550])
          deepStrictEqual([reuseTimes.count, reuseTimes.average], [9, 600])
          for (const [told, truth] of [[waitTimes.p50, 500], [waitTimes.p90, 900], [waitTimes.p99, 1000]] as const) {
            strictEqual(Math.abs(told - truth) <= truth / 8, true, `${told} of ${truth}`)
          }
          deepStrictEqual([reusePercent, origins[0]!.reusePercent], [90, 90])
          deepStrictEqual(origins[0]!.waitTimes, waitTimes)
        }),
      { connect: () => ({ delay: 100 }), respond: () => ({ delay: 100 }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("count requests that failed because a time was over", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url, headersTimeout: "none" }))
          const late = yield* start(Effect.all([
            failsWith("AcquireTimeout", pool.execute({ url, acquireTimeout: 10 })),
            failsWith("RequestTimeout", pool.execute({ url, timeout: 10 })),
            failsWith("ConnectTimeout", pool.execute({ url: otherUrl }))
          ], { concurrency: 3 }))
          yield* TestClock.adjust(5000)
          yield* Fiber.join(late)
          const { origins, timeouts } = yield* pool.stats
          deepStrictEqual([timeouts, ...origins.map((origin) => origin.timeouts)], [3, 2, 1])
        }),
      {
        connect: (origin) => origin === "http://other.test" ? { never: true } : {},
        respond: () => ({ never: true })
      },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("tell what unread answers hold in memory, until they are read", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* settle
          const held = (yield* pool.stats).unreadBytes
          strictEqual(held > 64 * 1024, true)
          yield* exchange.bytes
          strictEqual((yield* pool.stats).unreadBytes, 0)
        }),
      { respond: () => ({ body: [bytes(40 * 1024), bytes(40 * 1024), bytes(40 * 1024)] }) }
    ))

  it.effect("say in JSON how a dial failed, in words", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const { message } = yield* failsWith("ConnectFailed", pool.execute({ url }))
          const printed = JSON.parse(JSON.stringify(yield* pool.stats))
          deepStrictEqual(printed.origins[0].lastConnectFailure, { _tag: "ConnectFailed", reason: "Refused", message })
          strictEqual(inspect(yield* pool.stats, { depth: 5 }).includes(message), true)
        }),
      { connect: () => ({ fail: "Refused" }) }
    ))

  it.effect("print themselves in one line", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const requests = yield* start(Effect.all([1, 2, 3].map(() => pool.execute({ url })), { concurrency: 3 }))
          const line = "ConnectionPool(active 2, idle 0, connecting 0, waiting 1)"
          strictEqual(String(yield* pool.stats), line)
          strictEqual(inspect(yield* pool.stats).includes("waiting: 1"), true)
          yield* TestClock.adjust(10)
          yield* TestClock.adjust(10)
          yield* Fiber.join(requests)
          strictEqual(String(yield* pool.stats), "ConnectionPool(active 0, idle 2, connecting 0, waiting 0)")
        }),
      { respond: () => ({ delay: 10 }) },
      { maxConnectionsPerOrigin: 2 }
    ))

  it.effect("are a snapshot: what happens later does not change them", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        const before = yield* pool.stats
        const printed = JSON.stringify(before)
        yield* pool.execute({ url })
        yield* pool.closeIdle
        strictEqual(JSON.stringify(before), printed)
      })
    ))

  it.effect("do not count what was refused before it was asked for a connection", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        yield* failsWith("InvalidRequest", pool.execute({ url: "nowhere" }))
        yield* failsWith("InvalidRequest", pool.execute({ url, method: "a b" }))
        const { failures, requests } = yield* pool.stats
        deepStrictEqual([failures, requests], [{}, 0])
      })
    ))
})
