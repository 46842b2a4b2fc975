import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Stream } from "effect"
import { EventHub } from "../../src/internal/eventHub.js"
import { event, type PoolEvent } from "../../src/PoolEvent.js"
import { settle, start } from "../support/pool.js"

const at = (time: number) => event.Draining({ at: time })
const times = (events: Chunk.Chunk<PoolEvent>) => Chunk.toArray(events).map(({ at }) => at)
const capacity = 1024

/** A subscriber that takes one chunk when it is told to. */
const subscribe = (hub: EventHub) =>
  Effect.gen(function*() {
    const chunks: Array<ReadonlyArray<PoolEvent>> = []
    let go = () => {}
    const reader = yield* start(Stream.runForEachChunk(hub.stream, (chunk) =>
      Effect.async<void>((resume) => {
        chunks.push(Chunk.toArray(chunk))
        go = () => resume(Effect.void)
      })))
    const next = Effect.zipRight(Effect.sync(() => go()), settle)
    return { chunks, next, reader }
  })

describe("EventHub", () => {
  it.effect("is observed while somebody is subscribed", () =>
    Effect.gen(function*() {
      const hub = new EventHub()
      strictEqual(hub.observed, false)
      const reader = yield* start(Stream.runDrain(hub.stream))
      strictEqual(hub.observed, true)
      yield* Fiber.interrupt(reader)
      strictEqual(hub.observed, false)
      yield* start(Stream.runDrain(Stream.take(hub.stream, 1)))
      hub.publish(at(1))
      yield* settle
      strictEqual(hub.observed, false)
    }))

  it.effect("keeps what comes while a subscriber is busy, in order", () =>
    Effect.gen(function*() {
      const hub = new EventHub()
      const { chunks, next } = yield* subscribe(hub)
      hub.publish(at(0))
      yield* settle
      for (let i = 1; i <= 3; i++) hub.publish(at(i))
      yield* next
      deepStrictEqual(chunks.map((chunk) => chunk.map(({ at }) => at)), [[0], [1, 2, 3]])
    }))

  it.effect("C11 keeps twice its capacity for a slow subscriber, then drops the oldest and says how many", () =>
    Effect.gen(function*() {
      const hub = new EventHub()
      const { chunks, next } = yield* subscribe(hub)
      hub.publish(at(0))
      yield* settle
      for (let i = 1; i <= 2 * capacity; i++) hub.publish(at(i))
      yield* next
      strictEqual(chunks[1]!.length, 2 * capacity)
      for (let i = 1; i <= 2 * capacity + 1; i++) hub.publish(at(i))
      yield* next
      deepStrictEqual(chunks[2]![0], event.Missed({ at: capacity + 1, count: capacity }))
      strictEqual(chunks[2]!.length, 1 + capacity + 1)
      hub.publish(at(7))
      yield* next
      deepStrictEqual(chunks[3], [at(7)])
    }))

  it.effect("ends the streams after what was published before, and every later one at once", () =>
    Effect.gen(function*() {
      const hub = new EventHub()
      const reader = yield* start(Stream.runCollect(hub.stream))
      const { chunks, next, reader: slow } = yield* subscribe(hub)
      hub.publish(at(1))
      yield* settle
      hub.publish(at(2))
      yield* settle
      hub.end()
      hub.publish(at(3))
      deepStrictEqual(times(yield* Fiber.join(reader)), [1, 2])
      yield* next
      yield* next
      yield* Fiber.join(slow)
      deepStrictEqual(chunks.flat().map(({ at }) => at), [1, 2])
      strictEqual((yield* Stream.runCollect(hub.stream)).length, 0)
      strictEqual(hub.observed, false)
    }))

  it.scoped("is not observed, and tells nothing, while its only subscriber wants nothing", () =>
    Effect.gen(function*() {
      const hub = new EventHub()
      let wanted = false
      const heard: Array<number> = []
      const events = yield* hub.subscription(() => wanted)
      yield* start(Stream.runForEach(events, ({ at }) => Effect.sync(() => heard.push(at))))
      strictEqual(hub.observed, false)
      hub.publish(at(1))
      wanted = true
      strictEqual(hub.observed, true)
      hub.publish(at(2))
      yield* settle
      wanted = false
      strictEqual(hub.observed, false)
      const other = yield* start(Stream.runDrain(hub.stream))
      strictEqual(hub.observed, true)
      hub.publish(at(3))
      yield* settle
      deepStrictEqual(heard, [2])
      yield* Fiber.interrupt(other)
      strictEqual(hub.observed, false)
    }))
})
