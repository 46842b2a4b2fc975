import { ConnectionPool, PoolError } from "@connection-pool/core"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import type * as http from "node:http"
import type { AddressInfo } from "node:net"
import { describe } from "vitest"
import type { ConnectionPoolCoreOptions } from "../src/ConnectionPoolCore.js"
import { ConnectionPoolCore } from "../src/ConnectionPoolCore.js"
import * as NodeConnectionPool from "../src/NodeConnectionPool.js"
import { failure, scopedCore } from "./support/core.js"
import { deafServer } from "./support/deafServer.js"
import { httpServer } from "./support/httpServer.js"

/** A server that answers /now at once and holds every other answer back, and can say when so many are held. */
const holdingServer = Effect.gen(function*() {
  const held: Array<http.ServerResponse> = []
  let waiting: Array<() => void> = []
  const server = yield* httpServer((request, response) => {
    if (request.url === "/now") return void response.end("1")
    held.push(response)
    for (const look of waiting) look()
  })
  const holds = (count: number) =>
    Effect.promise(() =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (held.length < count) return
          waiting = waiting.filter((other) => other !== look)
          resolve()
        }
        waiting.push(look)
        look()
      })
    )
  return { ...server, held, holds }
})

/** Promises as the program would hold them: how each was settled, and how often a handler was called. */
const outcomes = (promises: ReadonlyArray<Promise<unknown>>) => {
  const seen: Array<string> = []
  const all = Promise.all(
    promises.map((promise) =>
      promise.then(() => seen.push("answered"), (error) => seen.push(`${error.name} ${error.code}`))
    )
  )
  return { seen, all: Effect.promise(() => all) }
}

/** What nobody handled, to the end of the scope. */
const unhandled = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const seen: Array<unknown> = []
      const hear = (reason: unknown) => void seen.push(reason)
      process.on("unhandledRejection", hear)
      return { seen, hear }
    }),
    ({ hear }) => Effect.sync(() => process.off("unhandledRejection", hear))
  ),
  ({ seen }) => seen
)

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("destroy", () => {
  it.scopedLive("rejects each request that runs or waits once, closes every socket, and leaves no unhandled rejection", () =>
    Effect.gen(function*() {
      const lost = yield* unhandled
      const server = yield* holdingServer
      const core = yield* scopedCore({ maxSockets: 2 })
      const { all, seen } = outcomes([1, 2, 3, 4].map(() => core.execute(server.url)))
      yield* server.holds(2)
      let closed = 0
      core.on("all-connections-closed", ({ connections }) => closed += connections)
      yield* Effect.promise(() => core.destroy())
      yield* all
      yield* turn
      deepStrictEqual(seen, Array(4).fill("PoolClosed ERR_POOL_CLOSED"))
      deepStrictEqual([lost, closed], [[], 2])
      yield* Effect.promise(server.allClosed)
      deepStrictEqual(core.healthCheck().status, "closed")
      strictEqual(core.getMetrics().activeConnections, 0)
    }))

  it.scopedLive("afterwards every request is refused, and so are initialize and a warm-up", () =>
    Effect.gen(function*() {
      const core = yield* scopedCore()
      yield* Effect.promise(() => core.destroy())
      yield* Effect.promise(() => core.destroy())
      for (
        const use of [
          () => core.execute("http://a"),
          () => core.initialize(),
          () => core.warmupConnections(["http://a"])
        ]
      ) {
        const error = yield* failure(use)
        deepStrictEqual([error.name, error.code], ["PoolClosed", "ERR_POOL_CLOSED"])
        assertTrue(error.cause instanceof PoolError.PoolClosed)
        assertTrue(error.message.startsWith("the pool is closed"))
      }
    }))

  it.scopedLive("while the pool is being built rejects who waits for that, and nothing is left", () =>
    Effect.gen(function*() {
      const lost = yield* unhandled
      const { port } = yield* deafServer()
      const url = `http://127.0.0.1:${port}/`
      const core = new ConnectionPoolCore({ warmUp: { origins: [url] }, connectTimeout: "1 hour" })
      const { all, seen } = outcomes([core.initialize(), core.execute(url), core.execute(url)])
      yield* turn
      yield* Effect.promise(() => core.destroy())
      yield* all
      yield* turn
      deepStrictEqual([seen, lost], [Array(3).fill("PoolClosed ERR_POOL_CLOSED"), []])
    }))
})

