import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Runtime, TestClock } from "effect"
import type { Deadline } from "../../src/internal/deadlines.js"
import { Deadlines, LiveTimer } from "../../src/internal/deadlines.js"
import { Alarms } from "../../src/machine/alarms.js"
import { settle, start, url, withConnector, withPool } from "../support/pool.js"
import { puppets } from "../support/puppet.js"
import { withTimers } from "../support/timers.js"

const onTestClock = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const runtime = yield* Effect.runtime<never>()
  let forks = 0
  const deadlines = new Deadlines(clock, (effect) => {
    forks++
    return Runtime.runFork(runtime)(effect)
  })
  const rung: Array<readonly [string, number]> = []
  const deadline = (name: string, onDue = (_: number) => {}): Deadline => ({
    at: Infinity,
    slot: -1,
    onDue: (now) => {
      rung.push([name, now])
      onDue(now)
    }
  })
  return { deadline, deadlines, forks: () => forks, rung }
})

describe("C8 Deadlines on another clock", () => {
  it.effect("C8 ring at their times, in the order of their times", () =>
    Effect.gen(function*() {
      const { deadline, deadlines, rung } = yield* onTestClock
      deadlines.set(deadline("b"), 20)
      deadlines.set(deadline("a"), 10)
      deadlines.set(deadline("c"), 30)
      yield* TestClock.adjust(29)
      deepStrictEqual(rung, [["a", 10], ["b", 20]])
      yield* TestClock.adjust(1)
      deepStrictEqual(rung.at(-1), ["c", 30])
      strictEqual(deadlines.now(), 30)
    }))

  it.effect("C8 may be moved and cleared, also while others ring", () =>
    Effect.gen(function*() {
      const { deadline, deadlines, rung } = yield* onTestClock
      const [later, cleared, never] = [deadline("later"), deadline("cleared"), deadline("never")]
      deadlines.set(later, 10)
      deadlines.set(later, 30)
      deadlines.set(cleared, 20)
      deadlines.set(deadline("clears", () => deadlines.clear(cleared)), 20 - 1)
      deadlines.set(never, 5)
      deadlines.set(never, Infinity)
      deadlines.set(
        deadline("again", (now) => {
          if (now < 50) deadlines.set(later, 60)
        }),
        29
      )
      yield* TestClock.adjust(59)
      deepStrictEqual(rung, [["clears", 19], ["again", 29]])
      yield* TestClock.adjust(1)
      deepStrictEqual(rung.at(-1), ["later", 60])
    }))

  it.effect("C8 that are due already ring in another turn, not inside the call", () =>
    Effect.gen(function*() {
      const { deadline, deadlines, rung } = yield* onTestClock
      yield* TestClock.adjust(100)
      deadlines.set(deadline("past"), 50)
      deadlines.set(deadline("now"), 100)
      deepStrictEqual(rung, [])
      yield* Effect.yieldNow()
      yield* Effect.yieldNow()
      deepStrictEqual(rung, [["past", 100], ["now", 100]])
    }))

  it.effect("C8 between two ticks of the clock ring at the next, and nothing after them is lost or late", () =>
    Effect.gen(function*() {
      const { deadline, deadlines, rung } = yield* onTestClock
      for (let i = 0; i < 200; i++) deadlines.set(deadline("between"), 10 + i * 0.37 + i / 7e9)
      deadlines.set(deadline("after"), 500)
      for (let i = 0; i < 5; i++) yield* TestClock.adjust(100)
      strictEqual(rung.length, 201)
      deepStrictEqual(rung.at(-1), ["after", 500])
    }))

  it.effect("C8 share one timer", () =>
    Effect.gen(function*() {
      const { deadline, deadlines, forks } = yield* onTestClock
      for (let i = 0; i < 100; i++) deadlines.set(deadline("same"), 100)
      strictEqual(forks(), 1)
      for (let i = 0; i < 100; i++) deadlines.set(deadline("later"), 200)
      strictEqual(forks(), 1)
      deadlines.set(deadline("earlier"), 50)
      strictEqual(forks(), 2)
      yield* TestClock.adjust(100)
      strictEqual(forks(), 4)
    }))

  it.effect("C10 that were stopped ring no more, and are not set again", () =>
    Effect.gen(function*() {
      const { deadline, deadlines, forks, rung } = yield* onTestClock
      deadlines.set(deadline("a"), 10)
      deadlines.stop()
      deadlines.set(deadline("b"), 5)
      yield* TestClock.adjust(100)
      deepStrictEqual([rung, forks()], [[], 1])
    }))
})

describe("C11 the deadlines of requests", () => {
  it.effect("C11 are forgotten when the requests are done", () => {
    const { takeDue } = Alarms.prototype
    let rung = 0
    Alarms.prototype.takeDue = function(now) {
      const due = takeDue.call(this, now)
      if (due !== undefined && "onDue" in due) rung++
      return due
    }
    const timeouts = { timeout: 1000, headersTimeout: 1000, bodyTimeout: 1000, acquireTimeout: 1000 }
    return withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url, ...timeouts })
          yield* Effect.flatMap(pool.open({ url, ...timeouts }), (exchange) => exchange.bytes)
          const interrupted = yield* start(pool.execute({ url: `${url}never`, ...timeouts }))
          yield* Fiber.interrupt(interrupted)
          rung = 0
          yield* TestClock.adjust(1000)
          // The machine looks once whether anybody still waits.
          assertTrue(rung <= 1)
        }),
      { respond: ({ url }) => ({ body: "a", never: url.endsWith("never") }) },
      { idleTimeout: "1 hour" }
    ).pipe(Effect.ensuring(Effect.sync(() => Object.assign(Alarms.prototype, { takeDue }))))
  })
})

