// A real Prometheus server scrapes the inspector and answers PromQL.
import { ConnectionPool } from "@connection-pool/core"
import * as NodeInspector from "@connection-pool/inspector/NodeInspector"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpServer } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { countingServer } from "./support/countingServer.js"
import { expressions, fileOf, table } from "./support/operations.js"
import { prometheusServer } from "./support/prometheus.js"

const limit = 4
const PoolLive = NodeInspector.layer({ port: 0 }).pipe(
  Layer.provideMerge(
    NodeConnectionPool.layer({ name: "front", maxConnectionsPerOrigin: limit })
  )
)

it.scopedLive("Prometheus answers with the server's own counts, to the last request and byte", (ctx) =>
  Effect.gen(function*() {
    const target = yield* HttpServer.addressWith((address) =>
      Effect.succeed(address._tag === "TcpAddress" ? `127.0.0.1:${address.port}` : "")
    )
    const prometheus = yield* prometheusServer(ctx, { target, rules: fileOf("alerts.yml") })
    const server = yield* countingServer
    const pool = yield* ConnectionPool.ConnectionPool
    const ask = (path: string) => pool.execute({ url: `${server.origin}${path}` })

    yield* Effect.forEach(Array.from({ length: 300 }, (_, i) => i), (i) => ask(i % 10 === 0 ? "/missing" : "/item"), {
      concurrency: limit
    })
    // All connections are held, and one more is asked for in vain.
    yield* Effect.forEach(Array.from({ length: limit }), () => pool.lease(server.origin)).pipe(
      Effect.zipRight(Effect.flip(pool.execute({ url: `${server.origin}/item`, acquireTimeout: "20 millis" }))),
      Effect.scoped
    )
    const { bytes, connections, requests } = server.counts()

    // A scrape is taken as a whole: when the last count is there, all of them are.
    yield* prometheus.until(prometheus.value("sum(http_client_connection_timeouts_total)"), (count) => count === 1)
    const of = (selector: string) => prometheus.value(`sum(${selector})`)
    expect(requests).toBe(300)
    expect(yield* of("http_client_request_duration_seconds_count{http_response_status_code=\"200\"}")).toBe(270)
    expect(yield* of("http_client_request_duration_seconds_count{http_response_status_code=\"404\"}")).toBe(30)
    expect(yield* of("http_client_pool_connections_created_total")).toBe(connections)
    expect(yield* of("http_client_pool_received_bytes_total")).toBe(bytes)
    expect(yield* of("http_client_pool_requests_total")).toBe(requests)
    expect(yield* of("http_client_pool_connections_reused_total")).toBe(requests - connections)
    expect(yield* of("http_client_open_connections{http_connection_state=\"idle\"}")).toBe(connections)
    expect(yield* of("http_client_open_connections{http_connection_state=\"active\"}")).toBe(0)
    expect(yield* of("http_client_connection_pending_requests")).toBe(0)
    expect(yield* of("http_client_pool_failures_total{error_type=\"AcquireTimeout\"}")).toBe(1)
    expect(yield* of("http_client_request_duration_seconds_count{error_type=\"AcquireTimeout\"}")).toBe(1)
    expect(yield* of("http_client_connection_max")).toBe(limit)
    expect(yield* of("http_client_connection_wait_time_seconds_bucket{le=\"+Inf\"}")).toBe(requests + limit)
    const origin = {
      http_client_connection_pool_name: "front",
      server_address: "127.0.0.1",
      server_port: new URL(server.origin).port,
      url_scheme: "http"
    }
    for (const { metric } of yield* prometheus.query("{__name__=~\"http_client_.*\"}")) {
      const { __name__: name = "", instance, job, le: _, ...labels } = metric
      expect({ instance, job, ...labels }).toMatchObject({ instance: target, job: "shop", ...origin })
      const documented = table.get(name.replace(/_(bucket|sum|count)$/, ""))?.labels
      expect(Object.keys(labels).filter((label) => !documented?.includes(label)), name).toEqual([])
    }

    // The dashboard, the page and the rules are understood, and the rules see a timeout happen.
    for (const { expr, place } of expressions) {
      yield* Effect.mapError(prometheus.query(expr), ({ message }) => new Error(`${place}: ${message}`))
    }
    const firing = yield* prometheus.until(
      Effect.map(prometheus.get("alerts"), (data) => (data as { readonly alerts: ReadonlyArray<Alert> }).alerts),
      (alerts) => alerts.some(({ state }) => state === "firing")
    )
    expect(firing.map(({ labels }) => labels["alertname"])).toContain("HttpPoolAcquireTimeouts")
    const { groups } = (yield* prometheus.get("rules")) as { readonly groups: ReadonlyArray<Group> }
    expect(groups.flatMap(({ rules }) => rules).filter(({ health }) => health === "err")).toEqual([])
  }).pipe(Effect.provide(PoolLive)))

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly state: "pending" | "firing"
}

interface Group {
  readonly rules: ReadonlyArray<{ readonly name: string; readonly health: string; readonly lastError?: string }>
}
