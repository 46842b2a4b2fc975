import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { Upload, type UploadFailure } from "../../src/internal/upload.js"
import { bytes, settle } from "../support/pool.js"
import { Puppet } from "../support/puppet.js"

const make = (declared?: number) => {
  const puppet = new Puppet()
  const outcomes: Array<UploadFailure | undefined> = []
  const upload = new Upload(puppet, declared, {
    onMove: () => {},
    onUploadBlocked: () => puppet.calls.push("blocked"),
    onUploadDone: (failure) => outcomes.push(failure)
  })
  return { puppet, outcomes, upload }
}

const pieces = (...lengths: ReadonlyArray<number>) => Stream.fromIterable(lengths.map((length) => bytes(length)))

describe("Upload", () => {
  it.effect("writes every piece that is not empty, then ends the body, then says so", () =>
    Effect.gen(function*() {
      const { outcomes, puppet, upload } = make()
      upload.start(pieces(1, 0, 2), Effect.runFork)
      yield* settle
      deepStrictEqual(puppet.calls, ["write 1", "write 2", "endBody"])
      deepStrictEqual(outcomes, [undefined])
    }))

  it.effect("waits for room after a write that answered false", () =>
    Effect.gen(function*() {
      const { outcomes, puppet, upload } = make()
      puppet.write = (piece) => {
        puppet.calls.push(`write ${piece.length}`)
        return false
      }
      upload.start(pieces(1, 2), Effect.runFork)
      yield* settle
      deepStrictEqual(puppet.calls, ["write 1", "blocked"])
      upload.onDrain()
      yield* settle
      deepStrictEqual(puppet.calls, ["write 1", "blocked", "write 2", "blocked"])
      upload.onDrain()
      yield* settle
      deepStrictEqual([puppet.calls.at(-1), outcomes.length], ["endBody", 1])
      upload.onDrain()
    }))

  it.effect("goes on where there is room again before its fiber has come to wait for it", () =>
    Effect.gen(function*() {
      // One of these makes the fiber yield between the write and the waiting.
      for (let operations = 10; operations < 30; operations++) {
        const { outcomes, puppet, upload } = make()
        puppet.write = (piece) => {
          puppet.calls.push(`write ${piece.length}`)
          queueMicrotask(() => upload.onDrain())
          return false
        }
        let sending: Fiber.RuntimeFiber<void> | undefined
        upload.start(
          pieces(1, 2),
          (effect) => (sending = Effect.runFork(Effect.withMaxOpsBeforeYield(effect, operations)))
        )
        yield* Fiber.join(sending!)
        deepStrictEqual(puppet.calls, ["write 1", "blocked", "write 2", "blocked", "endBody"])
        deepStrictEqual(outcomes, [undefined])
      }
    }))

  it.effect("writes a large piece in slices, and waits for room after each", () =>
    Effect.gen(function*() {
      const { puppet, upload } = make()
      puppet.write = (piece) => {
        puppet.calls.push(`write ${piece.length}`)
        return puppet.calls.length > 1
      }
      upload.start(pieces(600_000), Effect.runFork)
      yield* settle
      deepStrictEqual(puppet.calls, ["write 262144", "blocked"])
      upload.onDrain()
      yield* settle
      deepStrictEqual(puppet.calls, ["write 262144", "blocked", "write 262144", "write 75712", "endBody"])
    }))

  it.effect("does not write the piece with which the declared length is passed", () =>
    Effect.gen(function*() {
      const { outcomes, puppet, upload } = make(3)
      upload.start(pieces(2, 2, 1), Effect.runFork)
      yield* settle
      deepStrictEqual(puppet.calls, ["write 2"])
      deepStrictEqual(outcomes, [{ kind: "length", description: "is longer than its content-length of 3 bytes" }])
    }))

  it.effect("does not end a body that is shorter than was declared", () =>
    Effect.gen(function*() {
      const { outcomes, puppet, upload } = make(3)
      upload.start(pieces(2), Effect.runFork)
      yield* settle
      deepStrictEqual(puppet.calls, ["write 2"])
      deepStrictEqual(outcomes, [{ kind: "length", description: "has 2 bytes, and its content-length says 3" }])
    }))

  it.effect("ends a body of exactly the declared length, also of 0", () =>
    Effect.gen(function*() {
      for (const [declared, body] of [[3, pieces(2, 1)], [0, pieces()]] as const) {
        const { outcomes, puppet, upload } = make(declared)
        upload.start(body, Effect.runFork)
        yield* settle
        deepStrictEqual([puppet.calls.at(-1), outcomes], ["endBody", [undefined]])
      }
    }))

  it.effect("tells the failure of its source, once", () =>
    Effect.gen(function*() {
      const { outcomes, puppet, upload } = make()
      upload.start(Stream.concat(pieces(1), Stream.fail("broken")), Effect.runFork)
      yield* settle
      deepStrictEqual(puppet.calls, ["write 1"])
      deepStrictEqual(outcomes, [{ kind: "source", cause: "broken" }])
    }))

  it.effect("tells nothing and writes nothing once it was stopped, and ends its source", () =>
    Effect.gen(function*() {
      const { outcomes, puppet, upload } = make()
      let ended = 0
      const source = Stream.mapEffect(pieces(1, 2), (piece) => Effect.delay(Effect.succeed(piece), 10)).pipe(
        Stream.ensuring(Effect.sync(() => ended++))
      )
      const runtime = yield* Effect.runtime<never>()
      upload.start(source, (effect) => Effect.runFork(Effect.provide(effect, runtime)))
      yield* TestClock.adjust(10)
      upload.stop()
      yield* TestClock.adjust(100)
      deepStrictEqual([puppet.calls, outcomes, ended], [["write 1"], [], 1])
      upload.stop()
    }))

  it.effect("may be stopped from inside a write", () =>
    Effect.gen(function*() {
      const { outcomes, puppet, upload } = make()
      puppet.write = () => {
        puppet.calls.push("write")
        upload.stop()
        return true
      }
      upload.start(pieces(1, 2), Effect.runFork)
      yield* settle
      deepStrictEqual([puppet.calls, outcomes], [["write"], []])
    }))

  it.effect("says that the transport threw, in a write and at the end", () =>
    Effect.gen(function*() {
      for (const method of ["write", "endBody"] as const) {
        const { outcomes, puppet, upload } = make()
        puppet[method] = () => {
          throw "thrown"
        }
        upload.start(pieces(1), Effect.runFork)
        yield* settle
        strictEqual(outcomes.length, 1)
        deepStrictEqual(outcomes[0], { kind: "transport", defect: "thrown" })
      }
    }))
})
