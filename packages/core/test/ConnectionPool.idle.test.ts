/** Idle connections: kept ready, kept for as long as their server keeps them, and dropped when nobody knows their age. */
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Clock, Effect, Fiber, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, TestConnector } from "../src/index.js"
import { assertAtRest, counts, otherUrl, settle, start, url, withConnector, withPool } from "./support/pool.js"
import { puppets } from "./support/puppet.js"

const learned = (pool: ConnectionPool.Service) => Effect.map(pool.stats, ({ origins }) => origins[0]!.learnedIdleLimit)

describe("minIdlePerOrigin", () => {
  it.effect("keeps connections ready at an origin once it was used, and replaces those that end", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
          yield* pool.execute({ url })
          yield* settle
          deepStrictEqual(yield* counts(pool), [0, 0, 3, 0])
          yield* network.closeByPeer(0)
          yield* network.closeByPeer(1)
          yield* settle
          deepStrictEqual(yield* counts(pool), [0, 0, 2, 0])
          strictEqual(yield* network.dials, 4)
          strictEqual(yield* pool.closeIdle, 2)
          yield* settle
          deepStrictEqual(yield* counts(pool), [0, 0, 2, 0])
          yield* assertAtRest(pool)
        }),
      {},
      { minIdlePerOrigin: 2 }
    ))

  it.effect("makes nobody wait for it, neither a request nor the end of the pool", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          strictEqual((yield* pool.execute({ url })).status, 200)
          yield* settle
          strictEqual(yield* network.dialling, 1)
          yield* pool.drain(0)
          yield* settle
          strictEqual(yield* network.dialling, 0)
        }),
      { connect: (_, dial) => dial === 0 ? {} : { never: true } },
      { minIdlePerOrigin: 1 }
    ))

  it.effect("dials again and again while an origin is down, more and more seldom, and no more once nobody uses it", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          yield* Effect.exit(pool.execute({ url }))
          const dials: Array<number> = []
          for (let second = 0; second < 20; second++) {
            const before = yield* network.dials
            yield* TestClock.adjust("1 second")
            dials.push((yield* network.dials) - before)
          }
          const [first, ...later] = dials
          assertTrue(first! >= 3 && first! <= 6, `${first} in the first second`)
          assertTrue(later.every((number) => number <= 2), `${later} in the seconds after`)
          yield* TestClock.adjust("1 minute")
          const before = yield* network.dials
          yield* TestClock.adjust("1 minute")
          strictEqual(yield* network.dials, before)
          strictEqual((yield* pool.stats).origins.length, 0)
        }),
      { connect: () => ({ fail: "Refused" }) },
      { minIdlePerOrigin: 1, housekeepingInterval: "20 seconds" }
    ))
})

describe("minIdlePerOrigin at an origin that accepts connections and hangs up at once", () => {
  it.effect("dials again and again, but more and more seldom", () => {
    const { connect, made } = puppets()
    return withConnector(
      (target) =>
        // Without an end it could not be seen that there is none.
        made.length >= 1_000 ? Effect.never : Effect.tap(connect(target), () => {
          const puppet = made.at(-1)!
          return Effect.forkDaemon(Effect.andThen(settle, Effect.sync(() => puppet.confirmClose("closed"))))
        }),
      (pool) =>
        Effect.gen(function*() {
          yield* pool.warmUp([url])
          const dials: Array<number> = []
          for (let second = 0; second < 20; second++) {
            const before = made.length
            for (let i = 0; i < 20; i++) {
              yield* TestClock.adjust(50)
              yield* settle
            }
            dials.push(made.length - before)
          }
          const [first, ...later] = dials
          assertTrue(first! >= 3 && first! <= 6, `${first} in the first second`)
          assertTrue(later.every((number) => number <= 2), `${later} in the seconds after`)
          assertTrue(later.some((number) => number > 0))
          strictEqual((yield* pool.stats).closedBy.server_close, made.length)
        }),
      { minIdlePerOrigin: 1 }
    )
  })
})

describe("an origin that closes idle connections by itself", () => {
  const closesAfter: TestConnector.TestScript = { respond: () => ({ closeIdleAfter: "5 seconds" }) }

  it.effect("is known after two, and from then on they are closed before it does", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        for (const known of [undefined, undefined, 4500]) {
          yield* pool.execute({ url })
          strictEqual(yield* learned(pool), known)
          yield* TestClock.adjust("6 seconds")
        }
        const [origin] = (yield* pool.stats).origins
        deepStrictEqual(origin!.closedBy, { server_close: 2, idle_timeout: 1 })
        strictEqual(yield* network.dials, 3)
      }), closesAfter))

  it.effect("is forgotten with everything else that was known of it", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        for (let i = 0; i < 2; i++) {
          yield* pool.execute({ url })
          yield* TestClock.adjust("6 seconds")
        }
        strictEqual(yield* learned(pool), 4500)
        yield* TestClock.adjust("3 minutes")
        yield* pool.execute({ url })
        strictEqual(yield* learned(pool), undefined)
      }), closesAfter))
})

describe("clocks that disagree", () => {
  /** A pool on a clock whose time of day is another than its own. */
  const withTimeOfDay = <A, E>(
    story: (pool: ConnectionPool.Service, shift: (by: number) => void) => Effect.Effect<A, E>
  ) => {
    let shifted = 0
    const clock: Clock.Clock = Object.assign(Clock.make(), { unsafeCurrentTimeMillis: () => Date.now() + shifted })
    return withPool((pool) => story(pool, (by) => void (shifted += by)), {
      respond: ({ url }) => ({ never: url.endsWith("long") })
    }).pipe(Effect.withClock(clock))
  }

  for (const [what, by] of [["the machine was asleep", 60_000], ["the clock was set back", -60_000]] as const) {
    it.effect(`${what}: no idle connection is used`, () =>
      withTimeOfDay((pool, shift) =>
        Effect.gen(function*() {
          yield* Effect.forEach([url, otherUrl], (url) => pool.execute({ url }))
          strictEqual((yield* pool.execute({ url })).reused, true)
          shift(by)
          strictEqual((yield* pool.execute({ url })).reused, false)
          deepStrictEqual((yield* pool.stats).closedBy, { clock_jump: 2 })
          strictEqual((yield* pool.execute({ url })).reused, true)
          yield* assertAtRest(pool)
        })
      ))
  }

  it.effect("small corrections of the time, as there are all day, change nothing", () =>
    withTimeOfDay((pool, shift) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        for (let i = 0; i < 10; i++) {
          shift(i % 3 === 0 ? -500 : 500)
          strictEqual((yield* pool.execute({ url })).reused, true)
        }
      })
    ))

  it.effect("a request that is answered meanwhile is none of it", () =>
    withTimeOfDay((pool, shift) =>
      Effect.gen(function*() {
        const running = yield* start(pool.execute({ url: `${url}long` }))
        shift(60_000)
        strictEqual((yield* pool.execute({ url: otherUrl })).status, 200)
        deepStrictEqual((yield* pool.stats).closedBy, {})
        strictEqual((yield* pool.stats).active, 1)
        yield* Fiber.interrupt(running)
      })
    ))
})
