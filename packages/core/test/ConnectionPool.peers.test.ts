import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Option, Stream, TestClock } from "effect"
import { describe } from "vitest"
import { PoolError } from "../src/index.js"
import { assertAtRest, counts, failsWith, joinFailure, otherUrl, settle, start, url, withPool } from "./support/pool.js"

describe("a server that breaks the connection", () => {
  for (const how of ["reset", "closed", "tls"] as const) {
    it.effect(`before the headers (${how}) makes the request ConnectionLost`, () =>
      withPool(
        (pool) =>
          Effect.gen(function*() {
            const fresh = yield* failsWith("ConnectionLost", pool.execute({ url }))
            deepStrictEqual(
              [fresh.reason, fresh.progress, fresh.reused, fresh.bytesReceived, fresh.origin],
              [how, "maybe-sent", false, 0, "http://server.test"]
            )
            strictEqual(PoolError.isSafeToRepeat(fresh, { method: "GET" }), how !== "tls")
            assertTrue(!PoolError.isSafeToRepeat(fresh, { method: "POST" }))
            yield* pool.execute({ url: `${url}good` })
            strictEqual((yield* failsWith("ConnectionLost", pool.execute({ url, method: "POST" }))).reused, true)
            deepStrictEqual((yield* pool.stats).failures, { ConnectionLost: 2 })
            strictEqual((yield* pool.stats).idle, 0)
            yield* assertAtRest(pool)
          }),
        { respond: ({ url }) => url.endsWith("good") ? {} : { breaks: { how } } }
      ))

    it.effect(`in the body (${how}) makes the request ConnectionLost, with what had come`, () =>
      withPool(
        (pool) =>
          Effect.gen(function*() {
            const whole = yield* failsWith("ConnectionLost", pool.execute({ url }))
            deepStrictEqual([whole.reason, whole.progress, whole.bytesReceived], [how, "response-started", 4])
            const exchange = yield* pool.open({ url })
            const pieces: Array<string> = []
            const read = Stream.runForEach(
              exchange.body,
              (piece) => Effect.sync(() => pieces.push(new TextDecoder().decode(piece)))
            )
            strictEqual((yield* failsWith("ConnectionLost", read)).bytesReceived, 4)
            deepStrictEqual(pieces, ["abc", "d"])
            yield* assertAtRest(pool)
          }),
        { respond: () => ({ body: ["abc", "def"], breaks: { how, afterBytes: 4 } }) }
      ))
  }

  it.effect("before a body that nobody has read yet fails the reader when he comes", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* settle
          yield* assertAtRest(pool)
          strictEqual((yield* failsWith("ConnectionLost", exchange.bytes)).reason, "reset")
        }),
      { respond: () => ({ body: "abc", breaks: { how: "reset", afterBytes: 1 } }) }
    ))

  it.effect("that breaks what a request waits for is not the request's failure", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          const second = yield* start(pool.execute({ url: otherUrl.replace("other", "server") + "2" }))
          yield* network.closeByPeer(0)
          yield* joinFailure("ConnectionLost", first)
          strictEqual((yield* Fiber.join(second)).connectionId, 1)
        }),
      { respond: ({ url }) => ({ never: !url.endsWith("2") }) },
      { maxConnectionsPerOrigin: 1 }
    ))
})

describe("a server that does not speak HTTP", () => {
  it.effect("makes the request ProtocolError", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const error = yield* failsWith("ProtocolError", pool.execute({ url }))
          deepStrictEqual([error.reason, error.progress], ["InvalidHttp", "response-started"])
          assertTrue(!PoolError.isSafeToRepeat(error, {}))
          strictEqual((yield* pool.stats).idle, 0)
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ garbage: true }) }
    ))
})

