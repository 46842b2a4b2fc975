import * as HttpClient from "@effect/platform/HttpClient"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, FiberId, TestClock } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import { PooledHttpClient } from "../src/index.js"
import { bytes, failsWith, joinFailure, otherUrl, start, url, withLargePool, withPool } from "./support/pool.js"
import { recording } from "./support/spans.js"

const never = { respond: () => ({ never: true }) } as const
const two = { maxConnectionsPerOrigin: 2 }

describe("diagnose", () => {
  it.effect("names who holds the connections, for how long, and what it does with them", () =>
    withPool(
      (pool) =>
        Effect.scoped(Effect.gen(function*() {
          yield* pool.lease(url)
          yield* TestClock.adjust(1000)
          yield* pool.stream({ url: `${url}download` })
          yield* TestClock.adjust(1000)
          yield* start(pool.execute({ url: `${url}slow`, method: "PUT" }))
          yield* TestClock.adjust(500)
          const { moreOrigins, name, origins } = yield* pool.diagnose
          const { holders, moreHolders, saturated, summary, waiters } = origins[0]!
          deepStrictEqual([name, origins.length, moreOrigins, moreHolders, saturated], ["default", 1, 0, 0, false])
          deepStrictEqual(
            holders.map(({ connectionId, heldFor, phase, request }) => [connectionId, phase, request, heldFor]),
            [
              [0, "leased", undefined, 2500],
              [1, "body", "GET /download", 1500],
              [2, "headers", "PUT /slow", 500]
            ]
          )
          deepStrictEqual([summary, waiters], ["3 of 50 connections are busy; the longest held 2.5 s by a lease", []])
        })),
      { respond: ({ url }) => url.endsWith("download") ? { body: [bytes(70_000)] } : { never: true } }
    ))

  it.effect("tells of who waits, the one that is served next first", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url: `${url}a` }))
          yield* start(pool.execute({ url: `${url}b` }))
          yield* TestClock.adjust(1000)
          yield* start(pool.execute({ url: `${url}c` }))
          yield* TestClock.adjust(200)
          yield* start(pool.execute({ url: `${url}d` }))
          const [origin] = (yield* pool.diagnose).origins
          deepStrictEqual(origin!.waiters.map(({ request, waitedFor }) => [request, waitedFor]), [
            ["GET /c", 200],
            ["GET /d", 0]
          ])
          deepStrictEqual([origin!.saturated, origin!.waiting, origin!.moreWaiters], [true, 2, 0])
          strictEqual(origin!.summary, "2 of 2 connections are busy; the longest held 1.2 s by GET /a (headers)")
        }),
      never,
      two
    ))

  it.effect("names the fiber and the span of those who asked, but of execute what its observer says", () =>
    withPool(
      (pool) =>
        Effect.scoped(Effect.gen(function*() {
          const { spans, tracer } = recording()
          const traced = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
            Effect.withTracer(Effect.withSpan(effect, name), tracer)
          const [leasing] = yield* traced("leasing", Effect.all([Effect.fiberId, pool.lease(url)]))
          yield* start(traced("calling", PooledHttpClient.fromPool(pool).get(url)))
          yield* start(traced("executing", pool.execute({ url })))
          const [leased, called, executed] = (yield* pool.diagnose).origins[0]!.holders
          deepStrictEqual(
            [leased, called, executed].map((holder) => holder?.span?.name),
            ["leasing", "GET", undefined]
          )
          strictEqual(leased!.span!.spanId, spans[0]!.spanId)
          strictEqual(leased!.fiberId, FiberId.threadName(leasing))
          assertTrue(/^#\d+$/.test(called!.fiberId!))
          strictEqual(executed!.fiberId, undefined)
        })),
      never
    ))

  it.effect("shows no query, no credentials, no header and nothing in the path that looks like a key", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const secret = "s3cr3t"
          const key = `${secret}0123456789abcdef01234567`
          const request = {
            url: `http://user:${secret}@server.test/v3/${key}/blocks?api_key=${secret}#${secret}`,
            headers: { authorization: secret, "x-a": secret },
            body: secret,
            method: "POST"
          }
          yield* start(pool.execute(request))
          yield* start(pool.execute({ url: `${url}${"long/".repeat(50)}`, method: "M".repeat(200) }))
          yield* start(pool.execute({ ...request, acquireTimeout: 10 }))
          const diagnosis = yield* pool.diagnose
          const failed = yield* start(failsWith("AcquireTimeout", pool.execute({ ...request, acquireTimeout: 10 })))
          yield* TestClock.adjust(10)
          const error = yield* Fiber.join(failed)
          for (const thing of [diagnosis, error]) {
            const texts = [String(thing), JSON.stringify(thing), inspect(thing, { depth: 10 })]
            for (const text of texts) assertTrue(!text.includes(secret), text)
          }
          assertTrue(error.message.includes("POST /v3/REDACTED/blocks (headers)"), error.message)
          const { holders } = diagnosis.origins[0]!
          strictEqual(holders[1]!.request!.length, 100)
        }),
      never,
      two
    ))

  it.effect("keeps the last dials that failed, newest first, and none but the last ten", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* failsWith("ConnectFailed", pool.execute({ url }))
          const slow = yield* start(pool.execute({ url }))
          yield* TestClock.adjust("3 seconds")
          yield* joinFailure("ConnectTimeout", slow)
          yield* TestClock.adjust(100)
          const dialsThatFailed = Effect.map(pool.diagnose, ({ origins }) => origins[0]!.failedDials)
          deepStrictEqual(yield* dialsThatFailed, [
            {
              reason: "Timeout",
              message: "no connection to http://server.test within the connectTimeout of 3000 ms",
              ago: 100
            },
            { reason: "Refused", message: "cannot connect to http://server.test (Refused)", ago: 3100 }
          ])
          for (let i = 0; i < 10; i++) yield* failsWith("ConnectFailed", pool.execute({ url }))
          const later = yield* dialsThatFailed
          deepStrictEqual([later.length, new Set(later.map(({ reason }) => reason))], [10, new Set(["Refused"])])
        }),
      { connect: (_, dial) => (dial === 1 ? { never: true } : { fail: "Refused" }) }
    ))

  it.effect("says so when the whole pool has no room, and puts the origin with most waiting requests first", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          yield* start(pool.execute({ url: otherUrl }))
          yield* start(pool.execute({ url: otherUrl }))
          const { origins } = yield* pool.diagnose
          deepStrictEqual(origins.map(({ origin, summary }) => [origin, summary]), [
            [
              "http://other.test",
              "1 of 50 connections are busy; the longest held 0 ms by GET / (headers); all 2 connections of the pool are taken"
            ],
            [
              "http://server.test",
              "1 of 50 connections are busy; the longest held 0 ms by GET / (headers); all 2 connections of the pool are taken"
            ]
          ])
          deepStrictEqual(String(yield* pool.diagnose).split("\n").map((line) => line.slice(0, 30)), [
            "ConnectionPool(default)",
            "http://other.test: 1 of 50 con",
            "http://server.test: 1 of 50 co"
          ])
        }),
      never,
      { maxConnections: 2 }
    ))

  it.effect("lists ten of each at most, those of longest standing, and counts the others", () =>
    withLargePool(
      (pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 30; i++) {
            yield* start(pool.execute({ url: `${url}${i}` }))
            yield* TestClock.adjust(1)
          }
          for (let i = 0; i < 110; i++) yield* start(pool.execute({ url: `http://${i}.test/` }))
          const { moreOrigins, origins } = yield* pool.diagnose
          deepStrictEqual([origins.length, moreOrigins], [100, 11])
          const { holders, moreHolders, moreWaiters, waiters } = origins[0]!
          const requests = (from: number) => Array.from({ length: 10 }, (_, i) => `GET /${from + i}`)
          deepStrictEqual([holders.map(({ request }) => request), moreHolders], [requests(0), 5])
          deepStrictEqual([waiters.map(({ request }) => request), moreWaiters], [requests(15), 5])
        }),
      never,
      { maxConnectionsPerOrigin: 15 }
    ))

  it.effect("says nothing of a pool that rests", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        deepStrictEqual((yield* pool.diagnose).origins, [])
      })
    ))
})

