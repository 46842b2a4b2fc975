import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Clock, Deferred, Duration, Effect, Fiber } from "effect"
import { describe } from "vitest"
import type { ConnectionPool } from "../src/index.js"
import { joinFailure, settle, start, url, withConnector } from "./support/pool.js"
import { puppets } from "./support/puppet.js"

describe("a pool whose timer is late", () => {
  it.effect("dials for an origin that is asked for again while its removal is still to be carried out", () => {
    let now = 0
    let late = true
    const overslept: Array<() => void> = []
    const clock: Clock.Clock = {
      ...Clock.make(),
      unsafeCurrentTimeMillis: () => now,
      unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
      sleep: (duration) =>
        late
          ? Effect.async((resume) => void overslept.push(() => resume(Effect.void)))
          : Effect.sync(() => void (now += Duration.toMillis(duration)))
    }
    const wakeUp = Effect.sync(() => {
      late = false
      for (const wake of overslept) wake()
    })
    const { connect, made } = puppets()
    const dialled: Array<string> = []
    let pool: ConnectionPool.Service
    const ask = (host: string) => Effect.runFork(pool.execute({ url: `http://${host}.test/` }))
    const running: Array<Fiber.RuntimeFiber<unknown, unknown>> = []
    return withConnector(
      (target) =>
        Effect.suspend(() => {
          dialled.push(target.origin.host)
          // The first of the two finds out that the old origin is to be removed; the second wants it.
          if (target.origin.host === "proxied.test") {
            now = 120_000
            running.push(ask("another"), ask("old"))
          }
          return connect(target)
        }),
      (service) =>
        Effect.gen(function*() {
          pool = service
          const first = yield* start(pool.execute({ url: "http://old.test/" }))
          made[0]!.head(0)
          made[0]!.end()
          yield* Fiber.join(first)
          now = 119_999
          running.push(ask("proxied"))
          deepStrictEqual(dialled, ["old.test", "proxied.test", "another.test", "old.test"])
          deepStrictEqual((yield* pool.stats).origins.map(({ origin }) => origin), [
            "http://old.test",
            "http://proxied.test",
            "http://another.test"
          ])
          yield* Fiber.interruptAll(running)
        }).pipe(Effect.ensuring(wakeUp)),
      { housekeepingInterval: "1 minute", idleTimeout: "none" }
    ).pipe(Effect.withClock(clock))
  })
})

describe("a dial whose time was over while the program was too busy to notice", () => {
  /** A pool whose one dial ends when the story says so, on a clock that rings when the story wakes it. */
  const withBusyProgram = <A, E>(
    story: (
      pool: ConnectionPool.Service,
      answer: Effect.Effect<unknown>,
      wakeAt: (now: number) => Effect.Effect<void>,
      dials: { begun: number; interrupted: number }
    ) => Effect.Effect<A, E>
  ) =>
    Effect.gen(function*() {
      let now = 0
      let sleepers: Array<() => void> = []
      const clock: Clock.Clock = {
        ...Clock.make(),
        unsafeCurrentTimeMillis: () => now,
        unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
        sleep: () => Effect.async((resume) => void sleepers.push(() => resume(Effect.void)))
      }
      const wakeAt = (time: number) =>
        Effect.andThen(
          Effect.sync(() => {
            now = time
            const woken = sleepers
            sleepers = []
            for (const wake of woken) wake()
          }),
          settle
        )
      const answered = yield* Deferred.make<void>()
      const dials = { begun: 0, interrupted: 0 }
      const { connect } = puppets((puppet) => {
        puppet.send = (_, observer) => {
          observer.onHead({ status: 200, rawHeaders: [], contentLength: 0 })
          observer.onEnd(true, undefined)
        }
      })
      yield* withConnector(
        (target) =>
          Effect.suspend(() => {
            dials.begun++
            return Effect.andThen(Deferred.await(answered), connect(target))
          }).pipe(Effect.onInterrupt(() => Effect.sync(() => dials.interrupted++))),
        (pool) =>
          Effect.ensuring(
            story(pool, Effect.andThen(Deferred.succeed(answered, undefined), settle), wakeAt, dials),
            wakeAt(1_000_000)
          )
      ).pipe(Effect.withClock(clock))
    })

  it.effect("and had succeeded by then, is no timeout", () =>
    withBusyProgram((pool, answer, wakeAt, dials) =>
      Effect.gen(function*() {
        const asking = yield* start(pool.execute({ url }))
        yield* wakeAt(5_000)
        strictEqual((yield* pool.stats).connecting, 1)
        yield* answer
        strictEqual((yield* Fiber.join(asking)).status, 200)
        deepStrictEqual(dials, { begun: 1, interrupted: 0 })
      })
    ))

  it.effect("and has not succeeded a quarter of its time later, is one", () =>
    withBusyProgram((pool, _, wakeAt, dials) =>
      Effect.gen(function*() {
        const asking = yield* start(pool.execute({ url }))
        yield* wakeAt(5_000)
        yield* wakeAt(5_749)
        strictEqual((yield* pool.stats).connecting, 1)
        // Late again, but that is no excuse any more.
        yield* wakeAt(9_000)
        strictEqual((yield* joinFailure("ConnectTimeout", asking)).timeout, 3_000)
        deepStrictEqual(dials, { begun: 1, interrupted: 1 })
      })
    ))

  it.effect("by no more than a busy loop is late all day, is a timeout", () =>
    withBusyProgram((pool, _, wakeAt, dials) =>
      Effect.gen(function*() {
        const asking = yield* start(pool.execute({ url }))
        yield* wakeAt(3_010)
        yield* joinFailure("ConnectTimeout", asking)
        deepStrictEqual(dials, { begun: 1, interrupted: 1 })
      })
    ))
})
