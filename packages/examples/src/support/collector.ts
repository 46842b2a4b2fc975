import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Schema } from "effect"
import { createServer } from "node:http"

const Pairs = Schema.Array(Schema.Struct({
  key: Schema.String,
  value: Schema.Record({ key: Schema.String, value: Schema.Unknown })
}))

/** OTLP has pairs of a key and `{ stringValue: "a" }`; here they are a record. */
const Attributes = Schema.transform(Pairs, Schema.Record({ key: Schema.String, value: Schema.Unknown }), {
  decode: (pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]])),
  encode: (record) => Object.entries(record).map(([key, value]) => ({ key, value: { stringValue: value } }))
})

const Resource = Schema.Struct({ attributes: Attributes })
const NumberPoint = Schema.Struct({ attributes: Attributes, asDouble: Schema.Number })
const HistogramPoint = Schema.Struct({
  attributes: Attributes,
  count: Schema.Number,
  sum: Schema.Number,
  bucketCounts: Schema.Array(Schema.Number),
  explicitBounds: Schema.Array(Schema.Number)
})

const Metric = Schema.Struct({
  name: Schema.String,
  description: Schema.String,
  unit: Schema.String,
  sum: Schema.optional(Schema.Struct({ isMonotonic: Schema.Boolean, dataPoints: Schema.Array(NumberPoint) })),
  gauge: Schema.optional(Schema.Struct({ dataPoints: Schema.Array(NumberPoint) })),
  histogram: Schema.optional(Schema.Struct({ dataPoints: Schema.Array(HistogramPoint) }))
})

const Span = Schema.Struct({
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String,
  attributes: Attributes
})

const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    resource: Resource,
    scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) }))
  }))
})

const Traces = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    resource: Resource,
    scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) }))
  }))
})

/** What a receiver of OTLP over HTTP in JSON was sent: all spans, and of every metric its last values. */
export class Collector extends Context.Tag("examples/Collector")<Collector, {
  readonly url: string
  readonly services: Set<unknown>
  readonly metrics: Map<string, typeof Metric.Type>
  readonly spans: Array<typeof Span.Type>
}>() {
  static readonly Live = Layer.scoped(
    Collector,
    Effect.gen(function*() {
      const services = new Set<unknown>()
      const metrics = new Map<string, typeof Metric.Type>()
      const spans: Array<typeof Span.Type> = []
      const isFrom = ({ attributes }: typeof Resource.Type) => services.add(attributes["service.name"])
      const received = HttpServerResponse.json({})
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/v1/metrics",
          Effect.flatMap(HttpServerRequest.schemaBodyJson(Metrics), ({ resourceMetrics }) => {
            for (const { resource, scopeMetrics } of resourceMetrics) {
              isFrom(resource)
              for (const metric of scopeMetrics.flatMap((scope) => scope.metrics)) metrics.set(metric.name, metric)
            }
            return received
          })
        ),
        HttpRouter.post(
          "/v1/traces",
          Effect.flatMap(HttpServerRequest.schemaBodyJson(Traces), ({ resourceSpans }) => {
            for (const { resource, scopeSpans } of resourceSpans) {
              isFrom(resource)
              spans.push(...scopeSpans.flatMap((scope) => scope.spans))
            }
            return received
          })
        ),
        HttpServer.serveEffect()
      )
      return { url: yield* HttpServer.addressFormattedWith(Effect.succeed), services, metrics, spans }
    })
  ).pipe(Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })))
}