describe("close", () => {
  it.scopedLive("lets requests that run end, takes no more, and says how it went", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const core = yield* scopedCore()
      const { all, seen } = outcomes([core.execute(server.url)])
      yield* server.holds(1)
      const closing = core.close()
      strictEqual((yield* failure(() => core.execute(server.url))).name, "PoolClosed")
      server.held[0]!.end("1")
      const { answered, cutOff, unclosed } = yield* Effect.promise(() => closing)
      yield* all
      deepStrictEqual([answered, cutOff, unclosed, seen], [1, 0, 0, ["answered"]])
      yield* Effect.promise(server.allClosed)
    }))

  it.scopedLive("cuts off what has not ended in drainTimeout, or when it is destroyed meanwhile", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const patient = yield* scopedCore({ drainTimeout: "1 hour" })
      const hasty = yield* scopedCore({ drainTimeout: 20 })
      const { all, seen } = outcomes([patient.execute(server.url), hasty.execute(server.url)])
      yield* server.holds(2)
      strictEqual((yield* Effect.promise(() => hasty.close())).cutOff, 1)
      const closing = patient.close()
      yield* Effect.promise(() => patient.destroy())
      strictEqual((yield* Effect.promise(() => closing)).cutOff, 1)
      yield* all
      deepStrictEqual(seen, Array(2).fill("PoolClosed ERR_POOL_CLOSED"))
    }))

  it.scopedLive("is what `await using` does", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const core = new ConnectionPoolCore()
      yield* Effect.promise(async () => {
        await using pool = core
        await pool.execute(`${server.url}now`)
      })
      yield* Effect.promise(server.allClosed)
      strictEqual((yield* failure(() => core.execute(server.url))).name, "PoolClosed")
    }))
})

describe("closeAllConnections", () => {
  it.scopedLive("closes what is used and what is idle, and the pool goes on", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const core = yield* scopedCore()
      const { all, seen } = outcomes([core.execute(server.url)])
      yield* server.holds(1)
      yield* Effect.promise(() => core.execute(`${server.url}now`))
      strictEqual(server.open(), 2)
      let told = 0
      core.on("all-connections-closed", ({ connections }) => told = connections)
      strictEqual(yield* Effect.promise(() => core.closeAllConnections()), 2)
      yield* all
      deepStrictEqual([seen, told], [["AbortError ABORT_ERR"], 2])
      yield* Effect.promise(server.allClosed)
      const { reused } = yield* Effect.promise(() => core.execute(`${server.url}now`))
      deepStrictEqual([reused, server.accepted()], [false, 3])
      strictEqual(yield* Effect.promise(() => core.closeAllConnections()), 1)
      strictEqual(yield* Effect.promise(() => core.closeAllConnections()), 0)
    }))

  it.scopedLive("cleanupUnusedConnections closes idle ones only", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const core = yield* scopedCore()
      const { all, seen } = outcomes([core.execute(server.url)])
      yield* server.holds(1)
      yield* Effect.promise(() => core.execute(`${server.url}now`))
      strictEqual(core.cleanupUnusedConnections(), 1)
      server.held[0]!.end("1")
      yield* all
      deepStrictEqual([seen, core.getMetrics().cleanedUpConnections], [["answered"], 1])
    }))
})

describe("warmupConnections", () => {
  it.scopedLive("opens connections and sends nothing", () =>
    Effect.gen(function*() {
      let requests = 0
      const server = yield* httpServer((_, response) => {
        requests++
        response.end("1")
      })
      const core = yield* scopedCore()
      let told: unknown
      core.on("warmup-complete", (report) => told = report)
      const agent = server.url.slice(0, -1)
      const endpoints = [server.url, { url: new URL("other", server.url) }, "http://127.0.0.1:1"]
      const report = yield* Effect.promise(() => core.warmupConnections(endpoints, { connections: 2 }))
      strictEqual(told, report)
      deepStrictEqual([report.opened, report.failed, requests], [2, 2, 0])
      deepStrictEqual(
        report.endpoints.map(({ agent, errors, opened }) => [agent, opened, errors.map(({ code }) => code)]),
        [
          [agent, 2, []],
          ["http://127.0.0.1:1", 0, ["ECONNREFUSED", "ECONNREFUSED"]]
        ]
      )
      const { reused } = yield* Effect.promise(() => core.execute(server.url))
      deepStrictEqual([reused, server.accepted()], [false, 2])
    }))

  it.scopedLive("sends a probe to each endpoint where one is given", () =>
    Effect.gen(function*() {
      const paths: Array<string> = []
      const server = yield* httpServer((request, response) => {
        paths.push(`${request.method} ${request.url} ${request.headers["x-key"]}`)
        response.writeHead(request.url === "/bad" ? 500 : 200).end(request.url === "/bad" ? "no" : "{}")
      })
      const core = yield* scopedCore()
      const endpoints = [{ url: `${server.url}good`, headers: { "x-key": "1" } }, {
        url: `${server.url}bad`,
        headers: { "x-key": "2" }
      }]
      const report = yield* Effect.promise(() => core.warmupConnections(endpoints, { probe: { method: "GET" } }))
      deepStrictEqual([...paths].sort(), ["GET /bad 2", "GET /good 1"])
      const [endpoint] = report.endpoints
      deepStrictEqual([report.failed, endpoint!.errors[0]!.name, endpoint!.probes.map(({ data }) => data)], [
        1,
        "InvalidJson",
        [{}]
      ])
    }))

  it.scopedLive("refuses what is no URL", () =>
    Effect.gen(function*() {
      const core = yield* scopedCore()
      strictEqual((yield* failure(() => core.warmupConnections(["nowhere"]))).name, "InvalidRequest")
      strictEqual(
        (yield* failure(() => core.warmupConnections(["http://a"], { connections: 0 }))).name,
        "InvalidRequest"
      )
    }))
})

