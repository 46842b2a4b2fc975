import { PoolConfig, PoolError } from "@connection-pool/core"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Either } from "effect"
import type * as http from "node:http"
import { describe } from "vitest"
import type { ConnectionPoolCoreOptions } from "../src/ConnectionPoolCore.js"
import { ConnectionPoolCore } from "../src/ConnectionPoolCore.js"
import * as Options from "../src/internal/coreOptions.js"
import { certify, makeAuthority } from "./support/certificates.js"
import { errorOf, failure, scopedCore } from "./support/core.js"
import { deafServer } from "./support/deafServer.js"
import { httpServer } from "./support/httpServer.js"

/** What the pool is told. */
const settings = (options: ConnectionPoolCoreOptions, environment?: PoolConfig.PoolOptions) => {
  const { tls: _, ...checked } = Options.checked(options, environment)
  return Either.getOrThrow(PoolConfig.resolve(checked))
}

/** The environment has these variables, and no others that matter, until the end of the scope. */
const environment = (variables: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const name of Object.keys(variables)) {
          if (before[name] === undefined) delete process.env[name]
          else process.env[name] = before[name]
        }
      })
  )

describe("the options of ConnectionPoolCore", () => {
  it("have the names of the class that it replaces, and those of the pool", () => {
    const given = settings({
      keepAlive: false,
      keepAliveMsecs: 2_000,
      maxSockets: 20,
      maxFreeSockets: 5,
      timeout: 4_000,
      scheduling: "fifo",
      noDelay: false,
      responseLimit: 1_000,
      cleanupPeriod: 7_000,
      idleTimeout: "9 seconds"
    })
    deepStrictEqual(given, {
      ...PoolConfig.defaults,
      keepAlive: false,
      tcpKeepAliveDelay: 2_000,
      maxConnectionsPerOrigin: 20,
      maxIdlePerOrigin: 5,
      connectTimeout: 4_000,
      requestTimeout: 4_000,
      scheduling: "fifo",
      noDelay: false,
      maxResponseSize: 1_000,
      housekeepingInterval: 7_000,
      idleTimeout: 9_000
    })
  })

  it("have the pool's defaults, but that half of the sockets may be idle, also of an origin with a limit of its own", () => {
    deepStrictEqual(settings({}), { ...PoolConfig.defaults, maxIdlePerOrigin: 25 })
    deepStrictEqual([1, 2, 3, 9].map((maxSockets) => settings({ maxSockets }).maxIdlePerOrigin), [1, 1, 1, 4])
    const origins = { "http://a": { maxConnectionsPerOrigin: 8 }, "http://b": { maxIdlePerOrigin: 7 }, "http://c": {} }
    const idle = [...settings({ origins }).origins.values()].map(({ maxIdlePerOrigin }) => maxIdlePerOrigin)
    deepStrictEqual(idle, [4, 7, 25])
    strictEqual(settings({ maxIdlePerOrigin: 50 }).maxIdlePerOrigin, 50)
  })

  it("timeout stands for what is not said of connecting and of the whole request", () => {
    const { connectTimeout, requestTimeout } = settings({ timeout: "9 seconds", connectTimeout: 1_000 })
    deepStrictEqual([connectTimeout, requestTimeout], [1_000, 9_000])
    strictEqual(settings({ timeout: 9_000, requestTimeout: "none" }).requestTimeout, Infinity)
  })

  const refused: ReadonlyArray<readonly [unknown, RegExp]> = [
    [{ maxSockets: 0 }, /^maxSockets is 0; allowed: a whole number of at least 1$/],
    [{ maxConnectionsPerOrigin: 0 }, /^maxConnectionsPerOrigin is 0; /],
    [{ maxFreeSockets: -1 }, /^maxFreeSockets is -1; /],
    [{ timeout: "soon" }, /^timeout is "soon"; allowed: a duration/],
    [{ timeout: 5, connectTimeout: "soon" }, /^connectTimeout is "soon"; /],
    [{ keepAliveMsecs: -5 }, /^keepAliveMsecs is -5; /],
    [{ responseLimit: 0.5 }, /^responseLimit is 0.5; /],
    [{ cleanupPeriod: 0 }, /^cleanupPeriod is 0; /],
    [{ scheduling: "random" }, /^scheduling is "random"; allowed: "lifo" or "fifo"$/],
    [{ maxSocket: 5 }, /^maxSocket is 5; allowed: an option that exists/],
    [
      { maxSockets: 5, maxConnectionsPerOrigin: 6 },
      /^maxSockets is given beside maxConnectionsPerOrigin; allowed: one of/
    ],
    [
      { maxSockets: 4, minIdlePerOrigin: 3 },
      /^minIdlePerOrigin is 3; allowed: at most the maxIdlePerOrigin, which is 2$/
    ],
    [5, /^options is 5; allowed: an object of options$/],
    [null, /^options is null; allowed: an object of options$/]
  ]
  it.each(refused)("%j is refused by the constructor, under the name that was used", async (options, message) => {
    const error = await errorOf(() => new ConnectionPoolCore(options as ConnectionPoolCoreOptions))
    deepStrictEqual([error.name, error.code], ["InvalidOptions", "ERR_INVALID_OPTIONS"])
    assertTrue(message.test(error.message), error.message)
    assertTrue(error.cause instanceof PoolError.InvalidOptions)
  })
})

