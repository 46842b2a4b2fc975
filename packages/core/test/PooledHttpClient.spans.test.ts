import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Exit, Fiber, Option, Stream, TestClock } from "effect"
import type { Tracer } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import type { PoolConfig, PoolError, TestConnector } from "../src/index.js"
import { PooledHttpClient } from "../src/index.js"
import { assertAtRest, start, url, withConnector, withPool } from "./support/pool.js"
import { puppets } from "./support/puppet.js"
import type { RecordedSpan } from "./support/spans.js"
import { recording } from "./support/spans.js"

/** Runs a story with a client whose spans are recorded. */
const withSpans = <A, E>(
  story: (
    client: HttpClient.HttpClient,
    spans: ReadonlyArray<RecordedSpan>,
    network: TestConnector.Service
  ) => Effect.Effect<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) =>
  withPool(
    (pool, network) => {
      const { spans, tracer } = recording()
      return story(PooledHttpClient.fromPool(pool), spans, network).pipe(
        Effect.withTracer(tracer),
        Effect.zipLeft(Effect.sync(() => {
          for (const { ends } of spans) strictEqual(ends, 1)
        })),
        Effect.zipLeft(assertAtRest(pool))
      )
    },
    script,
    options
  )

const respond = (reply: TestConnector.TestReply): TestConnector.TestScript => ({ respond: () => reply })

/** The only span of a request. */
const spanOf = (
  request: HttpClientRequest.HttpClientRequest,
  script: TestConnector.TestScript = {},
  around = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => effect
) =>
  withSpans((client, spans) =>
    Effect.gen(function*() {
      yield* Effect.exit(around(client.execute(request)))
      strictEqual(spans.length, 1)
      return spans[0]!
    }), script)

