import { NodeConnectionPool } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Either, Metric } from "effect"
import { describe } from "vitest"
import { httpServer, readBody } from "./support/httpServer.js"

const poolName = "server's own count"

/** The sum of a metric's values over all series with these attributes; of a histogram how many were observed. */
const total = (metric: string, tags: Readonly<Record<string, string>> = {}) =>
  Effect.map(Metric.snapshot, (pairs) =>
    pairs.reduce((sum, { metricKey, metricState }) => {
      const wanted = Object.entries({ ...tags, "http.client.connection.pool.name": poolName })
      const ours = metricKey.name === metric &&
        wanted.every(([name, value]) => metricKey.tags.some((tag) => tag.key === name && tag.value === value))
      const { count, value } = metricState as { readonly count?: number; readonly value?: number }
      return ours ? sum + (count ?? value ?? NaN) : sum
    }, 0))

describe("metrics over sockets", () => {
  it.scopedLive(
    "agree with the server's own count after 10,000 requests of two pools, exactly",
    () =>
      Effect.gen(function*() {
        const served = { requests: 0, bytes: 0, missing: 0, broken: 0, closing: 0 }
        const server = yield* httpServer(async (request, response) => {
          const number = Number(await readBody(request))
          served.requests++
          if (number % 501 === 0) {
            served.broken++
            return void request.socket.destroy()
          }
          if (number % 7 === 0) {
            served.missing++
            response.statusCode = 404
          }
          if (number % 97 === 0) {
            served.closing++
            response.setHeader("connection", "close")
          }
          const body = "x".repeat(number % 1_000)
          served.bytes += body.length
          response.end(body)
        })
        const numbers = Array.from({ length: 5_000 }, (_, index) => index + 1)
        const failed = yield* Effect.scoped(Effect.gen(function*() {
          const pools = yield* Effect.replicateEffect(NodeConnectionPool.make({ name: poolName }), 2)
          const outcomes = yield* Effect.forEach(pools, (pool) =>
            Effect.forEach(
              numbers,
              (number) => Effect.either(pool.execute({ method: "POST", url: server.url, body: String(number) })),
              { concurrency: 20 }
            ), { concurrency: 2 })
          const open = server.accepted() - served.broken - served.closing
          strictEqual(yield* total("http.client.open_connections", { "http.connection.state": "idle" }), open)
          strictEqual(yield* total("http.client.connection.max"), 100)
          return outcomes.flat().filter(Either.isLeft).length
        }))
        yield* Effect.promise(server.allClosed)
        deepStrictEqual([served.requests, served.broken, failed], [10_000, 18, 18])
        const duration = "http.client.request.duration"
        const post = { "http.request.method": "POST" }
        const told = yield* Effect.all({
          requests: total("http.client.pool.requests"),
          durations: total(duration, post),
          waits: total("http.client.connection.wait_time"),
          uses: total("http.client.connection.use_time"),
          bytes: total("http.client.pool.received"),
          answered: total(duration, { ...post, "http.response.status_code": "200" }),
          missing: total(duration, { ...post, "http.response.status_code": "404", "error.type": "404" }),
          lost: total(duration, { ...post, "error.type": "ConnectionLost" }),
          failures: total("http.client.pool.failures", { "error.type": "ConnectionLost" }),
          allFailures: total("http.client.pool.failures"),
          created: total("http.client.pool.connections.created"),
          dials: total("http.client.connection.create_time"),
          reused: total("http.client.pool.connections.reused"),
          notReusable: total("http.client.pool.connections.closed", { reason: "not_reusable" }),
          closed: total("http.client.pool.connections.closed"),
          lives: total("http.client.connection.duration"),
          repeats: total("http.client.pool.repeats"),
          running: total("http.client.active_requests"),
          open: total("http.client.open_connections"),
          waiting: total("http.client.connection.pending_requests"),
          limit: total("http.client.connection.max")
        })
        const sockets = server.accepted()
        deepStrictEqual(told, {
          requests: 10_000,
          durations: 10_000,
          waits: 10_000,
          uses: 10_000,
          bytes: served.bytes,
          answered: 10_000 - served.missing - served.broken,
          missing: served.missing,
          lost: served.broken,
          failures: served.broken,
          allFailures: served.broken,
          created: sockets,
          dials: sockets,
          reused: 10_000 - sockets,
          notReusable: served.broken + served.closing,
          closed: sockets,
          lives: sockets,
          repeats: 0,
          running: 0,
          open: 0,
          waiting: 0,
          limit: 0
        })
      }),
    30_000
  )
})
