import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Logger, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, TestConnector } from "../src/index.js"
import { failsWith, otherUrl, start, url, withPool } from "./support/pool.js"

/** What is logged while it runs, at any level. */
const logOf = <A, E>(story: Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ message }) => {
      lines.push(message)
    })
    return Effect.as(Effect.provide(story, Logger.replace(Logger.defaultLogger, logger)), lines)
  })

const silent = (
  story: (pool: ConnectionPool.Service, network: TestConnector.Service) => Effect.Effect<unknown, unknown>,
  script: TestConnector.TestScript,
  options: Parameters<typeof withPool>[2]
) => Effect.map(logOf(withPool(story, script, options)), (lines) => deepStrictEqual(lines, []))

describe("nothing is logged", () => {
  it.effect("of connections that are not kept, however many", () =>
    silent(
      (pool) =>
        Effect.gen(function*() {
          for (const target of [url, otherUrl]) {
            const burst = yield* start(
              Effect.forEach(Array.from({ length: 40 }), () => pool.execute({ url: target }), {
                concurrency: "unbounded"
              })
            )
            yield* TestClock.adjust(200)
            yield* Fiber.join(burst)
          }
          yield* TestClock.adjust("1 minute")
          const { closedBy, opened } = yield* pool.stats
          deepStrictEqual([opened, closedBy], [40, { idle_limit: 36, evicted: 2, idle_timeout: 2 }])
        }),
      { respond: () => ({ delay: 100 }) },
      { maxConnections: 20, maxIdlePerOrigin: 2 }
    ))

  it.effect("of failures that a caller is told of", () =>
    silent(
      (pool, network) =>
        Effect.gen(function*() {
          yield* failsWith("ConnectFailed", pool.execute({ url: otherUrl }))
          yield* failsWith("ConnectionLost", pool.execute({ url: `${url}breaks`, method: "POST" }))
          yield* failsWith("ProtocolError", pool.execute({ url: `${url}garbage` }))
          const busy = yield* start(pool.execute({ url: `${url}never` }))
          const waiting = yield* start(Effect.flip(pool.execute({ url, acquireTimeout: 1000 })))
          yield* failsWith("QueueFull", pool.execute({ url }))
          yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(waiting))._tag, "AcquireTimeout")
          yield* Fiber.interrupt(busy)
          yield* pool.execute({ url })
          yield* network.sendUnasked((yield* pool.connections)[0]!.id)
          yield* pool.execute({ url })
          yield* pool.drain(0)
          yield* failsWith("PoolClosed", pool.execute({ url }))
        }),
      {
        connect: (origin) => (origin === "http://other.test" ? { fail: "Refused" } : {}),
        respond: ({ url }) =>
          url.endsWith("breaks") ?
            { breaks: { how: "reset" } } :
            url.endsWith("garbage") ?
            { garbage: true } :
            { never: url.endsWith("never") }
      },
      { maxConnectionsPerOrigin: 1, maxWaiting: 1 }
    ))
})