describe("a request's span", () => {
  it.effect("is named by the method, of the kind client, and says what the conventions want", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get(`${url}a?b=1`, { headers: { "X-A": "1" } })
      const span = yield* spanOf(request, respond({ status: 201, headers: { "X-B": "2" } }))
      deepStrictEqual([span.name, span.kind], ["GET", "client"])
      deepStrictEqual(Object.fromEntries(span.attributes), {
        "http.client.connection.pool.name": "default",
        "http.request.method": "GET",
        "http.request.header.x-a": "1",
        "http.response.status_code": 201,
        "http.response.header.x-b": "2",
        "network.protocol.version": "1.1",
        "server.address": "server.test",
        "server.port": 80,
        "url.full": `${url}a?b=1`,
        "url.scheme": "http"
      })
      assertTrue(Exit.isExit(span.exit) && Exit.isSuccess(span.exit))
    }))

  it.effect("knows the peer where the transport does", () =>
    Effect.gen(function*() {
      for (const [remote, address, port] of [["10.0.0.1:80", "10.0.0.1", 80], ["[::1]:8080", "::1", 8080]] as const) {
        const { connect, made } = puppets((puppet) => puppet.remoteAddress = remote)
        const { spans, tracer } = recording()
        yield* withConnector(connect, (pool) =>
          Effect.gen(function*() {
            const request = yield* start(PooledHttpClient.fromPool(pool).get(url))
            made[0]!.head(0)
            made[0]!.end()
            yield* request
          }).pipe(Effect.withTracer(tracer)))
        const { attributes } = spans[0]!
        deepStrictEqual([attributes.get("network.peer.address"), attributes.get("network.peer.port")], [address, port])
      }
    }))

  it.effect("knows ports that the URL does not name, and addresses without their brackets", () =>
    Effect.gen(function*() {
      const places = {
        "https://server.test/": ["https", "server.test", 443],
        "http://[::1]:8080/": ["http", "::1", 8080],
        "http://server.test:81/": ["http", "server.test", 81]
      }
      for (const [href, place] of Object.entries(places)) {
        const { attributes } = yield* spanOf(HttpClientRequest.get(href))
        deepStrictEqual(["url.scheme", "server.address", "server.port"].map((key) => attributes.get(key)), place)
      }
    }))

  it.effect("has the name HTTP where the method is none of the usual", () =>
    Effect.gen(function*() {
      const { attributes, name } = yield* spanOf(HttpClientRequest.make("PURGE" as HttpMethod as "GET")(url))
      deepStrictEqual([name, attributes.get("http.request.method"), attributes.get("http.request.method_original")], [
        "HTTP",
        "_OTHER",
        "PURGE"
      ])
    }))

  it.effect("has the name that one wants (withSpanNameGenerator)", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        yield* HttpClient.withSpanNameGenerator(client, ({ method, url }) => `${method} to ${url}`).get(url)
        yield* client.get(url)
        deepStrictEqual(spans.map(({ name }) => name), [`GET to ${url}`, "GET"])
      })
    ))

  it.effect("has the status for its error from 400 on, and is a success all the same", () =>
    Effect.gen(function*() {
      const types = { 304: undefined, 399: undefined, 400: "400", 503: "503" }
      for (const [status, type] of Object.entries(types)) {
        const span = yield* spanOf(HttpClientRequest.get(url), respond({ status: Number(status) }))
        strictEqual(span.attributes.get("error.type"), type)
        assertTrue(Exit.isExit(span.exit) && Exit.isSuccess(span.exit))
      }
    }))

  it.effect("has the pool's error tag for its error, and fails with it", () =>
    Effect.gen(function*() {
      const span = yield* spanOf(HttpClientRequest.get(url), { connect: () => ({ fail: "Dns" }) })
      strictEqual(span.attributes.get("error.type"), "ConnectFailed")
      strictEqual(span.attributes.get("http.response.status_code"), undefined)
      const error = Exit.isExit(span.exit) ? Option.getOrThrow(Exit.causeOption(span.exit)) : Cause.empty
      strictEqual((Cause.squash(error) as PoolError.PoolError)._tag, "ConnectFailed")
    }))

  it.effect("ends with an interruption, which is no error", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        const request = yield* start(client.get(url))
        yield* TestClock.adjust(5)
        yield* Fiber.interrupt(request)
        const [{ attributes, exit, times }] = spans as [RecordedSpan]
        deepStrictEqual([times, attributes.get("error.type")], [[0, 5], undefined])
        assertTrue(Exit.isExit(exit) && Exit.isInterrupted(exit))
      }), respond({ never: true })))

  it.effect("is not made where the URL or the body cannot be", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        for (const href of ["nowhere", "/relative", "ftp://server.test/", "user:word@server.test"]) {
          yield* Effect.flip(client.get(href))
        }
        yield* Effect.flip(client.post(url, { body: HttpBody.raw({}) }))
        strictEqual(spans.length, 0)
      })
    ))
})

