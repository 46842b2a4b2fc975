/**
 * Looks at a pool four times a second, for as long as somebody watches, and hands each look to everybody.
 *
 * @internal
 */
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { PoolEvent } from "@connection-pool/core/PoolEvent"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Latencies } from "./latencies.js"
import { lookOf } from "./look.js"
import { message } from "./serverSentEvents.js"
import { waitOf } from "./wait.js"

const looksASecond = 4

/** Who watches: has at most one look to read, the newest. */
class Watcher {
  private look: string | undefined = undefined
  private missed = 0
  private ended = false
  private wake: (() => void) | undefined = undefined

  offer(look: string): void {
    if (this.look !== undefined) this.missed++
    this.look = look
    this.wake?.()
  }

  end(): void {
    this.ended = true
    this.wake?.()
  }

  readonly take: Effect.Effect<Chunk.Chunk<string>, Option.Option<never>> = Effect.async((resume) => {
    const deliver = (): boolean => {
      if (this.look === undefined && !this.ended) return false
      this.wake = undefined
      resume(this.look === undefined ? Effect.fail(Option.none()) : Effect.succeed(this.takeLook(this.look)))
      return true
    }
    if (!deliver()) this.wake = deliver
    return Effect.sync(() => {
      this.wake = undefined
    })
  })

  private takeLook(look: string): Chunk.Chunk<string> {
    const { missed } = this
    this.look = undefined
    this.missed = 0
    return missed === 0 ? Chunk.of(look) : Chunk.make(message("missed", JSON.stringify({ count: missed })), look)
  }
}

/** `run` tells this pool from the one that takes its place when the program is started again. */
export class Live {
  private readonly watchers = new Set<Watcher>()
  private looking: Fiber.RuntimeFiber<void> | undefined = undefined
  private readonly pool: ConnectionPool.Service
  private readonly run: number
  private readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>

  constructor(pool: ConnectionPool.Service, run: number, runtime: Runtime.Runtime<never>) {
    this.pool = pool
    this.run = run
    this.fork = Runtime.runFork(runtime)
  }

  /** Messages for one who watches. One who is slow loses the oldest looks and is told how many; it ends with the pool. */
  readonly stream: Stream.Stream<string> = Stream.unwrapScoped(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => this.join()),
        (watcher) => Effect.suspend(() => this.leave(watcher))
      ),
      (watcher) => Stream.repeatEffectChunkOption(watcher.take)
    )
  )

  private join(): Watcher {
    const watcher = new Watcher()
    this.watchers.add(watcher)
    this.looking ??= this.fork(this.watch())
    return watcher
  }

  private leave(watcher: Watcher): Effect.Effect<void> {
    this.watchers.delete(watcher)
    const { looking } = this
    if (this.watchers.size > 0 || looking === undefined) return Effect.void
    this.looking = undefined
    return Fiber.interruptFork(looking)
  }

  private watch(): Effect.Effect<void> {
    const latencies = new Latencies(looksASecond)
    const record = (event: PoolEvent): void => {
      if (event._tag === "Completed") latencies.record(event.duration)
    }
    return Stream.runForEachChunk(this.pool.events, (events) => Effect.sync(() => Chunk.forEach(events, record))).pipe(
      Effect.raceFirst(
        Effect.repeat(Effect.suspend(() => this.look(latencies)), Schedule.spaced(1_000 / looksASecond))
      ),
      // The pool is closed. When it is interrupted instead, nobody watches, or somebody who has a fiber of his own.
      Effect.onExit((exit) => Exit.isInterrupted(exit) ? Effect.void : Effect.sync(() => this.end()))
    )
  }

  private end(): void {
    this.looking = undefined
    for (const watcher of this.watchers) watcher.end()
  }

  private look(latencies: Latencies): Effect.Effect<void> {
    const { pool, run, watchers } = this
    return Effect.gen(function*() {
      const stats = yield* pool.stats
      const connections = yield* pool.connections
      const wait = stats.waiting === 0 ? null : waitOf(yield* pool.diagnose)
      const at = yield* Clock.currentTimeMillis
      const [p50 = null, p99 = null] = latencies.take(0.5, 0.99)
      const text = message("look", lookOf(stats, connections, { at, run, p50, p99, wait }))
      for (const watcher of watchers) watcher.offer(text)
    })
  }
}
