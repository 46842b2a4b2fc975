/**
 * Effect's metrics in the text format that Prometheus reads, with the names that OpenTelemetry's metrics have there.
 *
 * `http.client.request.duration` in seconds becomes `http_client_request_duration_seconds`, a counter that only goes up ends with
 * `_total`, one that goes up and down is a gauge, a label `server.address` becomes `server_address`. The text is written by
 * `prom-client`.
 *
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as internal from "./internal/prometheusText.js"

/**
 * What to write.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Which metrics of this process: `pool`, those whose names start with `http.client.`, as its pools' do; or `all`, whatever its
   * program counts by Effect's `Metric`. Default `pool`.
   */
  readonly metrics?: "pool" | "all" | undefined
}

/**
 * The media type of the text: version 0.0.4 of the format, in UTF-8.
 *
 * @since 0.1.0
 * @category constants
 */
export const contentType: string = internal.contentType

/**
 * The metrics of this process, as they are now.
 *
 * Where two metrics come to one name and are of different kinds, the first one is written: Prometheus would take none of the
 * whole text otherwise.
 *
 * @example
 * ```ts
 * import { PrometheusText } from "@connection-pool/inspector"
 * import { Effect, Metric } from "effect"
 *
 * const orders = Metric.counter("shop.orders", { description: "Orders taken", incremental: true })
 *
 * const program = Effect.gen(function*() {
 *   yield* Metric.increment(orders)
 *   return yield* PrometheusText.render({ metrics: "all" })
 * })
 *
 * Effect.runPromise(program).then((text) => console.log(text.includes("shop_orders_total 1"))) // true
 * ```
 *
 * @since 0.1.0
 * @category rendering
 */
export const render = (options?: Options): Effect.Effect<string> =>
  Effect.flatMap(Metric.snapshot, (snapshot) => {
    const wanted = options?.metrics === "all"
      ? snapshot
      : snapshot.filter(({ metricKey }) => metricKey.name.startsWith("http.client."))
    const texts = Effect.forEach(internal.familiesOf(wanted), (family) => Effect.promise(() => internal.textOf(family)))
    return Effect.map(texts, (families) => `${families.join("\n\n")}\n`)
  })

/**
 * Answers with the text, for a router of yours, where Prometheus asks by a name that is not known beforehand, such as the address of
 * a pod. Unlike `/metrics` of the inspector it answers whoever your server lets through.
 *
 * @example
 * ```ts
 * import { PrometheusText } from "@connection-pool/inspector"
 * import { HttpRouter } from "@effect/platform"
 *
 * export const router = HttpRouter.empty.pipe(HttpRouter.get("/metrics", PrometheusText.app()))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const app = (options?: Options): HttpApp.Default =>
  Effect.map(render(options), (text) => HttpServerResponse.text(text, { contentType }))