describe("the times of a span", () => {
  const slow = { connect: () => ({ delay: 100 }), respond: () => ({ delay: 20, pieceDelay: 3, body: "a" }) }
  const one = { maxConnectionsPerOrigin: 1 }

  it.effect("are those of the request and its phases; it ends with the headers", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        yield* TestClock.adjust(1000)
        const request = yield* start(Effect.flatMap(client.get(url), ({ text }) => text))
        for (const time of [100, 20, 3]) yield* TestClock.adjust(time)
        yield* request
        const again = yield* start(Effect.flatMap(client.get(url), ({ text }) => text))
        for (const time of [20, 3]) yield* TestClock.adjust(time)
        yield* again
        deepStrictEqual(spans.map(({ times }) => times), [[1000, 1120], [1123, 1143]])
        deepStrictEqual(spans.map(({ events }) => events), [
          [["queued", 1000], ["connecting", 1000], ["connected", 1100]],
          [["reused", 1123]]
        ])
      }), slow))

  it.effect("tell of a wait for somebody else's connection", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          const ask = Effect.flatMap(client.get(url), ({ text }) => text)
          const first = yield* start(ask)
          yield* TestClock.adjust(10)
          const second = yield* start(ask)
          for (const time of [90, 20, 3, 20, 3]) yield* TestClock.adjust(time)
          yield* first
          yield* second
          deepStrictEqual(spans[1]!.events, [["queued", 10], ["reused", 123]])
        }),
      slow,
      one
    ))

  it.effect("tell of a connection that was opened later, since when", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          const ask = Effect.flatMap(client.get(url), ({ text }) => text)
          const first = yield* start(ask)
          yield* TestClock.adjust(10)
          const second = yield* start(ask)
          for (const time of [90, 20, 3, 100, 20, 3]) yield* TestClock.adjust(time)
          yield* first
          yield* second
          deepStrictEqual(spans[1]!.events, [["queued", 10], ["connecting", 123], ["connected", 223]])
        }),
      { ...slow, respond: () => ({ ...slow.respond(), keepAlive: false }) },
      one
    ))

  it.effect("are all 0 where nobody wants them (withTracerTiming)", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(1000)
          const ask = Effect.withTracerTiming(Effect.flatMap(client.get(url), ({ text }) => text), false)
          const both = yield* start(Effect.all([ask, ask], { concurrency: 2 }))
          for (const time of [100, 20, 3, 100, 20, 3]) yield* TestClock.adjust(time)
          yield* both
          const [, { events, times }] = spans as [RecordedSpan, RecordedSpan]
          deepStrictEqual([times, events], [[0, 0], [["queued", 0], ["connecting", 0], ["connected", 0]]])
        }),
      { ...slow, respond: () => ({ ...slow.respond(), keepAlive: false }) },
      one
    ))
})

describe("propagation", () => {
  it.effect("sends the span as traceparent and b3, and its parent with it", () =>
    withSpans((client, spans, network) =>
      Effect.gen(function*() {
        yield* client.get(url, { headers: { traceparent: "mine" } })
        yield* Effect.withSpan(client.get(url), "outside")
        const sent = (yield* network.requests).map(({ headers }) => [headers["traceparent"], headers["b3"]])
        const [alone, outside, inside] = spans as [RecordedSpan, RecordedSpan, RecordedSpan]
        strictEqual(Option.getOrThrow(inside.parent), outside)
        deepStrictEqual(sent, [
          [`00-${alone.traceId}-${alone.spanId}-01`, `${alone.traceId}-${alone.spanId}-1`],
          [
            `00-${inside.traceId}-${inside.spanId}-01`,
            `${inside.traceId}-${inside.spanId}-1-${outside.spanId}`
          ]
        ])
      })
    ))

  it.effect("can be switched off, and the span stays (withTracerPropagation)", () =>
    withSpans((client, spans, network) =>
      Effect.gen(function*() {
        yield* HttpClient.withTracerPropagation(client, false).get(url, { headers: { traceparent: "mine" } })
        const [{ headers }] = (yield* network.requests) as [TestConnector.TestRequest]
        deepStrictEqual([spans.length, headers["traceparent"], headers["b3"]], [1, "mine", undefined])
      })
    ))

  it.effect("ends with the span: nothing is traced that is not to be", () =>
    withSpans((client, spans, network) =>
      Effect.gen(function*() {
        const quiet = HttpClient.withTracerDisabledWhen(client, ({ url }) => url.endsWith("/health"))
        yield* quiet.get(`${url}health`)
        yield* Effect.withTracerEnabled(client.get(url), false)
        strictEqual(spans.length, 0)
        for (const { headers } of yield* network.requests) deepStrictEqual(Object.keys(headers), ["host"])
        yield* quiet.get(url)
        strictEqual(spans.length, 1)
      })
    ))

  it.effect("reaches what a streamed body does", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        let seen: Tracer.Span | undefined
        const body = Stream.fromEffect(Effect.map(Effect.orDie(Effect.currentSpan), (span) => {
          seen = span
          return new Uint8Array(1)
        }))
        yield* Effect.withSpan(client.post(url, { body: HttpBody.stream(body) }), "outside")
        strictEqual(seen, spans[1])
      })
    ))
})

