import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Cause, Chunk, Effect, Exit, Fiber, Option, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolEvent } from "../src/index.js"
import { assertAtRest, bytes, counts, failsWith, joinFailure, settle, start, url, withPool } from "./support/pool.js"

/** Runs something and says how often a lease ended meanwhile, each time with whether the connection is reusable. */
const released = <A, E>(pool: ConnectionPool.Service, effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const seen: Array<PoolEvent.PoolEvent> = []
    const observer = yield* start(Stream.runForEach(pool.events, (event) => Effect.sync(() => seen.push(event))))
    yield* effect
    yield* settle
    yield* Fiber.interrupt(observer)
    return seen.flatMap((event) => event._tag === "Released" ? [event.reusable] : [])
  })

/** A body that takes its time: 100 KB in 4 pieces, one a second. */
const slow = { respond: () => ({ pieceDelay: 1000, body: [25, 25, 25, 25].map((kb) => bytes(kb * 1024)) }) }

describe("C1 a lease ends exactly once", () => {
  it.effect("C1 at the body's end of execute, and the connection is kept", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          deepStrictEqual(yield* released(pool, pool.execute({ url })), [true])
          strictEqual((yield* pool.stats).idle, 1)
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ body: "hello" }) }
    ))

  it.effect("C1 at the body's end of a stream; the scope that closes later changes nothing", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const read = Effect.scoped(Effect.gen(function*() {
            const response = yield* pool.stream({ url })
            const size = yield* Stream.runFold(response.body, 0, (sum, piece) => sum + piece.length)
            strictEqual(size, 5)
            strictEqual((yield* pool.stats).idle, 1)
          }))
          deepStrictEqual(yield* released(pool, read), [true])
          strictEqual((yield* pool.stats).idle, 1)
        }),
      { respond: () => ({ body: "hello" }) }
    ))

  it.effect("C1 when the body breaks, and the connection is not kept", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const read = Effect.flatMap(pool.open({ url }), (exchange) => failsWith("ConnectionLost", exchange.bytes))
          deepStrictEqual(yield* released(pool, read), [false])
          yield* assertAtRest(pool)
          strictEqual((yield* pool.stats).idle, 0)
        }),
      { respond: () => ({ body: "hello", breaks: { how: "reset", afterBytes: 3 } }) }
    ))

  it.effect("C1 at abort, also if it is called twice", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const abort = Effect.map(pool.open({ url }), (exchange) => {
            exchange.abort()
            exchange.abort()
          })
          deepStrictEqual(yield* released(pool, abort), [false])
          deepStrictEqual((yield* network.connections).map(({ open }) => open), [false])
          deepStrictEqual((yield* pool.stats).closedBy, { not_reusable: 1 })
          yield* assertAtRest(pool)
        }),
      slow
    ))

  it.effect("C1 abort after the body's end costs no connection", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const read = Effect.gen(function*() {
            const exchange = yield* pool.open({ url })
            yield* Stream.runDrain(exchange.body)
            exchange.abort()
            exchange.abort()
          })
          deepStrictEqual(yield* released(pool, read), [true])
          strictEqual((yield* pool.execute({ url })).reused, true)
          strictEqual((yield* pool.stats).opened, 1)
        }),
      { respond: () => ({ body: "hello" }) }
    ))

  it.effect("C1 when the scope of a stream closes, and what is not read is not waited for", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const response = yield* Scope.extend(pool.stream({ url }), scope)
          const close = Scope.close(scope, Exit.void)
          deepStrictEqual(yield* released(pool, close), [false])
          deepStrictEqual((yield* network.connections).map(({ open }) => open), [false])
          const error = yield* failsWith("ConnectionLost", Stream.runDrain(response.body))
          deepStrictEqual([error.reason, error.progress], ["released", "response-started"])
        }),
      slow
    ))

  it.effect("C1 when execute is interrupted in the middle of the body", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const interrupted = Effect.gen(function*() {
            const request = yield* start(pool.execute({ url }))
            yield* TestClock.adjust(2000)
            strictEqual((yield* pool.stats).active, 1)
            yield* Fiber.interrupt(request)
          })
          deepStrictEqual(yield* released(pool, interrupted), [false])
          yield* assertAtRest(pool)
        }),
      slow
    ))

  it.effect("C1 when the reader of a body stops in the middle", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          const head = yield* start(Stream.runHead(exchange.body))
          yield* TestClock.adjust(1000)
          strictEqual(Option.getOrThrow(yield* head).length, 25 * 1024)
          yield* settle
          deepStrictEqual((yield* network.connections).map(({ open }) => open), [false])
          yield* assertAtRest(pool)
        }),
      slow
    ))

  it.effect("C1 when bytes is interrupted", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          const reader = yield* start(exchange.bytes)
          yield* TestClock.adjust(1000)
          deepStrictEqual(yield* released(pool, Fiber.interrupt(reader)), [false])
          yield* assertAtRest(pool)
        }),
      slow
    ))

  it.effect("C1 a body that ended may be read later, and an abort before that does not take it away", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* settle
          strictEqual((yield* pool.stats).idle, 1)
          exchange.abort()
          const pieces = yield* Stream.runCollect(exchange.body)
          strictEqual(Chunk.size(pieces), 2)
        }),
      { respond: () => ({ body: ["hel", "lo"] }) }
    ))

  it.effect("C1 a lease of a connection ends with its scope, and the connection goes back", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const use = Effect.scoped(Effect.flatMap(pool.lease(url), (lease) => lease.send({ url })))
        deepStrictEqual(yield* released(pool, use), [true])
        strictEqual((yield* pool.stats).idle, 1)
      })
    ))

  it.effect("C1 a request that comes late to a lease that has ended does not go out on a connection of somebody else", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const late = yield* Effect.scoped(Effect.flatMap(pool.lease(url), (lease) =>
            start(lease.send({
              url: `${url}late`,
              restore: (ask) => Effect.zipRight(Effect.sleep(500), ask)
            }))))
          const other = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(500)
          const { progress, reason } = yield* joinFailure("ConnectionLost", late)
          deepStrictEqual([progress, reason], ["not-sent", "released"])
          yield* TestClock.adjust(500)
          strictEqual((yield* Fiber.join(other)).status, 200)
          deepStrictEqual(
            (yield* network.requests).map((request) => request.url),
            [url]
          )
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ delay: 1000 }) }
    ))

  it.effect("C1 when the fiber that holds it dies: a lease between its requests, a stream before or while it is read", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const dies = Effect.dieMessage("a defect of the user's")
          yield* Effect.exit(Effect.scoped(Effect.zipRight(pool.lease(url), dies)))
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
          for (const reads of [false, true]) {
            const exit = yield* Effect.exit(
              Effect.scoped(
                Effect.flatMap(pool.stream({ url }), ({ body }) => reads ? Stream.runForEach(body, () => dies) : dies)
              )
            )
            assertTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
            // What is left of the answer is nobody's: the connection goes with it.
            deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
          }
          deepStrictEqual((yield* pool.stats).closedBy, { not_reusable: 2 })
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ body: ["a", bytes(100_000), "c"] }) }
    ))

  it.effect("C1 a lease whose request failed has ended, and its scope does not end it again", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const use = Effect.scoped(
            Effect.flatMap(pool.lease(url), (lease) => failsWith("ConnectionLost", lease.send({ url })))
          )
          deepStrictEqual(yield* released(pool, use), [false])
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ breaks: { how: "reset" } }) }
    ))

  it.effect("C1 a request that waits when the connection before it fails is served by the next", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          const second = yield* start(pool.execute({ url: `${url}second` }))
          yield* TestClock.adjust(100)
          yield* joinFailure("ConnectionLost", first)
          const answer = yield* second
          deepStrictEqual([answer.reused, answer.connectionId], [false, 1])
          yield* assertAtRest(pool)
        }),
      { respond: ({ connection }) => connection === 0 ? { delay: 100, breaks: { how: "closed" } } : {} },
      { maxConnectionsPerOrigin: 1 }
    ))
})