describe("the error of a full pool", () => {
  it.effect("names who holds the connections", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url: `${url}slow?token=1` }))
          yield* TestClock.adjust("12 seconds")
          const waiting = yield* start(pool.execute({ url: `${url}next`, acquireTimeout: 1000 }))
          const refused = yield* failsWith("QueueFull", pool.execute({ url }))
          strictEqual(
            refused.message,
            "1 requests wait for a connection already (http://server.test: active 1, idle 0, connecting 0, waiting 1, limit 1): " +
              "1 of 1 connections are busy; the longest held 12 s by GET /slow (headers). " +
              "Send fewer at once, or raise maxConnectionsPerOrigin, maxConnections or maxWaiting"
          )
          deepStrictEqual(refused.diagnosis!.waiters.map(({ request }) => request), ["GET /next"])
          yield* TestClock.adjust("1 second")
          const late = yield* joinFailure("AcquireTimeout", waiting)
          strictEqual(
            late.message,
            "no connection to http://server.test in 1000 ms (active 1, idle 0, connecting 0, waiting 0, limit 1): " +
              "1 of 1 connections are busy; the longest held 13 s by GET /slow (headers). " +
              "Raise maxConnectionsPerOrigin, maxConnections or acquireTimeout, or send fewer at once"
          )
          deepStrictEqual(late.diagnosis!.holders.map(({ connectionId, heldFor }) => [connectionId, heldFor]), [[
            0,
            13_000
          ]])
        }),
      never,
      { maxConnectionsPerOrigin: 1, maxWaiting: 1 }
    ))

  it.effect("is told through the HttpClient, too", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const client = PooledHttpClient.fromPool(pool).pipe(HttpClient.withTracerDisabledWhen(() => true))
          yield* start(client.get(`${url}slow`))
          yield* start(client.get(url))
          const error = yield* Effect.flip(client.get(url))
          assertTrue(
            error.message.includes("1 of 1 connections are busy; the longest held 0 ms by GET /slow (headers)"),
            error.message
          )
        }),
      never,
      { maxConnectionsPerOrigin: 1, maxWaiting: 1 }
    ))

  it.effect("shares what it knows with all others of the same 10 ms", () =>
    withLargePool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          const all = yield* start(
            Effect.forEach(Array.from({ length: 1000 }), () => failsWith("AcquireTimeout", pool.execute({ url })), {
              concurrency: "unbounded"
            })
          )
          yield* TestClock.adjust("30 seconds")
          const errors = yield* Fiber.join(all)
          strictEqual(new Set(errors.map(({ diagnosis }) => diagnosis)).size, 1)
          // Of other times nothing is told.
          const later = yield* start(failsWith("AcquireTimeout", pool.execute({ url, acquireTimeout: 10 })))
          yield* TestClock.adjust(10)
          assertTrue((yield* Fiber.join(later)).diagnosis !== errors[0]!.diagnosis)
        }),
      never,
      { maxConnectionsPerOrigin: 1 }
    ))
})