describe("C5 an idle connection", () => {
  it.effect("C5 that the server closes is gone, and the next request dials", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* TestClock.adjust(1000)
          strictEqual((yield* pool.stats).idle, 0)
          deepStrictEqual((yield* pool.stats).closedBy, { server_close: 1 })
          const next = yield* pool.execute({ url })
          deepStrictEqual([next.reused, next.connectionId], [false, 1])
        }),
      { respond: () => ({ closeIdleAfter: 1000 }) }
    ))

  it.effect("C5 that is used in time is not closed under the request", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* TestClock.adjust(999)
          const next = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(500)
          strictEqual((yield* Fiber.join(next)).reused, true)
        }),
      { respond: ({ index }) => index === 0 ? { closeIdleAfter: 1000 } : { delay: 500 } }
    ))

  it.effect("C5 on which bytes come that nobody asked for is closed as poisoned", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        strictEqual(yield* network.sendUnasked(0), true)
        deepStrictEqual((yield* pool.stats).closedBy, { poisoned: 1 })
        strictEqual((yield* pool.execute({ url })).reused, false)
        strictEqual(yield* network.sendUnasked(0), false)
        strictEqual(yield* network.closeByPeer(99), false)
        yield* assertAtRest(pool)
      })
    ))

  it.effect("C5 that is found closed by its check costs the request nothing but the check", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url])
          const request = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(5)
          yield* network.closeByPeer(0)
          // At the head of the queue again, and on to another connection.
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          yield* TestClock.adjust(5)
          assertTrue(Option.isNone(yield* Fiber.poll(request)))
          yield* TestClock.adjust(5)
          const { attempts, connectionId, reused } = yield* Fiber.join(request)
          deepStrictEqual([attempts, connectionId, reused], [1, 1, false])
          strictEqual((yield* network.requests).length, 1)
          yield* assertAtRest(pool)
        }),
      { checkDelay: 10 }
    ))

  it.effect("C5 that is found closed gives its waiter back his place in front of the others", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url])
          const fibers = yield* Effect.forEach([1, 2, 3], (i) => start(pool.execute({ url: url + i })))
          yield* network.closeByPeer(0)
          for (let i = 0; i < 4; i++) yield* TestClock.adjust(10)
          yield* Fiber.joinAll(fibers)
          deepStrictEqual((yield* network.requests).map((request) => request.url), [`${url}1`, `${url}2`, `${url}3`])
        }),
      { checkDelay: 10 },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("C5 whose check is still running when the time is over is not used", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url])
          const request = yield* start(pool.execute({ url, timeout: 5 }))
          yield* TestClock.adjust(5)
          strictEqual((yield* joinFailure("RequestTimeout", request)).progress, "not-sent")
          yield* TestClock.adjust(100)
          deepStrictEqual(yield* network.requests, [])
          strictEqual((yield* pool.stats).idle, 1)
        }),
      { checkDelay: 10 }
    ))
})

describe("what the pool tells of its connections", () => {
  it.effect("names each with its state", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          yield* TestClock.adjust(500)
          yield* start(pool.execute({ url: `${url}never` }))
          yield* start(pool.execute({ url: otherUrl }))
          yield* TestClock.adjust(10)
          const told = (yield* pool.connections).map(({ age, id, origin, requests, state }) => [
            id,
            origin,
            state,
            age,
            requests
          ])
          deepStrictEqual(told, [
            [0, "http://server.test", "active", 510, 2],
            [1, "http://other.test", "connecting", 10, 0]
          ])
        }),
      {
        connect: (origin) => origin === "http://other.test" ? { never: true } : {},
        respond: ({ url }) => ({ never: url.endsWith("never") })
      }
    ))

  it.effect("says what each is doing", () =>
    withPool(
      (pool) =>
        Effect.scoped(Effect.gen(function*() {
          yield* pool.lease(url)
          yield* start(pool.execute({ url: `${url}never` }))
          yield* start(pool.open({ url: `${url}body` }))
          yield* start(pool.execute({ url, method: "POST", body: Stream.never }))
          yield* Effect.scoped(pool.lease(otherUrl))
          deepStrictEqual(
            Chunk.toArray(Chunk.map(Chunk.fromIterable(yield* pool.connections), ({ phase }) => phase)),
            ["leased", "headers", "body", "sending", undefined]
          )
        })),
      { respond: ({ url }) => url.endsWith("body") ? { pieceDelay: 1000, body: "a" } : { never: true } }
    ))
})
