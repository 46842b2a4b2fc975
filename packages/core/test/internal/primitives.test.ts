import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as v8 from "node:v8"
import { runInNewContext } from "node:vm"
import * as Primitives from "../../src/internal/primitives.js"

v8.setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void

const ways: ReadonlyArray<readonly [name: string, way: Primitives.Primitives]> = [
  ["our", Primitives.ours],
  ["Effect's", Primitives.effects]
]

const oldSpace = (): number =>
  v8.getHeapSpaceStatistics().find((space) => space.space_name === "old_space")!.space_used_size

describe("the primitives", () => {
  it("are those of the version of Effect that is installed", () => {
    assert.isTrue(Primitives.isKnown)
  })

  const waits: Readonly<Record<string, Effect.Effect<number>>> = {
    "a masked wait": Effect.suspend(() => {
      const held = new Array<number>(64).fill(1)
      return Primitives.uninterruptibleMask((restore) =>
        Effect.map(
          restore(Primitives.async<number>((resume) => void resume(Effect.succeed(held.length)))),
          () => held.length
        )
      )
    }),
    "a wait with a canceller": Effect.suspend(() => {
      const held = new Array<number>(64).fill(1)
      return Primitives.cancellable<number>((resume) => {
        resume(Effect.succeed(held.length))
        return { abort: () => held.length }
      })
    })
  }

  for (const [what, wait] of Object.entries(waits)) {
    it.effect(`leave nothing behind that outlives a small garbage collection: ${what}`, () =>
      Effect.gen(function*() {
        const times = 20_000
        yield* Effect.repeatN(wait, 1_000)
        gc()
        const before = oldSpace()
        yield* Effect.repeatN(wait, times)
        gc({ type: "minor" })
        gc({ type: "minor" })
        // Each held half a kilobyte.
        assert.isBelow((oldSpace() - before) / times, 64)
      }))
  }

  for (const [name, { async, cancellable, uninterruptibleMask }] of ways) {
    describe(`in ${name} way`, () => {
      it.effect("resume once, at once or later, with a success, a failure or a defect", () =>
        Effect.gen(function*() {
          const twice = async<number>((resume) => {
            resume(Effect.succeed(1))
            resume(Effect.succeed(2))
          })
          const later = async<number>((resume) => void setImmediate(() => resume(Effect.succeed(3))))
          const thrown = async<number>(() => {
            throw "thrown"
          })
          assert.strictEqual(yield* twice, 1)
          assert.strictEqual(yield* later, 3)
          assert.deepStrictEqual(
            yield* Effect.exit(async<never, string>((resume) => void resume(Effect.fail("no")))),
            Exit.fail("no")
          )
          assert.deepStrictEqual(yield* Effect.exit(thrown), Exit.die("thrown"))
        }))

      it.effect("can be run again, and combined like any other effect", () =>
        Effect.gen(function*() {
          let runs = 0
          const counted = async<number>((resume) => void resume(Effect.succeed(++runs)))
          assert.strictEqual(yield* counted.pipe(Effect.zipRight(counted), Effect.map((n) => n * 10)), 20)
          assert.strictEqual(yield* uninterruptibleMask((restore) => restore(counted)), 3)
          assert.isTrue(Effect.isEffect(counted))
        }))

      it.effect("an interruption ends the wait, and what is outside of `restore` still runs", () =>
        Effect.gen(function*() {
          const waiting = yield* Deferred.make<void>()
          let cause: Cause.Cause<never> | undefined
          const fiber = yield* Effect.fork(uninterruptibleMask((restore) =>
            Effect.matchCauseEffect(
              restore(async<void>(() => void Deferred.unsafeDone(waiting, Effect.void))),
              {
                onFailure: (found) => Effect.sync(() => void (cause = found)),
                onSuccess: () => Effect.void
              }
            )
          ))
          yield* Deferred.await(waiting)
          const exit = yield* Fiber.interrupt(fiber)
          assert.isTrue(cause !== undefined && Cause.isInterruptedOnly(cause))
          assert.isTrue(Exit.isInterrupted(exit))
        }))

      it.effect("an interruption calls the canceller, once, before the fiber ends", () =>
        Effect.gen(function*() {
          const waiting = yield* Deferred.make<void>()
          const told: Array<string> = []
          const wait = cancellable<void>(() => {
            Deferred.unsafeDone(waiting, Effect.void)
            return { abort: () => void told.push("cancelled") }
          })
          const fiber = yield* Effect.fork(Effect.ensuring(wait, Effect.sync(() => void told.push("ended"))))
          yield* Deferred.await(waiting)
          assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
          yield* Fiber.interrupt(fiber)
          assert.deepStrictEqual(told, ["cancelled", "ended"])
        }))

      it.effect("an answer behind an interruption is not heard, though the fiber waits for something else by then", () =>
        Effect.gen(function*() {
          const waiting = yield* Deferred.make<void>()
          const cleaning = yield* Deferred.make<void>()
          const gate = yield* Deferred.make<void>()
          let resume: ((effect: Effect.Effect<string>) => void) | undefined
          const told: Array<string> = []
          const wait = async<string>((ready) => {
            resume = ready
            Deferred.unsafeDone(waiting, Effect.void)
          })
          const clean = Effect.andThen(
            Effect.andThen(Deferred.succeed(cleaning, undefined), Deferred.await(gate)),
            Effect.sync(() => told.push("cleaned"))
          )
          const fiber = yield* Effect.fork(Effect.onExit(Effect.map(wait, (answer) => told.push(answer)), () => clean))
          yield* Deferred.await(waiting)
          fiber.unsafeInterruptAsFork(FiberId.none)
          yield* Deferred.await(cleaning)
          resume!(Effect.succeed("late"))
          yield* Effect.yieldNow()
          assert.deepStrictEqual(told, [])
          yield* Deferred.succeed(gate, undefined)
          assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
          assert.deepStrictEqual(told, ["cleaned"])
        }))

      it.effect("a canceller that throws ends the wait all the same", () =>
        Effect.gen(function*() {
          const waiting = yield* Deferred.make<void>()
          const wait = cancellable<void>(() => {
            Deferred.unsafeDone(waiting, Effect.void)
            return {
              abort: () => {
                throw "thrown"
              }
            }
          })
          const fiber = yield* Effect.fork(wait)
          yield* Deferred.await(waiting)
          assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        }))

      it.effect("an answer, early or late, calls no canceller, and neither does an interruption behind it", () =>
        Effect.gen(function*() {
          let cancelled = 0
          const early = cancellable<number, string>((resume) => {
            resume(Effect.fail("early"))
            return { abort: () => cancelled++ }
          })
          const late = cancellable<number>((resume) => {
            setImmediate(() => resume(Effect.succeed(1)))
            return { abort: () => cancelled++ }
          })
          assert.strictEqual(yield* Effect.flip(early), "early")
          assert.strictEqual(yield* late, 1)
          const fiber = yield* Effect.fork(Effect.andThen(late, Effect.never))
          yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))))
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(cancelled, 0)
        }))

      it.effect("where nothing can interrupt no canceller is called, and the answer is taken", () =>
        Effect.gen(function*() {
          const waiting = yield* Deferred.make<void>()
          let cancelled = 0
          let resume: ((effect: Effect.Effect<string>) => void) | undefined
          const answers: Array<string> = []
          const wait = cancellable<string>((ready) => {
            resume = ready
            Deferred.unsafeDone(waiting, Effect.void)
            return { abort: () => cancelled++ }
          })
          const fiber = yield* Effect.fork(Effect.uninterruptible(Effect.map(wait, (answer) => answers.push(answer))))
          yield* Deferred.await(waiting)
          fiber.unsafeInterruptAsFork(FiberId.none)
          yield* Effect.yieldNow()
          resume!(Effect.succeed("answered"))
          yield* Fiber.await(fiber)
          assert.deepStrictEqual(answers, ["answered"])
          assert.strictEqual(cancelled, 0)
        }))

      it.effect("what is masked is not interrupted, and the interruption holds behind it", () =>
        Effect.gen(function*() {
          const waiting = yield* Deferred.make<void>()
          let resume: ((effect: Effect.Effect<void>) => void) | undefined
          const reached: Array<string> = []
          const masked = uninterruptibleMask(() =>
            Effect.andThen(
              async<void>((ready) => {
                resume = ready
                Deferred.unsafeDone(waiting, Effect.void)
              }),
              Effect.sync(() => void reached.push("inside"))
            )
          )
          const fiber = yield* Effect.fork(Effect.andThen(masked, Effect.sync(() => void reached.push("behind"))))
          yield* Deferred.await(waiting)
          fiber.unsafeInterruptAsFork(FiberId.none)
          yield* Effect.yieldNow()
          resume!(Effect.void)
          assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
          assert.deepStrictEqual(reached, ["inside"])
        }))

      it.effect("says whether `restore` makes interruptible", () =>
        Effect.gen(function*() {
          const told = uninterruptibleMask((_restore, wasInterruptible) => Effect.succeed(wasInterruptible))
          assert.isTrue(yield* told)
          assert.isFalse(yield* Effect.uninterruptible(told))
          assert.isTrue(yield* Effect.uninterruptible(Effect.interruptible(told)))
        }))

      it.effect("`restore` restores what was: inside of an uninterruptible region nothing is interrupted", () =>
        Effect.gen(function*() {
          const waiting = yield* Deferred.make<void>()
          let resume: ((effect: Effect.Effect<string>) => void) | undefined
          let answer: string | undefined
          const waits = async<string>((ready) => {
            resume = ready
            Deferred.unsafeDone(waiting, Effect.void)
          })
          const answered = Effect.map(
            uninterruptibleMask((restore) => restore(waits)),
            (found) => void (answer = found)
          )
          const fiber = yield* Effect.fork(Effect.uninterruptible(answered))
          yield* Deferred.await(waiting)
          fiber.unsafeInterruptAsFork(FiberId.none)
          yield* Effect.yieldNow()
          resume!(Effect.succeed("answered"))
          yield* Fiber.await(fiber)
          assert.strictEqual(answer, "answered")
        }))
    })
  }
})
