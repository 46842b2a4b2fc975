import type * as HttpClient from "@effect/platform/HttpClient"
import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Exit, Fiber, Option, TestClock } from "effect"
import type { Tracer } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, TestConnector } from "../src/index.js"
import { PooledHttpClient } from "../src/index.js"
import { settle, start, url, withConnector, withPool } from "./support/pool.js"
import { puppets } from "./support/puppet.js"
import type { RecordedSpan } from "./support/spans.js"
import { recording } from "./support/spans.js"

interface Spans {
  readonly requests: ReadonlyArray<RecordedSpan>
  readonly waits: ReadonlyArray<RecordedSpan>
  readonly setups: ReadonlyArray<RecordedSpan>
}

/** Runs a story in which the spans of the pool, too, are recorded. */
const withSpans = <A, E>(
  story: (
    client: HttpClient.HttpClient,
    spans: () => Spans,
    pool: ConnectionPool.Service
  ) => Effect.Effect<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) => {
  const { connectionSpans, spans, tracer } = recording()
  const named = (part: string) => connectionSpans.filter(({ name }) => name.includes(part))
  const all = () => ({ requests: spans, waits: named("wait_for_connection"), setups: named("connection_setup") })
  return withPool((pool) => story(PooledHttpClient.fromPool(pool), all, pool), script, options).pipe(
    Effect.zipLeft(Effect.sync(() => {
      for (const { ends, name } of [...spans, ...connectionSpans]) strictEqual(ends, 1, name)
    })),
    Effect.withTracer(tracer)
  )
}

const parentOf = ({ parent }: RecordedSpan): unknown => Option.getOrThrow(parent)
const attributesOf = ({ attributes }: RecordedSpan) => Object.fromEntries(attributes)
const idsOf = ({ links }: RecordedSpan) => links.map(({ span }) => [span.traceId, span.spanId])

const failureOf = ({ exit }: RecordedSpan) =>
  exit !== undefined && Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

describe("the span of a connection's opening", () => {
  it.effect("is a root, says where to, and lasts as long as the dial", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          const request = yield* start(Effect.withSpan(client.get(url), "around"))
          yield* TestClock.adjust(30)
          yield* Fiber.join(request)
          const [setup] = spans().setups
          strictEqual(spans().setups.length, 1)
          deepStrictEqual([setup!.name, setup!.kind], ["HTTP connection_setup server.test:80", "internal"])
          deepStrictEqual([setup!.parent, setup!.times], [Option.none(), [0, 30]])
          deepStrictEqual(attributesOf(setup!), {
            "server.address": "server.test",
            "server.port": 80,
            "url.scheme": "http",
            "http.client.connection.pool.name": "default"
          })
        }),
      { connect: () => ({ delay: 30 }) }
    ))

  it.effect("is what every request on the connection links to", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        yield* client.get(url)
        yield* client.get(url)
        const { requests, setups } = spans()
        const ids = [[setups[0]!.traceId, setups[0]!.spanId]]
        deepStrictEqual(requests.map(idsOf), [ids, ids])
      })
    ))

  it.effect("is around the dial, which can have spans of its own, and knows the peer", () => {
    const { connect } = puppets()
    const { connectionSpans, spans, tracer } = recording()
    return withConnector(
      (target) => Effect.withSpan(connect(target), "dialling"),
      (pool) => Effect.zipRight(start(pool.execute({ url })), settle)
    ).pipe(
      Effect.withTracer(tracer),
      Effect.zipRight(Effect.sync(() => {
        const [dialling] = spans
        const [setup] = connectionSpans
        strictEqual(parentOf(dialling!), setup)
        deepStrictEqual([setup!.attributes.get("network.peer.address"), setup!.attributes.get("network.peer.port")], [
          "10.0.0.1",
          80
        ])
      }))
    )
  })

  it.effect("fails as the dial does, also by connectTimeout", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          yield* Effect.flip(client.get(url))
          const slow = yield* start(Effect.flip(client.get(url)))
          yield* TestClock.adjust("3 seconds")
          yield* Fiber.join(slow)
          yield* settle
          const { requests, setups } = spans()
          deepStrictEqual(setups.map(({ attributes }) => attributes.get("error.type")), [
            "ConnectFailed",
            "ConnectTimeout"
          ])
          deepStrictEqual(setups.map((setup) => (failureOf(setup) as Error).message), [
            "cannot connect to http://server.test (Refused)",
            "no connection to http://server.test within the connectTimeout of 3000 ms"
          ])
          // They had no connection.
          deepStrictEqual(requests.map(idsOf), [[], []])
        }),
      { connect: (_, dial) => dial === 0 ? { fail: "Refused" } : { never: true } }
    ))

  it.effect("of a dial that nobody needs any more is interrupted, which is no error", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          yield* Effect.flatMap(start(client.get(url)), Fiber.interrupt)
          yield* settle
          const [setup] = spans().setups
          strictEqual(setup!.attributes.has("error.type"), false)
          strictEqual(Exit.isInterrupted(setup!.exit!), true)
        }),
      { connect: () => ({ never: true }) }
    ))

  it.effect("is not made where the tracer is off for who builds the pool", () =>
    Effect.withTracerEnabled(
      withSpans((client, spans) =>
        Effect.gen(function*() {
          yield* Effect.withTracerEnabled(client.get(url), true)
          const { requests, setups } = spans()
          deepStrictEqual([setups.length, requests.map(idsOf)], [0, [[]]])
        })
      ),
      false
    ))

  it.effect("is not made where nobody records it: the dial sees no span", () => {
    const { connect } = puppets()
    const seen: Array<Tracer.AnySpan | undefined> = []
    const watched: typeof connect = (target) =>
      Effect.withFiberRuntime((fiber) => {
        seen.push(fiber.currentSpan)
        return connect(target)
      })
    return Effect.zipRight(
      withConnector(watched, (pool) => Effect.zipRight(start(pool.execute({ url })), settle)),
      Effect.sync(() => deepStrictEqual(seen, [undefined]))
    )
  })
})

