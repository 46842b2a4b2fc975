import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Option } from "effect"
import { BodyBuffer, concat } from "../../src/internal/bodyBuffer.js"
import { PoolClosed } from "../../src/PoolError.js"
import { bytes, settle } from "../support/pool.js"

const error = new PoolClosed({ origin: "http://a", progress: "response-started" })

const make = () => {
  const told: Array<string> = []
  const buffer = new BodyBuffer({ onWanted: () => told.push("wanted"), onTaken: () => told.push("taken") })
  return { buffer, told }
}

const lengths = (buffer: BodyBuffer) =>
  Effect.match(buffer.pull(), {
    onSuccess: (chunk) => Chunk.toArray(chunk).map(({ length }) => length),
    onFailure: (reason) => Option.getOrElse(reason, () => "end")
  })

describe("BodyBuffer", () => {
  it.effect("gives all pieces that are there at once, and says that they were taken", () =>
    Effect.gen(function*() {
      const { buffer, told } = make()
      for (const length of [2000, 3000, 4000]) buffer.push(bytes(length))
      strictEqual(buffer.unread, 9000)
      deepStrictEqual(yield* lengths(buffer), [2000, 3000, 4000])
      strictEqual(buffer.unread, 0)
      deepStrictEqual(told, ["taken"])
    }))

  it.effect("has put small pieces together, however many came", () =>
    Effect.gen(function*() {
      const { buffer } = make()
      for (let i = 0; i < 3000; i++) buffer.push(Uint8Array.of(i))
      strictEqual(buffer.unread, 3000)
      const pulled = Chunk.toArray(yield* Effect.orDie(buffer.pull()))
      assertTrue(pulled.length < 5)
      deepStrictEqual(concat(pulled), Uint8Array.from({ length: 3000 }, (_, i) => i))
    }))

  it.effect("gives a reader who waits each piece as it comes", () =>
    Effect.gen(function*() {
      const { buffer, told } = make()
      for (const length of [1, 2]) {
        const reader = yield* Effect.fork(lengths(buffer))
        yield* settle
        buffer.push(bytes(length))
        strictEqual(buffer.unread, 0)
        deepStrictEqual(yield* Fiber.join(reader), [length])
      }
      deepStrictEqual(told, ["wanted", "taken", "wanted", "taken"])
    }))

  it.effect("tells the end after the pieces before it", () =>
    Effect.gen(function*() {
      const { buffer } = make()
      buffer.push(bytes(1))
      buffer.end()
      deepStrictEqual(yield* lengths(buffer), [1])
      strictEqual(yield* lengths(buffer), "end")
      strictEqual(yield* lengths(buffer), "end")
    }))

  it.effect("tells a failure after the pieces before it", () =>
    Effect.gen(function*() {
      const { buffer } = make()
      buffer.push(bytes(1))
      buffer.fail(error)
      deepStrictEqual(yield* lengths(buffer), [1])
      strictEqual(yield* lengths(buffer), error)
    }))

  it.effect("tells a reader who waits of the end, and of a failure", () =>
    Effect.gen(function*() {
      for (const [tell, expected] of [["end", "end"], ["fail", error]] as const) {
        const { buffer } = make()
        const reader = yield* Effect.fork(lengths(buffer))
        yield* settle
        if (tell === "end") buffer.end()
        else buffer.fail(error)
        strictEqual(yield* Fiber.join(reader), expected)
      }
    }))

  it.effect("loses nothing to a reader who was interrupted while he waited", () =>
    Effect.gen(function*() {
      const { buffer } = make()
      const reader = yield* Effect.fork(lengths(buffer))
      yield* settle
      yield* Fiber.interrupt(reader)
      buffer.push(bytes(3))
      strictEqual(buffer.unread, 3)
      deepStrictEqual(yield* lengths(buffer), [3])
    }))

  it("gives everything as one array", () => {
    const { buffer } = make()
    buffer.push(Uint8Array.of(1, 2))
    buffer.push(Uint8Array.of(3))
    deepStrictEqual(buffer.takeAll(), Uint8Array.of(1, 2, 3))
  })
})

describe("concat", () => {
  it("joins any number of pieces, and copies only where it must", () => {
    deepStrictEqual(concat([]), new Uint8Array(0))
    const one = Uint8Array.of(1)
    assertTrue(concat([one]) === one)
    deepStrictEqual(concat([one, new Uint8Array(0), Uint8Array.of(2, 3)]), Uint8Array.of(1, 2, 3))
  })
})
