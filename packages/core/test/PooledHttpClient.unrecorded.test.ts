import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as TraceContext from "@effect/platform/HttpTraceContext"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import type { Tracer } from "effect"
import { Effect, Option, Stream } from "effect"
import { describe } from "vitest"
import type { TestConnector } from "../src/index.js"
import { PooledHttpClient } from "../src/index.js"
import { assertAtRest, url, withPool } from "./support/pool.js"

type Sent = Readonly<Record<string, string | undefined>>

/** Runs a story under Effect's own tracer, which keeps no span. */
const unrecorded = <A, E>(
  story: (client: HttpClient.HttpClient, sent: Effect.Effect<ReadonlyArray<Sent>>) => Effect.Effect<A, E>,
  script: TestConnector.TestScript = {}
) =>
  withPool(
    (pool, network) => {
      const sent = Effect.map(network.requests, (requests) => requests.map(({ headers }) => headers as Sent))
      return Effect.zipLeft(story(PooledHttpClient.fromPool(pool), sent), assertAtRest(pool))
    },
    script
  )

const traceparent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/

/** What a request says of its span. */
const spanOf = (headers: Sent) => {
  const [, traceId, spanId] = traceparent.exec(headers["traceparent"] ?? "") ?? []
  assertTrue(traceId !== undefined && spanId !== undefined, `traceparent is ${headers["traceparent"]}`)
  return { b3: headers["b3"], spanId, traceId }
}

describe("a span that nobody records", () => {
  it.effect("is told to the server as one that is recorded: sampled, with ids of its own", () =>
    unrecorded((client, sent) =>
      Effect.gen(function*() {
        for (let i = 0; i < 50; i++) yield* client.get(url)
        const spans = (yield* sent).map(spanOf)
        for (const { b3, spanId, traceId } of spans) strictEqual(b3, `${traceId}-${spanId}-1`)
        strictEqual(new Set(spans.map(({ traceId }) => traceId)).size, 50)
        strictEqual(new Set(spans.map(({ spanId }) => spanId)).size, 50)
        // Each digit occurs in each place: no bits are left out.
        for (let place = 0; place < 16; place++) {
          assertTrue(new Set(spans.map(({ spanId }) => spanId[place])).size > 4, `digit ${place} hardly changes`)
        }
      })
    ))

  it.effect("is a child of the span around it", () =>
    unrecorded((client, sent) =>
      Effect.gen(function*() {
        const outside = yield* Effect.withSpan(
          Effect.zipLeft(Effect.orDie(Effect.currentSpan), client.get(url)),
          "outside"
        )
        const [headers] = yield* sent
        const { b3, spanId, traceId } = spanOf(headers!)
        strictEqual(traceId, outside.traceId)
        strictEqual(b3, `${traceId}-${spanId}-1-${outside.spanId}`)
        const found = Option.getOrThrow(TraceContext.fromHeaders(headers as never))
        deepStrictEqual([found.traceId, found.spanId, found.sampled], [traceId, spanId, true])
      })
    ))

  it.effect("takes the place of the span that the request's own headers tell of", () =>
    unrecorded((client, sent) =>
      Effect.gen(function*() {
        yield* client.get(url, { headers: { b3: "mine", traceparent: "mine", constructor: "kept" } })
        const [headers] = yield* sent
        const { b3, spanId, traceId } = spanOf(headers!)
        deepStrictEqual([b3, headers!["constructor"]], [`${traceId}-${spanId}-1`, "kept"])
      })
    ))

  it.effect("is not told where propagation or tracing is switched off", () =>
    unrecorded((client, sent) =>
      Effect.gen(function*() {
        yield* HttpClient.withTracerPropagation(client, false).get(url)
        yield* Effect.withTracerEnabled(client.get(url), false)
        for (const headers of yield* sent) deepStrictEqual(Object.keys(headers), ["host"])
      })
    ))

  it.effect("C6: is another one when the pool sends the request again", () =>
    unrecorded((client, sent) =>
      Effect.gen(function*() {
        yield* client.get(url)
        yield* Effect.withSpan(client.get(url), "outside")
        const [lost, again] = (yield* sent).slice(1).map(spanOf)
        strictEqual(lost!.traceId, again!.traceId)
        assertTrue(lost!.spanId !== again!.spanId)
      }), { respond: ({ index }) => index > 0 ? { breaks: { how: "reset" } } : {} }))

  it.effect("is a whole one where its request's body can see it, a stream", () =>
    unrecorded((client, sent) =>
      Effect.gen(function*() {
        let seen: Tracer.Span | undefined
        const body = Stream.fromEffect(Effect.map(Effect.orDie(Effect.currentSpan), (span) => {
          seen = span
          return new Uint8Array(1)
        }))
        yield* client.post(url, { body: HttpBody.stream(body) })
        const { spanId, traceId } = spanOf((yield* sent)[0]!)
        deepStrictEqual([seen?.spanId, seen?.traceId, seen?.kind], [spanId, traceId, "client"])
        strictEqual(seen?.attributes.get("http.request.method"), "POST")
      })
    ))
})
