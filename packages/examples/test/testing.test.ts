// How to test a program that uses the pool: the real pool and the real client on a scripted network, in virtual time.
import { ConnectionPool, PooledHttpClient, PoolError, TestConnector } from "@connection-pool/core"
import { HttpClientError } from "@effect/platform"
import { assert, expect, it } from "@effect/vitest"
import type { Array } from "effect"
import { Clock, Effect, Fiber, Layer, Option, TestClock } from "effect"
import { main, Reports, ReportTooSlow } from "../src/app.js"

const onNetwork = (script: TestConnector.TestScript) =>
  Reports.Default({ baseUrl: "http://reports.test", every: "10 seconds", giveUpAfter: "55 seconds" }).pipe(
    Layer.provide(PooledHttpClient.layer),
    Layer.provide(ConnectionPool.layer()),
    Layer.provideMerge(TestConnector.layer(script))
  )

const running: TestConnector.TestReply = { body: `{"state":"running"}` }
const done: TestConnector.TestReply = { body: `{"state":"done","text":"all is well"}` }

/** Answers in this order, whatever the connection; the last one for ever. */
const inOrder = (...replies: Array.NonEmptyArray<TestConnector.TestReply>) => {
  let next = 0
  return () => replies[Math.min(next++, replies.length - 1)] ?? replies[0]
}

/** Starts to wait for the report; the test moves the clock. */
const start = Effect.fork(Effect.flatMap(Reports, (reports) => reports.text("weekly")))

it.effect("asks every ten seconds, on one connection", () =>
  Effect.gen(function*() {
    const network = yield* TestConnector.TestConnector
    const waiting = yield* start
    yield* TestClock.adjust("19999 millis")
    expect(yield* Fiber.poll(waiting)).toEqual(Option.none())
    yield* TestClock.adjust("1 millis")
    expect(yield* Fiber.join(waiting)).toBe("all is well")
    expect(yield* network.requests).toMatchObject([
      { method: "GET", url: "http://reports.test/reports/weekly", connection: 0, index: 0 },
      { connection: 0, index: 1 },
      { connection: 0, index: 2 }
    ])
    expect(yield* network.dials).toBe(1)
  }).pipe(Effect.provide(onNetwork({ respond: inOrder(running, running, done) }))))

it.effect("repeats what a refused dial, a busy server and a broken connection cost it", () =>
  Effect.gen(function*() {
    const network = yield* TestConnector.TestConnector
    const waiting = yield* start
    yield* TestClock.adjust("700 millis") // 100 + 200 + 400
    expect(yield* Fiber.join(waiting)).toBe("all is well")
    expect(yield* network.dials).toBe(3)
    expect((yield* network.requests).map(({ connection }) => connection)).toEqual([0, 0, 1])
  }).pipe(Effect.provide(onNetwork({
    connect: (_, dial) => dial === 0 ? { fail: "Refused" } : {},
    respond: inOrder({ status: 503 }, { breaks: { how: "reset" } }, done)
  }))))

it.effect("says so when the server does not answer, four times for two seconds", () =>
  Effect.gen(function*() {
    const network = yield* TestConnector.TestConnector
    const waiting = yield* Effect.fork(Effect.flip(Fiber.join(yield* start)))
    yield* TestClock.adjust("8700 millis")
    const error = yield* Fiber.join(waiting)
    assert(error instanceof HttpClientError.RequestError)
    expect(error.cause).toBeInstanceOf(PoolError.RequestTimeout)
    expect(error.cause).toMatchObject({ phase: "headers", timeout: 2000 })
    expect((yield* network.connections).map(({ open }) => open)).toEqual([false, false, false, false])
  }).pipe(Effect.provide(onNetwork({ respond: () => ({ never: true }) }))))

it.effect("gives up after 55 seconds, and leaves the connection to others", () =>
  Effect.gen(function*() {
    const network = yield* TestConnector.TestConnector
    const waiting = yield* Effect.fork(Effect.flip(Fiber.join(yield* start)))
    yield* TestClock.adjust("55 seconds")
    expect(yield* Fiber.join(waiting)).toEqual(new ReportTooSlow({ id: "weekly" }))
    expect(yield* Clock.currentTimeMillis).toBe(55_000)
    expect(yield* network.connections).toMatchObject([{ open: true, busy: false, requests: 6 }])
  }).pipe(Effect.provide(onNetwork({ respond: () => running }))))

it.effect("a server that keeps idle connections for a shorter time costs dials, not failures", () =>
  Effect.gen(function*() {
    const network = yield* TestConnector.TestConnector
    const waiting = yield* start
    yield* TestClock.adjust("20 seconds")
    expect(yield* Fiber.join(waiting)).toBe("all is well")
    expect(yield* network.dials).toBe(3)
    expect(yield* network.mostOpen).toBe(1)
  }).pipe(Effect.provide(onNetwork({
    respond: inOrder(
      { ...running, keepAliveTimeout: "5 seconds", closeIdleAfter: "5 seconds" },
      { ...running, keepAliveTimeout: "5 seconds", closeIdleAfter: "5 seconds" },
      done
    )
  }))))

it.live("the same service on sockets", () =>
  Effect.gen(function*() {
    expect(yield* main).toEqual({ text: "all is well", opened: 1, requests: 4 })
  }))
