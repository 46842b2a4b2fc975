import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Stream, TestClock } from "effect"
import { describe } from "vitest"
import { type ConnectionPool, PoolEvent, type TestConnector } from "../src/index.js"
import { failsWith, settle, start, url, withPool } from "./support/pool.js"

/** The events while a story goes on, without what is told elsewhere. */
const eventsOf = <A, E>(pool: ConnectionPool.Service, story: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const seen: Array<PoolEvent.PoolEvent> = []
    const observer = yield* start(Stream.runForEach(pool.events, (event) => Effect.sync(() => seen.push(event))))
    yield* story
    yield* settle
    yield* Fiber.interrupt(observer)
    return seen
  })

const tags = (events: ReadonlyArray<PoolEvent.PoolEvent>) => events.map(({ _tag }) => _tag)

describe("events", () => {
  it.effect("tell of a request from the queue to the last byte", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(1000)
          const story = Effect.gen(function*() {
            const request = yield* start(pool.execute({ url }))
            yield* TestClock.adjust(30)
            yield* TestClock.adjust(20)
            yield* Fiber.join(request)
          })
          const origin = "http://server.test"
          deepStrictEqual((yield* eventsOf(pool, story)).map((event) => ({ ...event })), [
            { _tag: "Queued", at: 1000, origin },
            { _tag: "Opened", at: 1030, origin, connectionId: 0, duration: 30 },
            { _tag: "Granted", at: 1030, origin, connectionId: 0, reused: false, waited: 30 },
            { _tag: "Released", at: 1050, origin, connectionId: 0, reusable: true },
            { _tag: "Completed", at: 1050, origin, connectionId: 0, status: 201, duration: 50 }
          ])
        }),
      { connect: () => ({ delay: 30 }), respond: () => ({ delay: 20, status: 201 }) }
    ))

  it.effect("tell of a connection that is used again, and why it is closed", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        const seen = yield* eventsOf(pool, Effect.zipRight(pool.execute({ url }), TestClock.adjust("30 seconds")))
        deepStrictEqual(tags(seen), ["Granted", "Released", "Completed", "Housekeeping", "Closed"])
        const [granted, , , , closed] = seen
        assertTrue(PoolEvent.$is("Granted")(granted) && granted.reused)
        assertTrue(PoolEvent.$is("Closed")(closed))
        deepStrictEqual([closed.reason, closed.requests, closed.age, closed.at], ["idle_timeout", 2, 30_000, 30_000])
      })
    ))

  it.effect("tell that a drain is over when it is over, not when the layer closes", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        deepStrictEqual(tags(yield* eventsOf(pool, pool.drain())), ["Draining", "Closed", "Drained"])
      })
    ))

  it.effect("tell of failures with their errors", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const seen = yield* eventsOf(
            pool,
            Effect.zipRight(
              failsWith("ConnectFailed", pool.execute({ url })),
              failsWith("ConnectionLost", pool.execute({ url }))
            )
          )
          deepStrictEqual(tags(seen), [
            "Queued",
            "ConnectFailed",
            "Failed",
            "Queued",
            "Opened",
            "Granted",
            "Released",
            "Failed",
            "Closed"
          ])
          const errors = seen.flatMap((event) => "error" in event ? [event.error._tag] : [])
          deepStrictEqual(errors, ["ConnectFailed", "ConnectFailed", "ConnectionLost"])
        }),
      { connect: (_, dial) => dial === 0 ? { fail: "Refused" } : {}, respond: () => ({ breaks: { how: "reset" } }) }
    ))

  const reasons: ReadonlyArray<
    readonly [string, (pool: ConnectionPool.Service, network: TestConnector.Service) => Effect.Effect<unknown, unknown>]
  > = [
    ["server_close", (_, network) => network.closeByPeer(0)],
    ["poisoned", (_, network) => network.sendUnasked(0)],
    ["close_idle", (pool) => pool.closeIdle],
    ["drain", (pool) => pool.drain(0)],
    ["evicted", (pool) => pool.execute({ url: "http://other.test/" })],
    ["unused_origin", () => TestClock.adjust("2 seconds")],
    ["not_reusable", (pool) => pool.execute({ url, headers: { connection: "close" } })],
    ["max_requests", (pool) => Effect.all([pool.execute({ url }), pool.execute({ url })])]
  ]
  for (const [reason, cause] of reasons) {
    it.effect(`name the reason of a close: ${reason}`, () =>
      withPool(
        (pool, network) =>
          Effect.gen(function*() {
            yield* pool.execute({ url })
            const seen = yield* eventsOf(pool, cause(pool, network))
            const closed = seen.flatMap((event) => event._tag === "Closed" ? [[event.reason, event.connectionId]] : [])
            deepStrictEqual(closed, [[reason, 0]])
          }),
        {},
        { maxConnections: 1, maxRequestsPerConnection: 3, housekeepingInterval: "1 second" }
      ))
  }

  it.effect("tell that an origin is forgotten", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          const seen = yield* eventsOf(pool, TestClock.adjust("2 seconds"))
          deepStrictEqual(tags(seen), ["Housekeeping", "Closed", "OriginRemoved"])
          deepStrictEqual({ ...seen[0] }, { _tag: "Housekeeping", at: 2000, closing: 1, removed: 1 })
        }),
      {},
      { housekeepingInterval: "1 second" }
    ))

  it.effect("tell how a warm-up went, when its last dial has ended", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const seen = yield* eventsOf(pool, pool.warmUp([url], { connections: 3 }))
          deepStrictEqual(tags(seen), ["Opened", "ConnectFailed", "Opened", "WarmUp"])
          deepStrictEqual({ ...seen[3] }, { _tag: "WarmUp", at: 0, origin: "http://server.test", opened: 2, failed: 1 })
          const again = yield* eventsOf(pool, pool.warmUp([url], { connections: 2 }))
          deepStrictEqual(again.map((event) => ({ ...event })), [
            { _tag: "WarmUp", at: 0, origin: "http://server.test", opened: 0, failed: 0 }
          ])
        }),
      { connect: (_, dial) => dial === 1 ? { fail: "Refused" } : {} }
    ))

  it.effect("go to every subscriber, from when it subscribed", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const early = yield* start(Stream.runCollect(Stream.take(pool.events, 8)))
        yield* pool.execute({ url })
        const late = yield* start(Stream.runCollect(Stream.take(pool.events, 3)))
        yield* pool.execute({ url })
        deepStrictEqual(tags(Chunk.toArray(yield* Fiber.join(late))), ["Granted", "Released", "Completed"])
        strictEqual((yield* Fiber.join(early)).length, 8)
      })
    ))

  it.effect(
    "C11 lose the oldest for a slow subscriber, who is told how many; others lose nothing",
    () =>
      withPool((pool) =>
        Effect.gen(function*() {
          const seen: Array<PoolEvent.PoolEvent> = []
          // Reads one chunk, and then nothing for a second.
          const slow = yield* start(
            Stream.runForEachChunk(pool.events, (chunk) => Effect.delay(Effect.sync(() => seen.push(...chunk)), 1000))
          )
          const all: Array<PoolEvent.PoolEvent> = []
          const eager = yield* start(Stream.runForEach(pool.events, (event) => Effect.sync(() => all.push(event))))
          for (let i = 0; i < 1500; i++) yield* pool.execute({ url })
          yield* settle
          strictEqual(all.length, 2 + 3 * 1500)
          while (seen.length < 2) yield* TestClock.adjust(1000)
          for (let i = 0; i < 4; i++) yield* TestClock.adjust(1000)
          const missed = seen.flatMap((event) => event._tag === "Missed" ? [event.count] : [])
          strictEqual(missed.length, 1)
          strictEqual(missed[0]! + seen.length - 1, all.length)
          assertTrue(seen.length <= 2 * 1024 + 10)
          // The newest are there.
          deepStrictEqual(seen.at(-1), all.at(-1))
          const at = seen.findIndex(({ _tag }) => _tag === "Missed")
          strictEqual(seen[at]!.at, seen[at + 1]!.at)
          yield* Fiber.interruptAll([slow, eager])
        })
      ),
    20_000
  )

  it.effect("can be matched", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const [first] = yield* eventsOf(pool, pool.execute({ url }))
        const other = () => "another"
        const text = PoolEvent.$match(first!, {
          Queued: ({ origin }) => origin,
          Opened: other,
          Closed: other,
          ConnectFailed: other,
          Granted: other,
          Repeated: other,
          Released: other,
          Completed: other,
          Failed: other,
          WarmUp: other,
          Housekeeping: other,
          LeakSuspected: other,
          LeakRetracted: other,
          OriginRemoved: other,
          Draining: other,
          Drained: other,
          Missed: other
        })
        strictEqual(text, "http://server.test")
      })
    ))
})