describe("C8 Deadlines on the live clock", () => {
  it.live("C8 read its monotonic time and ring on a timer of their own", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const deadlines = new Deadlines(clock, () => {
        throw new Error("the live clock needs no fiber")
      })
      const before = performance.now()
      const now = deadlines.now()
      assertTrue(before <= now && now <= performance.now())
      const rung = yield* Effect.async<number>((resume) => {
        deadlines.hold()
        deadlines.set({ at: Infinity, slot: -1, onDue: (at) => resume(Effect.succeed(at)) }, now + 20)
      })
      deadlines.release()
      assertTrue(rung >= now + 20)
      deadlines.stop()
    }))

  it.live("C10 hold the process while somebody waits, and only then", () =>
    withTimers((holding) =>
      Effect.gen(function*() {
        const deadlines = new Deadlines(yield* Effect.clock, Effect.runFork)
        deadlines.set({ at: Infinity, slot: -1, onDue: () => {} }, deadlines.now() + 60_000)
        strictEqual(holding(), 0)
        deadlines.hold()
        deadlines.hold()
        strictEqual(holding(), 1)
        deadlines.release()
        strictEqual(holding(), 1)
        deadlines.set({ at: Infinity, slot: -1, onDue: () => {} }, deadlines.now() + 30_000)
        strictEqual(holding(), 1)
        deadlines.release()
        strictEqual(holding(), 0)
        deadlines.stop()
      })
    ))
})

describe("LiveTimer", () => {
  it.live("C10 holds the process before it is set and after it fired, while it is held", () =>
    withTimers((holding) =>
      Effect.gen(function*() {
        let fired = 0
        const timer = yield* Effect.async<LiveTimer>((resume) => {
          const timer: LiveTimer = new LiveTimer(() => {
            fired++
            resume(Effect.succeed(timer))
          })
          timer.hold(true)
          strictEqual(holding(), 1)
          timer.set(1000)
          timer.set(0)
          strictEqual(holding(), 1)
        })
        deepStrictEqual([fired, holding()], [1, 1])
        timer.hold(false)
        strictEqual(holding(), 0)
        timer.hold(true)
        strictEqual(holding(), 1)
        timer.clear()
        strictEqual(holding(), 0)
      })
    ))

  it.live("takes delays that are longer than a timer can be, and negative ones", () =>
    withTimers((holding) =>
      Effect.gen(function*() {
        let fired = 0
        const long = new LiveTimer(() => fired++)
        long.hold(true)
        long.set(1e15)
        yield* Effect.async<void>((resume) => new LiveTimer(() => resume(Effect.void)).set(-5))
        deepStrictEqual([fired, holding()], [0, 1])
        long.hold(false)
        long.clear()
      })
    ))
})

describe("C10 a pool on the live clock", () => {
  it.live("C10 holds the process while a request runs or waits, and not when it is idle or closed", () =>
    withTimers((holding) =>
      Effect.gen(function*() {
        const { connect, made } = puppets()
        yield* withConnector(connect, (pool) =>
          Effect.gen(function*() {
            strictEqual(holding(), 0)
            const first = yield* start(pool.execute({ url }))
            strictEqual(holding(), 1)
            const second = yield* start(pool.execute({ url }))
            strictEqual(holding(), 1)
            made[0]!.head(0)
            made[0]!.end()
            yield* Fiber.join(first)
            strictEqual(holding(), 1)
            yield* Fiber.interrupt(second)
            strictEqual(holding(), 0)
            yield* pool.warmUp([url], { connections: 3 })
            strictEqual((yield* pool.stats).idle, 3)
            strictEqual(holding(), 0)
            yield* start(pool.execute({ url }))
            yield* start(Effect.scoped(Effect.zipRight(pool.lease(url), Effect.never)))
            yield* pool.drain(0)
            strictEqual(holding(), 0)
          }), { maxConnectionsPerOrigin: 3 })
        strictEqual(holding(), 0)
      })
    ))

  it.live("C10 holds the process while it dials and drains", () =>
    withTimers((holding) =>
      Effect.gen(function*() {
        const { connect, made } = puppets((puppet) => {
          puppet.confirms = false
        })
        let succeed = () => {}
        const dial: typeof connect = (target) =>
          Effect.zipRight(
            Effect.async<void>((resume) => {
              succeed = () => resume(Effect.void)
            }),
            connect(target)
          )
        yield* withConnector(dial, (pool) =>
          Effect.gen(function*() {
            yield* start(pool.warmUp([url]))
            strictEqual(holding(), 1)
            succeed()
            yield* settle
            deepStrictEqual([made.length, holding()], [1, 0])
            const drain = yield* start(pool.drain("1 minute"))
            strictEqual(holding(), 1)
            made[0]!.confirmClose("local")
            yield* Fiber.join(drain)
            strictEqual(holding(), 0)
          }))
      })
    ))

  it.live("C8 closes what is idle for too long", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* pool.execute({ url })
          while ((yield* pool.stats).idle > 0) yield* Effect.sleep(5)
          deepStrictEqual((yield* pool.stats).closedBy, { idle_timeout: 1 })
        }),
      {},
      { idleTimeout: 20 }
    ))
})
