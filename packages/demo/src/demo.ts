// A run: the load through the pool, and what there is to be known of it.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import { isPoolError } from "@connection-pool/core/PoolError"
import type { InvalidOptions, PoolError } from "@connection-pool/core/PoolError"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Heap from "./heap.js"
import * as Load from "./load.js"
import type { Options } from "./options.js"
import * as OsView from "./osView.js"
import type { Progress } from "./progress.js"
import * as Server from "./server.js"
import type { BothCounts } from "./serverMessages.js"
import type { StopSignal } from "./stopSignal.js"
import type { Leaks, Outcome, Summary } from "./summary.js"
import { findLeaks, summarizeTarget } from "./summary.js"
import { targetsOf } from "./targets.js"

type Stop = Deferred.Deferred<StopSignal>

/** Stops the load at the signal: nothing new is started, then the pool drains. */
const drainAtSignal = (
  pool: ConnectionPool.Service,
  stop: Stop,
  tally: Load.Tally,
  progress: Progress
): Effect.Effect<ConnectionPool.DrainReport> =>
  Effect.gen(function*() {
    const signal = yield* Deferred.await(stop)
    tally.stopped = true
    yield* progress.note(`${signal}: letting running requests end (Ctrl-C again ends at once)`)
    return yield* pool.drain()
  })

/** Sends all requests to one target; less when the signal comes. */
const phase = (
  pool: ConnectionPool.Service,
  target: Load.Target,
  options: Options,
  stop: Stop,
  progress: Progress
): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.gen(function*() {
    const tally = new Load.Tally(options.requests, options.callers)
    yield* progress.follow(target, tally)
    const startedAt = yield* Clock.currentTimeNanos
    const load = yield* Effect.fork(Load.run(pool, target, options.callers, tally))
    const draining = yield* Effect.fork(drainAtSignal(pool, stop, tally, progress))
    yield* Effect.raceFirst(Fiber.await(load), Fiber.await(draining))
    // The last caller may end just before the drain does.
    const drain = tally.stopped ? yield* Fiber.join(draining) : yield* Effect.as(Fiber.interrupt(draining), undefined)
    // After the drain every request has its answer or its error, which the callers are about to see.
    yield* Effect.timeoutOption(Fiber.await(load), "1 second")
    yield* Fiber.interrupt(load)
    const seconds = Number((yield* Clock.currentTimeNanos) - startedAt) / 1e9
    const { origins } = yield* pool.stats
    const stats = origins.find(({ origin }) => new URL(origin).origin === target.url.origin)
    return { target, tally, stats, seconds, drain }
  }))

interface Loaded {
  readonly pool: ConnectionPool.Service
  readonly outcomes: ReadonlyArray<Outcome>
}

/** One target after the other; their connections are left to the layer to close. */
const load = (
  targets: ReadonlyArray<Load.Target>,
  options: Options,
  stop: Stop,
  progress: Progress
): Effect.Effect<Loaded, never, ConnectionPool.ConnectionPool> =>
  Effect.gen(function*() {
    const pool = yield* ConnectionPool.ConnectionPool
    const outcomes: Array<Outcome> = []
    for (const target of targets) {
      if (yield* Deferred.isDone(stop)) break
      outcomes.push(yield* phase(pool, target, options, stop, progress))
    }
    return { pool, outcomes }
  })

type HeapFigures = ReadonlyMap<Load.Target, number>

/** What an idle connection to each of the targets costs; undefined when the signal came or a request failed. */
const measureHeap = (
  targets: ReadonlyArray<Load.Target>,
  server: Server.Server,
  stop: Stop
): Effect.Effect<HeapFigures | undefined, InvalidOptions> =>
  Effect.gen(function*() {
    const pool = yield* ConnectionPool.ConnectionPool
    const figures = new Map<Load.Target, number>()
    for (const target of targets) figures.set(target, yield* Heap.perConnection(pool, target.url))
    return figures
  }).pipe(
    Effect.raceFirst(Effect.as(Deferred.await(stop), undefined)),
    Effect.provide(NodeConnectionPool.layer({ maxConnectionsPerOrigin: Heap.connections, tls: { ca: server.ca } })),
    Effect.catchIf(isPoolError, () => Effect.succeed(undefined))
  )

const countsOf = (target: Load.Target, counts: BothCounts | undefined) =>
  target.url.protocol === "https:" ? counts?.https : counts?.http

/** A leak is what lasts: what is on its way to be closed gets a second for it. */
const lasting = (look: Effect.Effect<Leaks>): Effect.Effect<Leaks> =>
  look.pipe(
    Effect.delay("10 millis"),
    Effect.repeat({ until: ({ total }) => total === 0, times: 100 })
  )

export const run = (
  options: Options,
  stop: Stop,
  progress: Progress
): Effect.Effect<Summary, Server.ServerFailed | InvalidOptions | PoolError, Scope.Scope> =>
  Effect.gen(function*() {
    const server = options.url === undefined ? yield* Server.start : undefined
    const targets = targetsOf(options, server)
    const before = OsView.look()
    const { outcomes, pool } = yield* load(targets, options, stop, progress).pipe(
      Effect.provide(NodeConnectionPool.layer({
        maxConnectionsPerOrigin: options.connections,
        tls: server === undefined ? undefined : { ca: server.ca }
      }))
    )
    // The layer is closed. The servers may take a moment to see it.
    const counts = server === undefined ? undefined : yield* server.counts(2_000)
    const leaks = yield* lasting(Effect.map(pool.stats, (stats) => findLeaks(before, OsView.look(), stats, counts)))
    const heap = server === undefined || (yield* Deferred.isDone(stop))
      ? undefined
      : yield* progress.stage("heap: measuring what an idle connection holds").pipe(
        Effect.andThen(measureHeap(targets, server, stop))
      )
    const signal = yield* Deferred.poll(stop)
    return {
      callers: options.callers,
      maxConnectionsPerOrigin: options.connections,
      embeddedServers: server !== undefined,
      stoppedBy: Option.isNone(signal) ? null : yield* signal.value,
      drain: outcomes.at(-1)?.drain ?? null,
      targets: outcomes.map((outcome) =>
        summarizeTarget(outcome, options, countsOf(outcome.target, counts), heap?.get(outcome.target))
      ),
      leaks
    }
  })