describe("the span of a wait for a connection", () => {
  it.effect("is a child of the request's, and lasts until the request has its connection", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          const first = yield* start(client.get(url))
          const second = yield* start(client.get(url))
          for (let i = 0; i < 3; i++) yield* TestClock.adjust(100)
          yield* Fiber.join(first)
          yield* Fiber.join(second)
          const { requests, waits } = spans()
          deepStrictEqual(waits.map(({ kind, name }) => [name, kind]), [
            ["HTTP wait_for_connection server.test:80", "internal"],
            ["HTTP wait_for_connection server.test:80", "internal"]
          ])
          deepStrictEqual(waits.map(parentOf), [...requests])
          deepStrictEqual(waits.map(({ times }) => times), [[0, 100], [0, 200]])
          deepStrictEqual(attributesOf(waits[1]!), {
            "server.address": "server.test",
            "server.port": 80,
            "http.client.connection.pool.name": "default"
          })
        }),
      { connect: () => ({ delay: 100 }), respond: () => ({ delay: 100 }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("is not made for a request that need not wait", () =>
    withSpans((client, spans) =>
      Effect.gen(function*() {
        yield* client.get(url)
        yield* client.get(url)
        deepStrictEqual([spans().requests.length, spans().waits.length], [2, 1])
      })
    ))

  it.effect("fails where the request gets no connection", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          const options = PooledHttpClient.withOptions({ acquireTimeout: 100 })
          yield* start(client.get(url))
          const late = yield* start(Effect.flip(options(client.get(url))))
          const gone = yield* start(client.get(url))
          yield* Fiber.interrupt(gone)
          yield* TestClock.adjust(100)
          yield* Fiber.join(late)
          const [, timedOut, interrupted] = spans().waits
          deepStrictEqual([timedOut!.attributes.get("error.type"), timedOut!.times], ["AcquireTimeout", [0, 100]])
          deepStrictEqual([interrupted!.attributes.has("error.type"), Exit.isInterrupted(interrupted!.exit!)], [
            false,
            true
          ])
          yield* TestClock.adjust(900)
        }),
      { respond: () => ({ delay: "1 second" }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("of a request that is sent again belongs to the span of that time", () =>
    withSpans(
      (client, spans) =>
        Effect.gen(function*() {
          yield* client.get(url)
          yield* client.get(url)
          const { requests, setups, waits } = spans()
          deepStrictEqual([requests.length, setups.length], [3, 2])
          deepStrictEqual(waits.map(parentOf), [requests[0], requests[2]])
          deepStrictEqual(
            requests.map(idsOf),
            [setups[0]!, setups[0]!, setups[1]!].map((setup) => [[setup.traceId, setup.spanId]])
          )
        }),
      { respond: ({ connection, index }) => connection === 0 && index === 1 ? { breaks: { how: "reset" } } : {} }
    ))
})
