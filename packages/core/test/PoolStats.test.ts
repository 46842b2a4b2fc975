import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, TestClock } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import { failsWith, otherUrl, start, url, withPool } from "./support/pool.js"

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
          opened: 0,
          closed: 0,
          requests: 0,
          reused: 0,
          repeated: 0,
          bytesReceived: 0,
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
              closed: 0,
              requests: 4,
              reused: 3,
              repeated: 0,
              bytesReceived: 20,
              failures: {},
              closedBy: {},
              learnedIdleLimit: undefined
            },
            {
              origin: "http://other.test",
              connecting: 0,
              active: 0,
              idle: 0,
              waiting: 0,
              limit: 50,
              opened: 1,
              closed: 1,
              requests: 1,
              reused: 0,
              repeated: 0,
              bytesReceived: 2,
              failures: { ConnectionLost: 1 },
              closedBy: { not_reusable: 1 },
              learnedIdleLimit: undefined
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
