// Metrics and traces to an OpenTelemetry collector, over OTLP/HTTP: the metrics of the pool are among the program's, and each request
// is a span. No SDK of OpenTelemetry is needed. Here a small receiver is the collector, and says what came.
import { NodeConnectionPool } from "@connection-pool/platform-node"
import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import { HttpClient, HttpServer } from "@effect/platform"
import { Array, Console, Effect, Layer } from "effect"
import { Collector } from "./support/collector.js"
import { FilesLive } from "./support/files.js"
import { runMain } from "./support/runMain.js"

const resource = { serviceName: "shop", serviceVersion: "1.0.0" }

/**
 * What a program says goes to the collector every few seconds, and the rest when the layer closes. It has a pool of its own, so that
 * it neither waits behind the requests that it tells of nor takes their connections.
 */
export const telemetryLayer = (collector: string) =>
  Layer.merge(
    OtlpMetrics.layer({ url: `${collector}/v1/metrics`, resource, exportInterval: "10 seconds" }),
    OtlpTracer.layer({ url: `${collector}/v1/traces`, resource, exportInterval: "5 seconds" })
  ).pipe(
    Layer.provide(OtlpSerialization.layerJson),
    Layer.provide(NodeConnectionPool.layerHttpClient({ name: "telemetry", maxConnectionsPerOrigin: 2 }))
  )

const shopping = (baseUrl: string) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    yield* Effect.forEach(Array.range(1, 10), () =>
      Effect.flatMap(client.get(`${baseUrl}/zeros/1000`), ({ text }) => text))
  }).pipe(
    Effect.withSpan("shopping"),
    Effect.provide(NodeConnectionPool.layerHttpClient({ name: "shop" }))
  )

export const main = Effect.gen(function*() {
  const collector = yield* Collector
  const baseUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
  // Around the pool: what the pool says at its end is in the last export.
  yield* shopping(baseUrl).pipe(Effect.provide(telemetryLayer(collector.url)))
  return { baseUrl, collector }
}).pipe(Effect.provide([Collector.Live, FilesLive]))

runMain(
  import.meta.url,
  Effect.flatMap(main, ({ collector: { metrics, spans } }) =>
    Console.log([
      ...[...metrics.values()].map(({ description, name, unit }) => `${name} (${unit}): ${description}`),
      `${spans.filter(({ name }) => name === "GET").length} requests have a span`
    ].join("\n")))
)