describe("ConnectionPoolCore.fromEnvironment", () => {
  it.scopedLive("options win over variables, variables over defaults", () =>
    Effect.gen(function*() {
      yield* environment({
        MAX_SOCKETS: "6",
        MAX_FREE_SOCKETS: "",
        CONNECTION_TIMEOUT: "1500",
        RESPONSE_SIZE_LIMIT: "77",
        SOCKET_SCHEDULING: "fifo",
        KEEP_ALIVE_MSECS: "3000",
        CLEANUP_PERIOD_MS: "9000",
        HTTP_POOL_NAME: "named"
      })
      const given = settings({ maxSockets: 8, keepAliveMsecs: 4_000 }, Options.environment())
      deepStrictEqual(given, {
        ...PoolConfig.defaults,
        maxConnectionsPerOrigin: 8,
        maxIdlePerOrigin: 4,
        connectTimeout: 1_500,
        requestTimeout: 1_500,
        maxResponseSize: 77,
        scheduling: "fifo",
        tcpKeepAliveDelay: 4_000,
        housekeepingInterval: 9_000,
        name: "named"
      })
      const { connectTimeout, requestTimeout } = settings({ timeout: 200 }, Options.environment())
      deepStrictEqual([connectTimeout, requestTimeout], [200, 200])
      yield* environment({ HTTP_POOL_REQUEST_TIMEOUT: "none", MAX_FREE_SOCKETS: "6" })
      const { maxIdlePerOrigin, requestTimeout: whole } = settings({}, Options.environment())
      deepStrictEqual([maxIdlePerOrigin, whole], [6, Infinity])
    }))

  it.scopedLive("a variable that cannot be is named", () =>
    Effect.gen(function*() {
      yield* environment({ MAX_SOCKETS: "many" })
      const error = yield* failure(() => ConnectionPoolCore.fromEnvironment())
      deepStrictEqual([error.name, error.code], ["InvalidVariable", "ERR_INVALID_VARIABLE"])
      strictEqual(error.message, `MAX_SOCKETS is "many"; allowed: a whole number of at least 1`)
    }))

  it("an option that cannot be is named, though the environment is asked, too", async () => {
    const error = await errorOf(() => ConnectionPoolCore.fromEnvironment({ maxSockets: 0 }))
    deepStrictEqual([error.name, error.message], [
      "InvalidOptions",
      "maxSockets is 0; allowed: a whole number of at least 1"
    ])
    const both = await errorOf(() => ConnectionPoolCore.fromEnvironment({ maxSockets: 1, maxConnectionsPerOrigin: 2 }))
    strictEqual(both.name, "InvalidOptions")
  })

  it.scopedLive("CONNECTION_TIMEOUT ends a dial that is not answered, and it is counted as timed out", () =>
    Effect.gen(function*() {
      yield* environment({ CONNECTION_TIMEOUT: "60" })
      const { port } = yield* deafServer()
      const core = yield* scopedCore({}, (options) => ConnectionPoolCore.fromEnvironment(options))
      const error = yield* failure(() => core.execute(`http://127.0.0.1:${port}/`))
      strictEqual(error.code, "ETIMEDOUT")
      const { failedConnections, timedOutConnections, totalConnections } = core.getMetrics()
      deepStrictEqual([totalConnections, failedConnections, timedOutConnections], [0, 0, 1])
      deepStrictEqual(core.healthCheck().status, "degraded")
    }))
})

