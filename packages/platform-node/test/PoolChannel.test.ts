import { ConnectionPool } from "@connection-pool/core"
import { ConnectionPoolCore, NodeConnectionPool, PoolChannel } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { ConfigProvider, Effect, Fiber, Layer } from "effect"
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel"
import { describe } from "vitest"
import { httpServer } from "./support/httpServer.js"

/** What is published of one pool as long as the scope is open. */
const listen = (pool: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const heard: Array<PoolChannel.PoolMessage> = []
        const onMessage = (message: unknown) => {
          const published = message as PoolChannel.PoolMessage
          if (published.pool === pool) heard.push(published)
        }
        subscribe(PoolChannel.name, onMessage)
        return { heard, onMessage }
      }),
      ({ onMessage }) => Effect.sync(() => unsubscribe(PoolChannel.name, onMessage))
    ),
    ({ heard }) => heard
  )

const tags = (heard: ReadonlyArray<PoolChannel.PoolMessage>) => heard.map(({ event }) => event._tag)

const whole = ["Queued", "Opened", "Granted", "Released", "Completed", "Draining", "Closed", "Drained"]

describe("PoolChannel", () => {
  it.scopedLive("tells a pool's whole story, from its first event to its last", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => response.end())
      const heard = yield* listen("told")
      const fibers = yield* Fiber.roots
      yield* Effect.scoped(Effect.gen(function*() {
        const pool = yield* NodeConnectionPool.make({ name: "told" })
        yield* pool.execute({ url: server.url })
      }))
      deepStrictEqual((yield* Fiber.roots).length, fibers.length)
      deepStrictEqual(tags(heard), whole)
      const origins = heard.flatMap(({ event }) => "origin" in event ? [event.origin] : [])
      deepStrictEqual(origins, Array.from({ length: 6 }, () => server.url.slice(0, -1)))
    }))

  it.scopedLive("tells of the pools of every layer, and of those without Effect", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => response.end("{}"))
      const use = Effect.flatMap(ConnectionPool.ConnectionPool, (pool) => pool.execute({ url: server.url }))
      const environment = Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["HTTP_POOL_NAME", "from env"]])))
      const [fromLayer, fromEnv, fromCore] = yield* Effect.all([listen("layer"), listen("from env"), listen("core")])
      yield* Effect.provide(use, NodeConnectionPool.layer({ name: "layer" }))
      yield* Effect.provide(use, Layer.provide(NodeConnectionPool.layerFromEnv(), environment))
      const core = new ConnectionPoolCore.ConnectionPoolCore({ name: "core" })
      yield* Effect.promise(async () => {
        await core.execute(server.url)
        await core.close()
      })
      deepStrictEqual([tags(fromLayer), tags(fromEnv), tags(fromCore)], [whole, whole, whole])
    }))

  it.scopedLive("tells nothing of what happened while nobody was subscribed", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => response.end())
      const pool = yield* NodeConnectionPool.make({ name: "late" })
      yield* pool.execute({ url: server.url })
      strictEqual(channel(PoolChannel.name).hasSubscribers, false)
      const heard = yield* Effect.scoped(Effect.gen(function*() {
        const heard = yield* listen("late")
        yield* pool.execute({ url: server.url })
        yield* Effect.yieldNow()
        return heard
      }))
      yield* pool.execute({ url: server.url })
      yield* Effect.yieldNow()
      deepStrictEqual(tags(heard), ["Granted", "Released", "Completed"])
    }))
})
