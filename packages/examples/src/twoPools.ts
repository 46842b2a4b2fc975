// Two pools in one application: a small one for the nightly export, and one for people who wait. The export may fill its pool and
// its queue, people never stand behind it. Each pool has a tag and a name, and its metrics have that name.
import { PooledHttpClient } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import type { HttpClient } from "@effect/platform"
import { HttpServer } from "@effect/platform"
import { Array, Console, Context, Effect, Fiber, Layer, Metric, MetricState } from "effect"
import { runMain } from "./support/runMain.js"
import { SlowRowsLive } from "./support/slowRows.js"

/** For people: they would rather hear an error after three seconds than wait. */
export class FrontClient extends Context.Tag("examples/FrontClient")<FrontClient, HttpClient.HttpClient>() {
  static readonly Live = Layer.scoped(
    FrontClient,
    Effect.map(
      NodeConnectionPool.make({ name: "front", maxConnectionsPerOrigin: 50, requestTimeout: "3 seconds" }),
      PooledHttpClient.fromPool
    )
  )
}

/** For the export: it has all night, and two connections. */
export class ExportClient extends Context.Tag("examples/ExportClient")<ExportClient, HttpClient.HttpClient>() {
  static readonly Live = Layer.scoped(
    ExportClient,
    Effect.map(
      NodeConnectionPool.make({ name: "export", maxConnectionsPerOrigin: 2, acquireTimeout: "none" }),
      PooledHttpClient.fromPool
    )
  )
}

/** Whatever a pool counts and limits is its own. */
export const ClientsLive = Layer.merge(FrontClient.Live, ExportClient.Live)

/** What a counter says of one pool, all its origins together. */
const countOf = (counter: string, pool: string) =>
  Effect.map(Metric.snapshot, (metrics) =>
    metrics
      .filter(({ metricKey: { name, tags } }) =>
        name === counter && tags.some(({ key, value }) => key === "http.client.connection.pool.name" && value === pool)
      )
      .map(({ metricState }) => MetricState.isCounterState(metricState) ? Number(metricState.count) : 0)
      .reduce((sum, count) => sum + count, 0))

const metricsOf = (pool: string) =>
  Effect.all({
    pool: Effect.succeed(pool),
    opened: countOf("http.client.pool.connections.created", pool),
    requests: countOf("http.client.pool.requests", pool)
  })

export const program = (baseUrl: string) =>
  Effect.gen(function*() {
    const front = yield* FrontClient
    const nightly = yield* ExportClient
    const rows = yield* Effect.fork(Effect.forEach(
      Array.range(1, 10),
      (row) => Effect.flatMap(nightly.get(`${baseUrl}/rows/${row}`), ({ text }) => text),
      { concurrency: "unbounded" }
    ))
    // Comes at once, while the export has both of its connections and eight more requests in its queue.
    const page = yield* Effect.flatMap(front.get(`${baseUrl}/page`), ({ text }) => text)
    return {
      page,
      rows: yield* Fiber.join(rows),
      metrics: yield* Effect.all([metricsOf("front"), metricsOf("export")])
    }
  })

export const main = HttpServer.addressFormattedWith(program).pipe(
  Effect.provide(ClientsLive),
  Effect.provide(SlowRowsLive)
)

runMain(
  import.meta.url,
  Effect.flatMap(main, ({ metrics, page, rows }) =>
    Console.log([
      `the page: ${page}`,
      `the export: ${rows.length} rows`,
      ...metrics.map(({ opened, pool, requests }) => `pool ${pool}: requests ${requests}, connections ${opened}`)
    ].join("\n")))
)