describe("the figures of ConnectionPoolCore", () => {
  it.scopedLive("count what happened on the wire", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((request, response) => {
        if (request.url === "/lost") request.socket.destroy()
        else if (request.url !== "/late") response.end("1")
      })
      const core = yield* scopedCore({ maxSockets: 3 })
      const agent = server.url.slice(0, -1)
      yield* Effect.promise(async () => {
        for (let i = 0; i < 4; i++) await core.execute(server.url)
        await errorOf(() => core.execute(`${server.url}late`, { timeout: 20 }))
        await errorOf(() => core.execute(`${server.url}lost`))
        await errorOf(() => core.execute("http://127.0.0.1:1/"))
      })
      const { avgConnectionTimeMs, avgReuseTimeMs, memoryUsageMB, ...metrics } = core.getMetrics()
      assertTrue(avgConnectionTimeMs > 0 && avgReuseTimeMs > 0 && memoryUsageMB > 0)
      deepStrictEqual(metrics, {
        totalConnections: 2,
        newConnections: 2,
        reusedConnections: 4,
        failedConnections: 2,
        timedOutConnections: 1,
        totalRequests: 6,
        socketReusePercentage: "66.67%",
        socketLeaks: 0,
        cleanedUpConnections: 0,
        activeAgents: 2,
        activeConnections: 0
      })
      strictEqual(server.accepted(), metrics.totalConnections)
      strictEqual(core.getSocketReusePercentage().toFixed(2), "66.67")
      const stats = core.getStats()
      deepStrictEqual(Object.keys(stats), [agent, "http://127.0.0.1:1"])
      deepStrictEqual([stats[agent]!.totalRequests, stats[agent]!.maxSockets, stats[agent]!.lastError], [
        6,
        3,
        undefined
      ])
      const health = core.healthCheck()
      deepStrictEqual([health.healthy, health.status, health.issues.length], [false, "degraded", 1])
      assertTrue(health.issues[0]!.startsWith("cannot connect to http://127.0.0.1:1 (Refused)"))
    }))

  it.scopedLive("one endpoint is one, also where requests have TLS identities of their own", () =>
    Effect.gen(function*() {
      const authority = yield* Effect.promise(() => makeAuthority("ours"))
      const certificate = yield* Effect.promise(() => certify(authority, "server.test", { address: true }))
      const server = yield* httpServer((request, response) => {
        if (request.url !== "/never") response.end("1")
      }, certificate)
      const core = yield* scopedCore({ tls: { ca: authority.cert } })
      yield* Effect.promise(async () => {
        await core.execute(server.url)
        await core.execute(server.url, { tls: { minVersion: "TLSv1.3" } })
        await core.execute(server.url, { tls: { minVersion: "TLSv1.3" } })
      })
      for (const tls of [undefined, { minVersion: "TLSv1.3" } as const]) {
        yield* failure(() => core.execute(`${server.url}never`, { tls, timeout: 20 }))
      }
      const stats = core.getStats()
      const [endpoint] = Object.values(stats)
      deepStrictEqual([Object.keys(stats).length, endpoint!.totalRequests, endpoint!.totalConnections], [1, 5, 2])
      deepStrictEqual([endpoint!.timedOutConnections, endpoint!.idleConnections, core.healthCheck().status], [
        2,
        0,
        "healthy"
      ])
    }))

  it.scopedLive("requests that wait for sockets are an issue", () =>
    Effect.gen(function*() {
      const answers: Array<http.ServerResponse> = []
      let arrived = () => {}
      const arrival = new Promise<void>((resolve) => arrived = resolve)
      const server = yield* httpServer((_, response) => {
        answers.push(response)
        arrived()
      })
      const core = yield* scopedCore({ maxSockets: 1 })
      const both = [core.execute(server.url), core.execute(server.url)]
      for (const one of both) one.catch(() => {})
      yield* Effect.promise(() => arrival)
      deepStrictEqual(core.healthCheck().issues, [`1 requests wait for one of 1 sockets to ${server.url.slice(0, -1)}`])
      strictEqual(core.getMetrics().activeConnections, 1)
    }))
})
