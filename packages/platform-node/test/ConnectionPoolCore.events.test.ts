import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Stream } from "effect"
import type { EventEmitter } from "node:events"
import { once } from "node:events"
import { describe } from "vitest"
import { ConnectionPoolCore } from "../src/ConnectionPoolCore.js"
import type { CoreEvents } from "../src/CoreReports.js"
import * as NodeConnectionPool from "../src/NodeConnectionPool.js"
import { failure, scopedCore } from "./support/core.js"
import { httpServer } from "./support/httpServer.js"

const names = [
  "socket-created",
  "socket-reused",
  "socket-closed",
  "agent-cleaned",
  "socket-leak-detected",
  "cleanup-complete",
  "request-complete",
  "request-failed",
  "warmup-complete",
  "all-connections-closed"
] as const satisfies ReadonlyArray<keyof CoreEvents>

/** Everything that is told, in order. */
const hear = (core: ConnectionPoolCore) => {
  const heard: Array<readonly [name: keyof CoreEvents, payload: unknown]> = []
  const emitter: EventEmitter = core
  for (const name of names) emitter.on(name, (payload) => heard.push([name, payload]))
  return heard
}

const answering = httpServer((request, response) => {
  if (request.url === "/lost") request.socket.destroy()
  else response.end("1")
})

describe("the events of ConnectionPoolCore", () => {
  it.scopedLive("tell of sockets, requests and closes, to the last one", () =>
    Effect.gen(function*() {
      const server = yield* answering
      const core = yield* scopedCore()
      const heard = hear(core)
      const agent = server.url.slice(0, -1)
      yield* Effect.promise(() => core.execute(server.url))
      yield* Effect.promise(() => core.execute(server.url, { method: "GET" }))
      yield* failure(() => core.execute(`${server.url}lost`))
      strictEqual(core.cleanupUnusedConnections(), 0)
      yield* Effect.promise(() => core.execute(server.url))
      yield* Effect.promise(() => core.close())
      const of = (wanted: keyof CoreEvents) =>
        heard.flatMap(([name, payload]) => name === wanted ? [payload as Record<string, unknown>] : [])
      const sockets = of("socket-created")
      deepStrictEqual(sockets.map((one) => [one.agent, typeof one.socketId]), [[agent, "number"], [agent, "number"]])
      assertTrue(Number(sockets[0]!.connectionTimeMs) > 0)
      deepStrictEqual(of("socket-reused").map(({ socketId }) => socketId), Array(2).fill(sockets[0]!.socketId))
      deepStrictEqual(of("socket-closed").map(({ reason, requests }) => [reason, requests]), [["not_reusable", 3], [
        "drain",
        1
      ]])
      deepStrictEqual(of("request-complete").map(({ method, reused, status }) => [method, status, reused]), [
        ["POST", 200, false],
        ["GET", 200, true],
        ["POST", 200, false]
      ])
      const [failed] = of("request-failed")
      deepStrictEqual([failed!.agent, failed!.method, (failed!.error as Error).name], [agent, "POST", "ConnectionLost"])
      deepStrictEqual(of("cleanup-complete"), [{ agents: [], connections: 0 }])
      deepStrictEqual(heard.at(-1), ["all-connections-closed", { connections: 1 }])
    }))

  it.scopedLive("tell of an endpoint that was not used for two periods", () =>
    Effect.gen(function*() {
      const server = yield* answering
      const core = yield* scopedCore({ cleanupPeriod: 30 })
      const agent = server.url.slice(0, -1)
      const told = Effect.promise(() => Promise.all([once(core, "agent-cleaned"), once(core, "cleanup-complete")]))
      yield* Effect.promise(() => core.execute(server.url))
      deepStrictEqual(yield* told, [[{ agent }], [{ agents: [agent], connections: 0 }]])
      yield* Effect.promise(server.allClosed)
      deepStrictEqual([core.getMetrics().activeAgents, core.getMetrics().cleanedUpConnections], [0, 1])
    }))

  it.scopedLive("tell of an answer that another user of the pool did not read", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => void response.end("x".repeat(1_000_000)))
      const pool = yield* NodeConnectionPool.make({ leakThreshold: 30 })
      const core = ConnectionPoolCore.fromPool(pool)
      const leak = once(core, "socket-leak-detected")
      yield* pool.open({ url: server.url })
      const [{ agent, error }] = yield* Effect.promise(() => leak)
      deepStrictEqual([agent, error.reason, core.getMetrics().socketLeaks], [server.url.slice(0, -1), "unread", 1])
    }))

  it.scopedLive("the pool is listened to only while somebody listens", () =>
    Effect.gen(function*() {
      const server = yield* answering
      const pool = yield* NodeConnectionPool.make()
      let subscribed = 0
      const core = ConnectionPoolCore.fromPool({
        ...pool,
        events: Stream.unwrapScoped(Effect.as(
          Effect.acquireRelease(Effect.sync(() => subscribed++), () => Effect.sync(() => subscribed--)),
          pool.events
        ))
      })
      const settle = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      const listener = () => {}
      const seen: Array<number> = []
      const look = Effect.andThen(settle, Effect.sync(() => seen.push(subscribed)))
      yield* look
      core.on("request-complete", listener)
      yield* look
      core.on("socket-created", listener).once("socket-reused", listener)
      yield* look
      core.off("socket-created", listener)
      yield* look
      // The last one hears what it waits for, and is gone.
      yield* Effect.promise(() => core.execute(server.url))
      yield* Effect.promise(() => core.execute(server.url))
      yield* look
      core.prependListener("socket-closed", listener)
      yield* look
      core.removeAllListeners()
      yield* look
      core.addListener("agent-cleaned", listener)
      yield* look
      yield* Effect.promise(() => core.close())
      yield* look
      core.on("socket-created", listener)
      yield* look
      deepStrictEqual(seen, [0, 0, 1, 1, 0, 1, 0, 1, 0, 0])
    }))

  it.scopedLive("a listener that throws is an uncaught exception, as of every emitter, and no request suffers from it", () =>
    Effect.gen(function*() {
      const server = yield* answering
      const core = yield* scopedCore()
      const before = process.rawListeners("uncaughtException")
      process.removeAllListeners("uncaughtException")
      const thrown: Array<unknown> = []
      process.on("uncaughtException", (error) => thrown.push(error))
      core.on("socket-created", () => {
        throw "created"
      })
      core.on("request-complete", () => {
        throw "complete"
      })
      let reused = 0
      core.on("socket-reused", () => reused++)
      yield* Effect.promise(() => core.execute(server.url))
      yield* Effect.promise(() => core.execute(server.url))
      yield* Effect.promise(() => core.close())
      process.removeAllListeners("uncaughtException")
      for (const listener of before) process.on("uncaughtException", listener as (error: Error) => void)
      deepStrictEqual([...thrown].sort(), ["complete", "complete", "created"])
      strictEqual(reused, 1)
    }))
})
