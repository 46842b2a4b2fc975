import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Exit, Fiber, Layer, Option, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import { ConnectionPool, TestConnector } from "../src/index.js"
import {
  assertAtRest,
  bytes,
  counts,
  failsWith,
  joinFailure,
  poolLayer,
  settle,
  start,
  url,
  withPool
} from "./support/pool.js"

const one = { maxConnectionsPerOrigin: 1 }
const slow: TestConnector.TestScript = { respond: () => ({ delay: 1000 }) }
const never: TestConnector.TestScript = { respond: () => ({ never: true }) }

describe("C10 a drain", () => {
  it.effect("C10 of an idle pool closes every connection at once", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        yield* pool.warmUp([url], { connections: 3 })
        deepStrictEqual(yield* pool.drain("5 seconds"), { answered: 0, cutOff: 0, unclosed: 0, elapsed: 0 })
        assertTrue((yield* network.connections).every(({ open }) => !open))
        deepStrictEqual((yield* pool.stats).closedBy, { drain: 3 })
        yield* assertAtRest(pool)
      })
    ))

  it.effect("C10 refuses new work at once, of every kind", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          yield* start(pool.drain("5 seconds"))
          const error = yield* failsWith("PoolClosed", pool.execute({ url }))
          deepStrictEqual([error.progress, error.origin], ["not-sent", "http://server.test"])
          yield* failsWith("PoolClosed", pool.execute({ url: "http://never.seen/" }))
          yield* failsWith("PoolClosed", pool.open({ url }))
          yield* failsWith("PoolClosed", Effect.scoped(pool.stream({ url })))
          yield* failsWith("PoolClosed", Effect.scoped(pool.lease(url)))
          yield* failsWith("PoolClosed", pool.warmUp([url]))
          strictEqual((yield* pool.stats).origins.length, 1)
        }),
      slow
    ))

  it.effect("C10 refuses who waits at once, and lets running exchanges end", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url }))
          const waiting = yield* start(pool.execute({ url }))
          const drain = yield* start(pool.drain("5 seconds"))
          strictEqual((yield* joinFailure("PoolClosed", waiting)).progress, "not-sent")
          yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(running)).status, 200)
          deepStrictEqual(yield* Fiber.join(drain), { answered: 1, cutOff: 0, unclosed: 0, elapsed: 1000 })
          yield* assertAtRest(pool)
        }),
      slow,
      one
    ))

  it.effect("C10 cuts off what is not done in time, and says how far it came", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const paths = ["never", "body", "soon"]
          const [never, body, soon] = yield* Effect.forEach(paths, (path) => start(pool.execute({ url: url + path })))
          const drain = yield* start(pool.drain("3 seconds"))
          yield* TestClock.adjust(2999)
          assertTrue(Option.isNone(yield* Fiber.poll(drain)))
          yield* TestClock.adjust(1)
          strictEqual((yield* joinFailure("PoolClosed", never!)).progress, "maybe-sent")
          strictEqual((yield* joinFailure("PoolClosed", body!)).progress, "response-started")
          strictEqual((yield* Fiber.join(soon!)).status, 200)
          deepStrictEqual(yield* Fiber.join(drain), { answered: 1, cutOff: 2, unclosed: 0, elapsed: 3000 })
          assertTrue((yield* network.connections).every(({ open }) => !open))
          yield* assertAtRest(pool)
        }),
      {
        respond: ({ url }) =>
          url.endsWith("never") ? { never: true } : url.endsWith("body") ? { pieceDelay: 2000, body: ["a", "b"] } : {
            delay: 100
          }
      }
    ))

  it.effect("C10 of zero seconds waits for nobody", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url }))
          deepStrictEqual(yield* pool.drain(0), { answered: 0, cutOff: 1, unclosed: 0, elapsed: 0 })
          yield* joinFailure("PoolClosed", running)
        }),
      never
    ))

  it.effect("C10 closes bare leases and bodies that nobody reads at once", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* Effect.scoped(Effect.gen(function*() {
            const lease = yield* pool.lease(url)
            const unread = yield* pool.open({ url })
            deepStrictEqual(yield* counts(pool), [0, 2, 0, 0])
            deepStrictEqual(yield* pool.drain("5 seconds"), { answered: 0, cutOff: 0, unclosed: 0, elapsed: 0 })
            yield* failsWith("ConnectionLost", lease.send({ url }))
            strictEqual((yield* failsWith("PoolClosed", unread.bytes)).progress, "response-started")
          }))
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ pieceDelay: 1000, body: bytes(100) }) }
    ))

  it.effect("C10 waits for a body that is being read, for a stream, and for a lease's request", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const read = yield* start(Effect.flatMap(pool.open({ url }), (exchange) => exchange.bytes))
          const stream = yield* start(
            Effect.scoped(Effect.flatMap(pool.stream({ url }), ({ body }) =>
              Effect.zipRight(Effect.sleep(500), Stream.runDrain(body))))
          )
          const lease = yield* start(Effect.scoped(Effect.flatMap(pool.lease(url), (lease) =>
            lease.send({ url }))))
          const drain = yield* start(pool.drain("5 seconds"))
          yield* TestClock.adjust(1000)
          strictEqual((yield* Fiber.join(read)).length, 100)
          yield* Fiber.join(stream)
          strictEqual((yield* Fiber.join(lease)).body.length, 100)
          deepStrictEqual(yield* Fiber.join(drain), { answered: 3, cutOff: 0, unclosed: 0, elapsed: 1000 })
        }),
      { respond: () => ({ pieceDelay: 1000, body: bytes(100) }) }
    ))

  it.effect("C10 twice: the second joins the first with a time of its own", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url }))
          const first = yield* start(pool.drain("10 seconds"))
          yield* TestClock.adjust(1000)
          const second = yield* start(pool.drain("2 seconds"))
          yield* TestClock.adjust(2000)
          yield* joinFailure("PoolClosed", running)
          deepStrictEqual(yield* Fiber.join(first), { answered: 0, cutOff: 1, unclosed: 0, elapsed: 3000 })
          deepStrictEqual(yield* Fiber.join(second), { answered: 0, cutOff: 1, unclosed: 0, elapsed: 2000 })
          deepStrictEqual(yield* pool.drain("5 seconds"), { answered: 0, cutOff: 0, unclosed: 0, elapsed: 0 })
        }),
      never
    ))

  it.effect("C10 concurrently ends for all of them", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url }))
          const drains = yield* start(
            Effect.all([pool.drain("5 seconds"), pool.drain("5 seconds"), pool.drain("5 seconds")], { concurrency: 3 })
          )
          yield* TestClock.adjust(1000)
          yield* Fiber.join(running)
          deepStrictEqual((yield* Fiber.join(drains)).map(({ answered }) => answered), [1, 1, 1])
        }),
      slow
    ))

  it.effect("C10 that is interrupted goes on without a time limit of its own", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url }))
          const drain = yield* start(pool.drain(500))
          yield* Fiber.interrupt(drain)
          yield* failsWith("PoolClosed", pool.execute({ url }))
          yield* TestClock.adjust(1000)
          yield* Fiber.join(running)
          yield* assertAtRest(pool)
        }),
      slow
    ))

  it.effect("C10 during a dial ends the dial", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          deepStrictEqual(yield* pool.drain("5 seconds"), { answered: 0, cutOff: 0, unclosed: 0, elapsed: 0 })
          strictEqual((yield* joinFailure("PoolClosed", request)).progress, "not-sent")
          strictEqual(yield* network.dialling, 0)
          yield* assertAtRest(pool)
        }),
      { connect: () => ({ never: true }) }
    ))

  it.effect("C10 during a warm-up ends its dials, and the warm-up says so", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const warmUp = yield* start(pool.warmUp([url], { connections: 2 }))
          yield* pool.drain("5 seconds")
          const report = yield* Fiber.join(warmUp)
          strictEqual(report.opened, 0)
          deepStrictEqual(report.origins[0]!.failures.map(({ _tag }) => _tag), ["PoolClosed", "PoolClosed"])
          strictEqual(yield* network.dialling, 0)
        }),
      { connect: () => ({ never: true }) }
    ))

  it.effect("C10 during an upload cuts it off when the time is over, and ends its source", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        let ended = 0
        const body = Stream.concat(Stream.make(bytes(3)), Stream.never).pipe(
          Stream.ensuring(Effect.sync(() => ended++))
        )
        const upload = yield* start(pool.execute({ method: "POST", url, body }))
        const drain = yield* start(pool.drain(500))
        strictEqual(ended, 0)
        yield* TestClock.adjust(500)
        strictEqual((yield* joinFailure("PoolClosed", upload)).progress, "maybe-sent")
        strictEqual((yield* Fiber.join(drain)).cutOff, 1)
        strictEqual(ended, 1)
        deepStrictEqual(yield* network.requests, [])
        yield* assertAtRest(pool)
      })
    ))

  it.effect("C10 during the check of an idle connection lets the request be sent, or cuts it off", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url], { connections: 2 })
          const request = yield* start(pool.execute({ url }))
          const lease = yield* start(Effect.scoped(pool.lease(url)))
          const drain = yield* start(pool.drain(50))
          yield* TestClock.adjust(50)
          strictEqual((yield* joinFailure("PoolClosed", request)).progress, "not-sent")
          strictEqual((yield* joinFailure("PoolClosed", lease)).progress, "not-sent")
          strictEqual((yield* Fiber.join(drain)).cutOff, 2)
          yield* assertAtRest(pool)
        }),
      { checkDelay: 100 }
    ))
})