describe("each attempt on the wire", () => {
  it.effect("has a span of its own when it is repeated", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        yield* client.pipe(HttpClient.filterStatusOk, HttpClient.retry({ times: 1 })).get(url)
        deepStrictEqual(spans.map(({ attributes }) => attributes.get("http.response.status_code")), [503, 200])
      }), { respond: ({ index }) => ({ status: index === 0 ? 503 : 200 }) }))

  for (const propagated of [true, false]) {
    it.effect(`C6: has a span of its own when the pool sends it again${propagated ? ", which the server hears of" : ""}`, () => {
      const stale: TestConnector.TestScript = {
        respond: ({ index }) => index > 0 ? { breaks: { how: "reset" } } : {}
      }
      return withSpans((client, spans, network) =>
        Effect.gen(function*() {
          yield* client.get(url)
          yield* HttpClient.withTracerPropagation(client, propagated).get(url)
          const [lost, again] = spans.slice(1)
          deepStrictEqual([lost!.name, again!.name, spans.length], ["GET", "GET", 3])
          deepStrictEqual([lost!.events.map(([name]) => name), again!.events.map(([name]) => name)], [
            ["reused"],
            ["queued", "connecting", "connected"]
          ])
          strictEqual(lost!.attributes.get("error.type"), "ConnectionLost")
          assertTrue(Exit.isExit(lost!.exit) && Exit.isFailure(lost!.exit))
          deepStrictEqual(
            [lost, again].map((span) => span!.attributes.get("http.request.resend_count")),
            [undefined, 1]
          )
          assertTrue(Exit.isExit(again!.exit) && Exit.isSuccess(again!.exit))
          deepStrictEqual(
            (yield* network.requests).slice(1).map(({ headers }) => headers["traceparent"]?.split("-")[2]),
            propagated ? [lost!.spanId, again!.spanId] : [undefined, undefined]
          )
        }), stale)
    })
  }

  it.effect("has a span of its own when it is redirected, and counts those before", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        yield* PooledHttpClient.followRedirects(client).get(`${url}0`)
        const told = spans.map(({ attributes }) => [
          attributes.get("url.full"),
          attributes.get("http.request.resend_count")
        ])
        deepStrictEqual(told, [[`${url}0`, undefined], [`${url}1`, 1], [`${url}2`, 2]])
      }), {
      respond: ({ index }) => index < 2 ? { status: 302, headers: { location: `/${index + 1}` } } : {}
    }))
})

describe("a span shows no secret", () => {
  const secrets = ["us3r", "pa55word", "t0ken", "c00kie", "s1gnature", "pr0xy", "mine5ecret"]
  const request = HttpClientRequest.get("http://us3r:pa55word@server.test/a?X-Amz-Signature=s1gnature&page=7", {
    urlParams: { Sig: "s1gnature" },
    headers: {
      authorization: "t0ken",
      "proxy-authorization": "pr0xy",
      cookie: "c00kie",
      "x-api-key": "t0ken",
      "x-mine": "mine5ecret"
    }
  })
  const around = Effect.locally(Headers.currentRedactedNames, [
    "Authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    /^x-m/g
  ])
  const scripts: ReadonlyArray<TestConnector.TestScript> = [
    respond({ headers: { "set-cookie": "c00kie", "x-mine": "mine5ecret" } }),
    respond({ breaks: { how: "reset" } })
  ]

  it.effect("of a URL, a header, a cookie, an answer, or of what one names", () =>
    Effect.gen(function*() {
      for (const script of scripts) {
        const { attributes, exit, name } = yield* spanOf(request, script, around)
        strictEqual(
          attributes.get("url.full"),
          "http://REDACTED:REDACTED@server.test/a?X-Amz-Signature=REDACTED&page=7&Sig=REDACTED"
        )
        strictEqual(attributes.get("http.request.header.x-mine"), "<redacted>")
        const text = inspect([name, attributes, exit], { depth: 10 })
        for (const secret of secrets) assertTrue(!text.includes(secret), `${secret} is in ${text}`)
      }
    }))
})
