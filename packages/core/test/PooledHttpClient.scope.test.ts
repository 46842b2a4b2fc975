import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, FiberId, Scheduler, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { TestConnector } from "../src/index.js"
import { answer, causeOf, withClient } from "./support/client.js"
import { assertAtRest, bytes, counts, settle, start, url } from "./support/pool.js"

const never = answer({ never: true })

describe("an interruption", () => {
  it.effect("ends the request at once, whatever it waits for", () =>
    Effect.gen(function*() {
      const waits: Readonly<Record<string, readonly [TestConnector.TestScript, ReadonlyArray<number>]>> = {
        "a connection": [{ connect: () => ({ never: true }) }, [1, 0, 0, 1]],
        "an answer": [never, [0, 1, 0, 0]]
      }
      for (const [script, waiting] of Object.values(waits)) {
        yield* withClient((client, pool) =>
          Effect.gen(function*() {
            const request = yield* start(client.get(url))
            deepStrictEqual(yield* counts(pool), waiting)
            yield* Fiber.interrupt(request)
            yield* assertAtRest(pool)
          }), script)
      }
    }))

  it.effect("stops a body that is being sent", () =>
    withClient((client, pool) =>
      Effect.gen(function*() {
        let stopped = false
        const body = Stream.ensuring(Stream.never, Effect.sync(() => stopped = true))
        const request = yield* start(client.post(url, { body: HttpBody.stream(body) }))
        yield* Fiber.interrupt(request)
        yield* settle
        strictEqual(stopped, true)
        yield* assertAtRest(pool)
      })
    ))

  /** Runs an effect again and again, each time interrupted one operation later, until it comes to its end before. */
  const interruptedAtEach = <A, E, B, E2>(effect: Effect.Effect<A, E>, after: Effect.Effect<B, E2>) =>
    Effect.gen(function*() {
      for (let step = 1; step < 1_000; step++) {
        let operations = 0
        const scheduler: Scheduler.Scheduler = {
          scheduleTask: (task, priority) => Scheduler.defaultScheduler.scheduleTask(task, priority),
          shouldYield: (fiber) => {
            if (++operations === step) fiber.unsafeInterruptAsFork(FiberId.none)
            return false
          }
        }
        const running = yield* start(Effect.withScheduler(effect, scheduler))
        yield* TestClock.adjust(10)
        yield* TestClock.adjust(10)
        const exit = yield* Fiber.await(running)
        if (operations < step) return Exit.isSuccess(exit)
        yield* after
      }
      return yield* Effect.dieMessage("it does not come to its end")
    })
  const slowly = { connect: () => ({ delay: 10 }), respond: () => ({ delay: 10, body: bytes(200_000) }) }

  it.effect("at any step of a scope leaves nothing", () =>
    withClient((client, pool) =>
      Effect.gen(function*() {
        const request = Effect.scoped(HttpClient.withScope(client).get(url))
        assertTrue(yield* interruptedAtEach(request, assertAtRest(pool)))
      }), slowly))

  it.effect("at any step leaves at most the answer that came at that very moment, until leakThreshold", () =>
    withClient(
      (client, pool) =>
        Effect.gen(function*() {
          const after = Effect.zipRight(TestClock.adjust(50), assertAtRest(pool))
          assertTrue(yield* interruptedAtEach(client.get(url), after))
        }),
      slowly,
      { leakThreshold: 50 }
    ))
})

describe("a scope (HttpClient.withScope)", () => {
  const large = answer({ body: [bytes(100_000), bytes(100_000)] })

  it.effect("that closes ends an answer that nobody has read", () =>
    withClient(
      (client, pool) =>
        Effect.gen(function*() {
          const scoped = HttpClient.withScope(client)
          yield* Effect.scoped(Effect.gen(function*() {
            strictEqual((yield* scoped.get(url)).status, 200)
            deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          }))
          deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
        }),
      large
    ))

  it.effect("lets the answer be read to its end, and the connection be used again", () =>
    withClient(
      (client, pool) =>
        Effect.gen(function*() {
          const scoped = HttpClient.withScope(client)
          const read = Effect.scoped(Effect.flatMap(scoped.get(url), ({ arrayBuffer }) => arrayBuffer))
          strictEqual((yield* read).byteLength, 200_000)
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
        }),
      large
    ))

  it.effect("that has closed leaves an answer whose reading fails, typed", () =>
    withClient(
      (client) =>
        Effect.gen(function*() {
          const response = yield* Effect.scoped(HttpClient.withScope(client).get(url))
          deepStrictEqual(yield* causeOf(response.text), ["ResponseError", "Decode", "ConnectionLost"])
        }),
      large
    ))

  it.effect("that closes while the answer is awaited ends it as soon as it comes", () =>
    withClient(
      (client, pool) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const request = yield* start(Scope.extend(HttpClient.withScope(client).get(url), scope))
          yield* Scope.close(scope, Exit.void)
          yield* TestClock.adjust(10)
          const response = yield* request
          deepStrictEqual(yield* causeOf(response.text), ["ResponseError", "Decode", "ConnectionLost"])
          yield* assertAtRest(pool)
        }),
      answer({ delay: 10, body: bytes(200_000) })
    ))

  it.effect("that stays open keeps a stream going", () =>
    withClient(
      (client, pool) =>
        Effect.gen(function*() {
          const scoped = HttpClient.withScope(client)
          const stream = Stream.unwrapScoped(Effect.map(scoped.get(url), ({ stream }) => stream))
          strictEqual(yield* Stream.runFold(stream, 0, (sum, piece) => sum + piece.length), 200_000)
          yield* assertAtRest(pool)
        }),
      large
    ))
})