describe("C10 the layer's release", () => {
  const built = (script: TestConnector.TestScript, options = {}) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(poolLayer(script, options), scope)
      const pool = yield* Effect.provide(ConnectionPool.ConnectionPool, context)
      const network = yield* Effect.provide(TestConnector.TestConnector, context)
      return { pool, network, close: Scope.close(scope, Exit.void) }
    })

  it.effect("C10 gives running exchanges drainTimeout and cuts off the rest", () =>
    Effect.gen(function*() {
      const { close, network, pool } = yield* built(
        { respond: ({ url }) => url.endsWith("never") ? { never: true } : { delay: 1000 } },
        { drainTimeout: "2 seconds" }
      )
      const answered = yield* start(pool.execute({ url }))
      const never = yield* start(pool.execute({ url: `${url}never` }))
      yield* pool.warmUp([url], { connections: 3 })
      const closing = yield* start(close)
      yield* failsWith("PoolClosed", pool.execute({ url }))
      yield* TestClock.adjust(1000)
      strictEqual((yield* Fiber.join(answered)).status, 200)
      assertTrue(Option.isNone(yield* Fiber.poll(closing)))
      yield* TestClock.adjust(1000)
      yield* joinFailure("PoolClosed", never)
      yield* Fiber.join(closing)
      assertTrue((yield* network.connections).every(({ open }) => !open))
      yield* failsWith("PoolClosed", pool.execute({ url }))
      yield* assertAtRest(pool)
    }))

  it.effect("C10 that comes while a drain runs: who waits shorter decides for both", () =>
    Effect.gen(function*() {
      for (const [drainTimeout, timeout] of [["2 seconds", "1 hour"], ["1 hour", "2 seconds"]] as const) {
        const { close, pool } = yield* built({ respond: () => ({ never: true }) }, { drainTimeout })
        const running = yield* start(pool.execute({ url }))
        const drain = yield* start(pool.drain(timeout))
        const closing = yield* start(close)
        yield* TestClock.adjust(1999)
        assertTrue(Option.isNone(yield* Fiber.poll(closing)))
        yield* TestClock.adjust(1)
        yield* joinFailure("PoolClosed", running)
        deepStrictEqual(yield* Fiber.join(drain), { answered: 0, cutOff: 1, unclosed: 0, elapsed: 2000 })
        yield* Fiber.join(closing)
        yield* assertAtRest(pool)
      }
    }))

  it.effect("C10 that comes while the layer is still being built ends the dials of its warm-up", () =>
    Effect.gen(function*() {
      const network = yield* Layer.build(TestConnector.layer({
        connect: (_, dial) => dial === 0 ? {} : { never: true }
      }))
      const { connections, dialling } = yield* Effect.provide(TestConnector.TestConnector, network)
      const layer = ConnectionPool.layer({ warmUp: { origins: [url], connections: 3 } })
      const building = yield* start(Effect.scoped(Effect.provide(Layer.build(layer), network)))
      strictEqual(yield* dialling, 2)
      yield* Fiber.interrupt(building)
      strictEqual(yield* dialling, 0)
      deepStrictEqual((yield* connections).map(({ open }) => open), [false])
    }).pipe(Effect.scoped))

  it.effect("C10 ends the streams of events after a last one, also of a slow subscriber", () =>
    Effect.gen(function*() {
      const { close, pool } = yield* built({})
      const events = yield* start(Stream.runCollect(pool.events))
      const slow = yield* start(Stream.runCollect(Stream.mapEffect(pool.events, Effect.succeed)))
      yield* pool.execute({ url })
      yield* close
      const tags = Chunk.toArray(yield* Fiber.join(events)).map(({ _tag }) => _tag)
      deepStrictEqual(tags.slice(-3), ["Draining", "Closed", "Drained"])
      strictEqual((yield* Fiber.join(slow)).length, tags.length)
      deepStrictEqual(Chunk.toArray(yield* Stream.runCollect(pool.events)), [])
    }))

  it.effect("C10 leaves no sleeping fiber behind that would wake", () =>
    Effect.gen(function*() {
      const { close, pool } = yield* built({}, { idleTimeout: 1000 })
      yield* pool.execute({ url })
      yield* close
      const before = yield* pool.stats
      yield* TestClock.adjust("1 hour")
      deepStrictEqual(JSON.stringify(yield* pool.stats), JSON.stringify(before))
      yield* settle
    }))
})
