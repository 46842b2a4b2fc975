import { it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Clock, Duration, Effect, Fiber } from "effect"
import { describe } from "vitest"
import type { ConnectionPool } from "../src/index.js"
import { start, withConnector } from "./support/pool.js"
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
