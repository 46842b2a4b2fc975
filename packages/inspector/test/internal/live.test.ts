import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as TestConnector from "@connection-pool/core/TestConnector"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Live } from "../../src/internal/live.js"

/** A pool, and how often it was looked at. */
const watched = Effect.gen(function*() {
  const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
  const pool = yield* ConnectionPool.make().pipe(Effect.provide(TestConnector.layer()), Scope.extend(scope))
  const seen = { looks: 0 }
  const stats = Effect.tap(pool.stats, () => Effect.sync(() => seen.looks++))
  const live = new Live({ ...pool, stats }, 7, yield* Effect.runtime())
  return { pool, seen, live, close: Scope.close(scope, Exit.void) }
})

const lookIn = (message: string) => JSON.parse(/^event: look\ndata: (.*)\n\n$/.exec(message)![1]!)

describe("looking at a pool", () => {
  it.scoped("is not done while nobody watches", () =>
    Effect.gen(function*() {
      const { live, seen } = yield* watched
      yield* TestClock.adjust("10 seconds")
      expect(seen.looks).toBe(0)
      const watching = yield* Effect.fork(Stream.runDrain(live.stream))
      yield* TestClock.adjust("1 second")
      expect(seen.looks).toBe(5) // at once, and four times a second
      yield* Fiber.interrupt(watching)
      yield* TestClock.adjust("10 seconds")
      expect(seen.looks).toBe(5)
    }))

  it.scoped("is done once for all who watch", () =>
    Effect.gen(function*() {
      const { live, seen } = yield* watched
      const texts: Array<Array<string>> = [[], [], []]
      for (const text of texts) {
        yield* Effect.fork(Stream.runForEach(live.stream, (message) => Effect.sync(() => text.push(message))))
      }
      yield* TestClock.adjust("1 second")
      expect(seen.looks).toBe(5)
      expect(texts.map(({ length }) => length)).toEqual([5, 5, 5])
    }))

  it.scoped("tells the latencies of the last second", () =>
    Effect.gen(function*() {
      const { live, pool } = yield* watched
      const texts: Array<string> = []
      yield* Effect.fork(Stream.runForEach(live.stream, (message) => Effect.sync(() => texts.push(message))))
      yield* TestClock.adjust("100 millis")
      for (let i = 0; i < 4; i++) yield* pool.execute({ url: "http://a.test/" })
      yield* TestClock.adjust("2 seconds")
      const looks = texts.map(lookIn)
      expect(looks.map(({ p50 }) => p50 !== null)).toEqual([false, true, true, true, true, false, false, false, false])
      expect(looks.at(-1)).toMatchObject({ run: 7, requests: 4, idle: 1 })
    }))

  it.scoped("gives a slow one the newest look, and the number of those it has missed", () =>
    Effect.gen(function*() {
      const { live } = yield* watched
      const pull = yield* Stream.toPull(live.stream)
      yield* pull
      yield* TestClock.adjust("1 second")
      expect(Array.from(yield* pull)).toEqual([
        "event: missed\ndata: {\"count\":3}\n\n",
        expect.stringContaining("event: look")
      ])
    }))

  it.scoped("ends with the pool, for one who comes later too", () =>
    Effect.gen(function*() {
      const { close, live } = yield* watched
      const watching = yield* Effect.fork(Stream.runDrain(live.stream))
      yield* TestClock.adjust("1 second")
      yield* close
      yield* Fiber.join(watching)
      yield* Stream.runDrain(live.stream)
    }))

  it.scoped("goes on for one who comes as the last one goes", () =>
    Effect.gen(function*() {
      const { live, seen } = yield* watched
      const first = yield* Effect.fork(Stream.runDrain(live.stream))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptFork(first)
      const second = yield* Effect.fork(Stream.runDrain(live.stream))
      yield* TestClock.adjust("1 second")
      expect(seen.looks).toBeGreaterThan(8)
      expect(yield* Fiber.poll(second)).toMatchObject({ _tag: "None" })
    }))
})