describe("initialize", () => {
  it.scopedLive("fails where the warm-up that is required fails, and is done again by the next request", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const { port } = server.server.address() as AddressInfo
      yield* Effect.promise(() => new Promise((resolve) => server.server.close(resolve)))
      const core = yield* scopedCore({ warmUp: { origins: [server.url], required: true } })
      strictEqual((yield* failure(() => core.initialize())).code, "ECONNREFUSED")
      strictEqual((yield* failure(() => core.execute(server.url))).code, "ECONNREFUSED")
      yield* Effect.promise(() => new Promise<void>((resolve) => server.server.listen(port, "127.0.0.1", resolve)))
      strictEqual((yield* Effect.promise(() => core.execute(`${server.url}now`))).status, 200)
    }))

  it.scopedLive("is done once, whoever asks", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const core = yield* scopedCore({ warmUp: { origins: [server.url], connections: 2 } })
      yield* Effect.promise(() => Promise.all([core.initialize(), core.execute(`${server.url}now`), core.initialize()]))
      deepStrictEqual([core.getMetrics().totalConnections, server.accepted()], [2, 2])
    }))
})

describe("the same pool from both sides", () => {
  it.scopedLive("a ConnectionPoolCore over an Effect program's pool has its limits, and leaves it open", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const pool = yield* NodeConnectionPool.make({ maxConnectionsPerOrigin: 1 })
      const core = ConnectionPoolCore.fromPool(pool)
      const mine = yield* pool.execute({ url: `${server.url}now` })
      const theirs = yield* Effect.promise(() => core.execute(`${server.url}now`, { method: "GET" }))
      deepStrictEqual([mine.reused, theirs.reused, server.accepted()], [false, true, 1])
      deepStrictEqual([core.getMetrics().totalRequests, (yield* pool.stats).requests], [2, 2])
      const { all, seen } = outcomes([core.execute(server.url)])
      yield* server.holds(1)
      yield* Effect.promise(() => core.destroy())
      yield* all
      deepStrictEqual(seen, ["PoolClosed ERR_POOL_CLOSED"])
      strictEqual((yield* failure(() => core.execute(server.url))).name, "PoolClosed")
      strictEqual((yield* pool.execute({ url: `${server.url}now` })).status, 200)
    }))

  it.scopedLive("closing one waits for its own requests, for drainTimeout", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const pool = yield* NodeConnectionPool.make()
      const core = ConnectionPoolCore.fromPool(pool, { drainTimeout: 20 })
      const { all, seen } = outcomes([core.execute(server.url)])
      yield* server.holds(1)
      const { answered, cutOff } = yield* Effect.promise(() => core.close())
      yield* all
      deepStrictEqual([answered, cutOff, seen], [0, 1, ["PoolClosed ERR_POOL_CLOSED"]])
      const other = ConnectionPoolCore.fromPool(pool)
      const ended = outcomes([other.execute(server.url)])
      yield* server.holds(2)
      const closing = other.close()
      server.held[1]!.end("1")
      const report = yield* Effect.promise(() => closing)
      yield* ended.all
      deepStrictEqual([report.answered, report.cutOff, ended.seen], [1, 0, ["answered"]])
    }))

  it.scopedLive("an Effect program uses the pool inside a ConnectionPoolCore", () =>
    Effect.gen(function*() {
      const server = yield* holdingServer
      const core = yield* scopedCore({ maxSockets: 1 })
      const program = Effect.flatMap(ConnectionPool.ConnectionPool, (pool) => pool.execute({ url: `${server.url}now` }))
      strictEqual((yield* Effect.provide(program, core.layer)).reused, false)
      strictEqual((yield* Effect.provide(program, core.layer)).reused, true)
      const { reused } = yield* Effect.promise(() => core.execute(`${server.url}now`))
      deepStrictEqual([reused, server.accepted(), core.getMetrics().totalRequests], [true, 1, 3])
      yield* Effect.promise(() => core.destroy())
      const error = yield* Effect.flip(Effect.provide(program, core.layer))
      strictEqual(error._tag, "PoolClosed")
    }))

  it.scopedLive("an Effect program that needs a warm-up hears of it as a typed error", () =>
    Effect.gen(function*() {
      const options: ConnectionPoolCoreOptions = { warmUp: { origins: ["http://127.0.0.1:1"], required: true } }
      const core = yield* scopedCore(options)
      const error = yield* Effect.flip(Effect.provide(ConnectionPool.ConnectionPool, core.layer))
      strictEqual(error._tag, "ConnectFailed")
    }))
})
