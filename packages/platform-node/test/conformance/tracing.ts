import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { randomBytes } from "node:crypto"
import { check, failureOf, holds, same, type Theme } from "./case.js"
import { answering, freePort, recordingServer } from "./servers.js"

/** A tracer that keeps its spans. */
const recordingTracer = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      let status: Tracer.SpanStatus = { _tag: "Started", startTime }
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: randomBytes(8).toString("hex"),
        traceId: Option.getOrUndefined(parent)?.traceId ?? randomBytes(16).toString("hex"),
        parent,
        context,
        attributes,
        links,
        kind,
        sampled: true,
        get status() {
          return status
        },
        end: (endTime, exit) => (status = { _tag: "Ended", startTime, endTime, exit }),
        attribute: (key, value) => attributes.set(key, value),
        event: () => {},
        addLinks: () => {}
      }
      // The pool has one of its own for a wait, which the others know nothing of.
      if (!name.startsWith("HTTP wait_for_connection")) spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

/** The text of an answer and the spans of the call. */
const traced = <E, R>(call: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
  Effect.gen(function*() {
    const { spans, tracer } = recordingTracer()
    const text = yield* Effect.withTracer(Effect.flatMap(call, (response) => response.text), tracer)
    return { text, spans, span: spans[0]! }
  })

/** Everything a span shows. */
const printed = (spans: ReadonlyArray<Tracer.Span>) =>
  spans.flatMap(({ attributes, name }) => [name, ...[...attributes].map(([key, value]) => `${key}=${String(value)}`)])
    .join("\n")

export const tracing: Theme = {
  name: "tracing",
  cases: [
    check("a client span with method, server, URL and status", function*(client) {
      const { url } = yield* answering("seen", {}, 201)
      const { span, spans, text } = yield* traced(client.get(`${url}a?b=c`))
      same("the text", text, "seen")
      same("spans", [spans.length, span.kind, span.status._tag], [1, "client", "Ended"])
      holds(`the name ${span.name} has the method`, span.name.includes("GET"))
      const { attributes } = span
      same("method", attributes.get("http.request.method"), "GET")
      same("URL", attributes.get("url.full"), `${url}a?b=c`)
      same("port", attributes.get("server.port"), Number(new URL(url).port))
      holds("server.address names the host", String(attributes.get("server.address")).includes("127.0.0.1"))
      same("status", attributes.get("http.response.status_code"), 201)
    }),
    check("the span of a call that fails has ended with the failure", function*(client) {
      const { spans, tracer } = recordingTracer()
      yield* failureOf(Effect.withTracer(client.get(`http://127.0.0.1:${yield* freePort}/`), tracer))
      const status = spans[0]?.status
      same("the exit", status?._tag === "Ended" ? status.exit._tag : status?._tag, "Failure")
    }),
    check("the span's parent is the caller's", function*(client) {
      const { url } = yield* answering("")
      const { spans } = yield* traced(Effect.withSpan(client.get(url), "caller"))
      same("spans", [spans.length, spans[0]!.name], [2, "caller"])
      same("the parent", Option.getOrUndefined(spans[1]!.parent)?.spanId, spans[0]!.spanId)
    }),
    check("the server gets traceparent and b3 of the span", function*(client) {
      const server = yield* recordingServer()
      const { span } = yield* traced(client.get(server.url))
      const { b3, traceparent } = server.seen[0]!.headers
      same("traceparent", traceparent, `00-${span.traceId}-${span.spanId}-01`)
      same("b3", b3, `${span.traceId}-${span.spanId}-1`)
    }),
    check("withTracerPropagation(false): a span, but nothing for the server", function*(client) {
      const server = yield* recordingServer()
      const { spans } = yield* traced(HttpClient.withTracerPropagation(client, false).get(server.url))
      const { b3, traceparent } = server.seen[0]!.headers
      same("spans, headers", [spans.length, b3, traceparent], [1, undefined, undefined])
    }),
    check("withTracerPropagation(true) turns it on again", function*(client) {
      const server = yield* recordingServer()
      const { span } = yield* traced(
        HttpClient.withTracerPropagation(client, true).get(server.url).pipe(
          Effect.locally(HttpClient.currentTracerPropagation, false)
        )
      )
      same("traceparent", server.seen[0]!.headers["traceparent"], `00-${span.traceId}-${span.spanId}-01`)
    }),
    check("withTracerDisabledWhen: no span and no headers for those requests", function*(client) {
      const server = yield* recordingServer()
      const quiet = HttpClient.withTracerDisabledWhen(client, ({ url }) => url.endsWith("health"))
      const { spans } = yield* traced(quiet.get(`${server.url}health`))
      const loud = yield* traced(quiet.get(server.url))
      same("spans", [spans.length, loud.spans.length], [0, 1])
      same("traceparent", server.seen.map(({ headers }) => headers["traceparent"] === undefined), [true, false])
    }),
    check("a disabled tracer makes no span and sends nothing", function*(client) {
      const server = yield* recordingServer()
      const { spans } = yield* traced(Effect.withTracerEnabled(client.get(server.url), false))
      same("spans, traceparent", [spans.length, server.seen[0]!.headers["traceparent"]], [0, undefined])
    }),
    check("withSpanNameGenerator names the span", function*(client) {
      const { url } = yield* answering("")
      const named = HttpClient.withSpanNameGenerator(client, ({ method }) => `${method} it`)
      same("the name", (yield* traced(named.post(url))).span.name, "POST it")
    }),
    check("redacted headers are not in the span in clear", function*(client) {
      const { url } = yield* answering("", { "set-cookie": "a=s3cret-answer" })
      const headers = { authorization: "Bearer s3cret-token", cookie: "b=s3cret-cookie", "x-api-key": "s3cret-key" }
      const { spans } = yield* traced(client.get(url, { headers }))
      same("secrets", /s3cret-\w+/.exec(printed(spans))?.[0], undefined)
    }),
    check("nor are those that the caller wants redacted", function*(client) {
      const { url } = yield* answering("", { "x-session": "s3cret-answer" })
      const call = client.get(url, { headers: { "x-token": "s3cret-token" } })
      const redacted = Effect.locally(call, Headers.currentRedactedNames, ["x-token", /^x-sess/])
      same("secrets", /s3cret-\w+/.exec(printed((yield* traced(redacted)).spans))?.[0], undefined)
    }),
    check("credentials in the URL are not in the span", function*(client) {
      const { url } = yield* answering("")
      const { spans } = yield* traced(client.get(url.replace("//", "//anna:s3cret@")))
      same("spans", spans.length, 1)
      holds("the span has no password", !printed(spans).includes("s3cret"))
    })
  ]
}
