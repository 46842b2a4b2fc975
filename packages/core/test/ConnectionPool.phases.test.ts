import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Logger, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, PoolRequest, TestConnector } from "../src/index.js"
import { assertAtRest, failsWith, joinFailure, start, url, withPool } from "./support/pool.js"

type Told = Array<readonly [PoolRequest.RequestPhaseEvent, number]>

/** A request, and what its hook was told. */
const hooked = (request: Partial<PoolRequest.PoolRequest> = {}) => {
  const told: Told = []
  return {
    told,
    request: {
      url,
      ...request,
      observer: { onPhase: (event, ago) => told.push([event, ago]) }
    } as PoolRequest.PoolRequest
  }
}

const withNetwork = <A, E>(
  story: (pool: ConnectionPool.Service, network: TestConnector.Service) => Effect.Effect<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) =>
  withPool(
    (pool, network) => Effect.zipLeft(story(pool, network), assertAtRest(pool)),
    { connect: () => ({ delay: 100 }), respond: () => ({ delay: 20 }), ...script },
    options
  )

const one = { maxConnectionsPerOrigin: 1 }
const pass = (...times: ReadonlyArray<number>) => Effect.forEach(times, (time) => TestClock.adjust(time))

describe("a request hears, as it happens,", () => {
  it.effect("that it is queued, that a connection is being opened, and that it goes out on it", () =>
    withNetwork((pool) =>
      Effect.gen(function*() {
        const { request, told } = hooked()
        const running = yield* start(pool.execute(request))
        deepStrictEqual(told, [["queued", 0], ["connecting", 0]])
        yield* pass(99)
        strictEqual(told.length, 2)
        yield* pass(1)
        deepStrictEqual(told, [["queued", 0], ["connecting", 0], ["connected", 0]])
        yield* pass(20)
        yield* running
        strictEqual(told.length, 3)
      })
    ))

  it.effect("only that it goes out, where an idle connection is there", () =>
    withNetwork((pool) =>
      Effect.gen(function*() {
        const first = yield* start(pool.execute({ url }))
        yield* pass(100, 20, 5)
        yield* first
        const { request, told } = hooked()
        const running = yield* start(pool.execute(request))
        yield* pass(20)
        yield* running
        deepStrictEqual(told, [["reused", 0]])
      })
    ))

  it.effect("only that it goes out, also at the very moment at which the connection was opened", () =>
    withNetwork((pool) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        const { request, told } = hooked()
        yield* pool.execute(request)
        deepStrictEqual(told, [["reused", 0]])
      }), { connect: () => ({}), respond: () => ({}) }))

  it.effect("that a connection was opened that nobody has used: it is connected, not reused", () =>
    withNetwork((pool) =>
      Effect.gen(function*() {
        const warm = yield* start(pool.warmUp([url]))
        yield* pass(100, 5)
        yield* warm
        const { request, told } = hooked()
        const running = yield* start(pool.execute(request))
        yield* pass(20)
        yield* running
        deepStrictEqual(told, [["connected", 0]])
      })
    ))

  it.effect("that it waits for a connection that others use", () =>
    withNetwork(
      (pool) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          yield* pass(105)
          const { request, told } = hooked()
          const second = yield* start(pool.execute(request))
          deepStrictEqual(told, [["queued", 0]])
          yield* pass(15, 20)
          yield* Fiber.joinAll([first, second])
          deepStrictEqual(told, [["queued", 0], ["reused", 0]])
        }),
      {},
      one
    ))

  it.effect("that it waits for a connection that is being opened for another", () =>
    withNetwork(
      (pool) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          const atOnce = hooked()
          const second = yield* start(pool.execute(atOnce.request))
          yield* pass(10)
          const later = hooked()
          const third = yield* start(pool.execute(later.request))
          yield* pass(90, 20, 20, 20)
          yield* Fiber.joinAll([first, second, third])
          for (const { told } of [atOnce, later]) deepStrictEqual(told, [["queued", 0], ["reused", 0]])
        }),
      {},
      one
    ))

  it.effect("of a connection that was opened while it waited when it gets it, and since when", () =>
    withNetwork(
      (pool) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          yield* pass(110)
          const { request, told } = hooked()
          const second = yield* start(pool.execute(request))
          deepStrictEqual(told, [["queued", 0]])
          // The server closes the first one: another is opened for whoever waits.
          yield* pass(10, 100)
          deepStrictEqual(told, [["queued", 0], ["connecting", 100], ["connected", 0]])
          yield* pass(20)
          yield* Fiber.joinAll([first, second])
        }),
      { respond: () => ({ delay: 20, keepAlive: false }) },
      one
    ))

  it.effect("that it got another's connection though one was being opened for it", () =>
    withNetwork((pool) =>
      Effect.gen(function*() {
        const first = yield* start(pool.execute({ url }))
        yield* pass(110)
        const { request, told } = hooked()
        const second = yield* start(pool.execute(request))
        yield* pass(10)
        deepStrictEqual(told, [["queued", 0], ["connecting", 0], ["reused", 0]])
        yield* pass(20, 70)
        yield* Fiber.joinAll([first, second])
      })
    ))

  it.effect("that it waits, and no more, when it gets none", () =>
    Effect.gen(function*() {
      yield* withNetwork((pool) =>
        Effect.gen(function*() {
          const { request, told } = hooked({ acquireTimeout: 10 })
          const running = yield* start(pool.execute(request))
          yield* pass(10)
          yield* joinFailure("AcquireTimeout", running)
          yield* pass(90)
          deepStrictEqual(told, [["queued", 0], ["connecting", 0]])
        })
      )
      yield* withNetwork((pool) =>
        Effect.gen(function*() {
          const { request, told } = hooked()
          const running = yield* start(pool.execute(request))
          yield* Fiber.interrupt(running)
          yield* pass(100)
          deepStrictEqual(told, [["queued", 0], ["connecting", 0]])
        })
      )
    }))

  it.effect("nothing when it is refused", () =>
    withNetwork((pool) =>
      Effect.gen(function*() {
        const { request, told } = hooked({ method: "a b" })
        yield* failsWith("InvalidRequest", pool.execute(request))
        yield* pool.drain(0)
        const late = hooked()
        yield* failsWith("PoolClosed", pool.execute(late.request))
        deepStrictEqual([told, late.told], [[], []])
      })
    ))

  it.effect("the same from open and from stream", () =>
    withNetwork((pool) =>
      Effect.gen(function*() {
        const opened = hooked()
        yield* Effect.flatMap(pool.open(opened.request), ({ bytes }) => bytes)
        const streamed = hooked()
        yield* Effect.scoped(pool.stream(streamed.request))
        deepStrictEqual([opened.told, streamed.told], [
          [["queued", 0], ["connecting", 0], ["connected", 0]],
          [["reused", 0]]
        ])
      }), { connect: () => ({}), respond: () => ({}) }))

  it.effect("on a lease only how it goes out: the connection is there", () =>
    withNetwork((pool) =>
      Effect.scoped(Effect.gen(function*() {
        const lease = yield* pool.lease(url)
        const [first, second] = [hooked(), hooked()]
        yield* lease.send(first.request)
        yield* lease.send(second.request)
        deepStrictEqual([first.told, second.told], [[["connected", 0]], [["reused", 0]]])
      })), { connect: () => ({}), respond: () => ({}) }))
})

describe("a hook that throws", () => {
  it.effect("breaks nothing, is logged, and is told the rest all the same", () =>
    Effect.suspend(() => {
      const told: Array<string> = []
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => {
        logged.push(message)
      })
      const onPhase = (event: PoolRequest.RequestPhaseEvent) => {
        told.push(event)
        throw new Error("not mine")
      }
      return withNetwork((pool) =>
        Effect.gen(function*() {
          strictEqual((yield* pool.execute({ url, observer: { onPhase } })).status, 200)
          strictEqual((yield* pool.execute({ url, observer: { onPhase } })).reused, true)
          deepStrictEqual(told, ["queued", "connecting", "connected", "reused"])
          deepStrictEqual(logged, Array.from({ length: 4 }, () => ["the observer of a request threw"]))
        }), { connect: () => ({}), respond: () => ({}) }).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger))
        )
    }))
})
