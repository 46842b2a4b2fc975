import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Exit, Fiber, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, PoolEvent, TestConnector } from "../src/index.js"
import { keepingLog } from "./support/log.js"
import { bytes, settle, start, url, withConnector, withLargePool, withPool } from "./support/pool.js"
import { puppets } from "./support/puppet.js"

/** What was reported of leaks, and what was logged. */
interface Reports {
  readonly events: ReadonlyArray<PoolEvent.PoolEvent>
  readonly log: ReadonlyArray<string>
}

const leakTags: ReadonlySet<string> = new Set(["LeakSuspected", "LeakRetracted"])

type Story<A, E> = (
  pool: ConnectionPool.Service,
  reports: Reports,
  network: TestConnector.Service
) => Effect.Effect<A, E, Scope.Scope>

/** Collects what a pool reports of leaks while a story runs. */
const listening = <A, E>(
  pool: ConnectionPool.Service,
  log: ReadonlyArray<string>,
  story: (reports: Reports) => Effect.Effect<A, E, Scope.Scope>
) =>
  Effect.scoped(Effect.gen(function*() {
    const events: Array<PoolEvent.PoolEvent> = []
    yield* start(Stream.runForEach(pool.events, (event) =>
      Effect.sync(() => {
        if (leakTags.has(event._tag)) events.push(event)
      })))
    return yield* story({ events, log })
  }))

const watched = <A, E>(
  story: Story<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) =>
  keepingLog((log) =>
    withPool((pool, network) => listening(pool, log, (reports) => story(pool, reports, network)), script, options)
  )

const tagsOf = ({ events }: Reports) => events.map(({ _tag }) => _tag)

/** An answer of which half is there, and never the rest. */
const large = { respond: () => ({ body: [bytes(40_000), bytes(40_000)] }) } as const

/** Suspected now, and retracted. */
const leaks = (pool: ConnectionPool.Service) =>
  Effect.map(pool.stats, ({ leaksRetracted, leaksSuspected }) => [leaksSuspected, leaksRetracted])

describe("a lease that was forgotten", () => {
  it.effect("is reported when nothing was sent on it for leakThreshold, with its fiber, its span and how long it was held", () =>
    watched((pool, reports) =>
      Effect.gen(function*() {
        yield* Effect.withSpan(Effect.withSpan(pool.lease(url), "inner"), "outer")
        yield* TestClock.adjust("59999 millis")
        deepStrictEqual([tagsOf(reports), reports.log], [[], []])
        yield* TestClock.adjust(1)
        yield* settle
        deepStrictEqual(tagsOf(reports), ["LeakSuspected"])
        const [suspicion] = reports.events as [Extract<PoolEvent.PoolEvent, { _tag: "LeakSuspected" }>]
        deepStrictEqual(
          [suspicion.connectionId, suspicion.origin, suspicion.heldFor],
          [0, "http://server.test", 60_000]
        )
        assertTrue(/^#\d+$/.test(suspicion.fiberId!), suspicion.fiberId)
        // Where in the program the span was begun is told, too.
        assertTrue(
          /^inner \(at .*leaks\.test\.ts.*\) < outer \(at .*\)$/.test(suspicion.acquiredBy!),
          suspicion.acquiredBy
        )
        strictEqual(
          reports.log.join("\n"),
          "WARN connection 0 to http://server.test may be leaked: held for 60 s by a lease that sends nothing, and nothing has " +
            `moved for 60 s; acquired by ${suspicion.acquiredBy} in fiber ${suspicion.fiberId}`
        )
        deepStrictEqual(yield* leaks(pool), [1, 0])
        deepStrictEqual((yield* pool.diagnose).origins[0]!.holders.map(({ leakSuspected }) => leakSuspected), [true])
        yield* TestClock.adjust("10 minutes")
        deepStrictEqual([tagsOf(reports).length, reports.log.length], [1, 1])
      })
    ))

  it.effect("is retracted when it ends after all", () =>
    watched((pool, reports) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Scope.extend(pool.lease(url), scope)
        yield* TestClock.adjust("90 seconds")
        yield* Scope.close(scope, Exit.void)
        yield* settle
        deepStrictEqual(tagsOf(reports), ["LeakSuspected", "LeakRetracted"])
        strictEqual((reports.events[1] as { heldFor: number }).heldFor, 90_000)
        strictEqual(reports.log[1], "INFO connection 0 to http://server.test was not leaked: it was given back")
        deepStrictEqual(yield* leaks(pool), [1, 1])
      })
    ))

  it.effect("is retracted when it sends again, and reported again when that was all", () =>
    watched((pool, reports) =>
      Effect.gen(function*() {
        const lease = yield* pool.lease(url)
        yield* TestClock.adjust("61 seconds")
        yield* lease.send({ url })
        yield* settle
        deepStrictEqual(tagsOf(reports), ["LeakSuspected", "LeakRetracted"])
        strictEqual(
          reports.log[1],
          "INFO connection 0 to http://server.test was not leaked: something moves on it again"
        )
        yield* TestClock.adjust("59 seconds")
        strictEqual(reports.events.length, 2)
        yield* TestClock.adjust("5 seconds")
        yield* settle
        deepStrictEqual(tagsOf(reports), ["LeakSuspected", "LeakRetracted", "LeakSuspected"])
      })
    ))

  it.effect("is not meant while it sends something every now and then", () =>
    watched((pool, reports) =>
      Effect.gen(function*() {
        const lease = yield* pool.lease(url)
        for (let i = 0; i < 10; i++) {
          yield* TestClock.adjust("40 seconds")
          yield* lease.send({ url })
        }
        yield* settle
        deepStrictEqual(reports, { events: [], log: [] })
      })
    ))

  it.effect("is reported as one that sends nothing, however long its last answer took", () =>
    watched(
      (pool, reports) =>
        Effect.gen(function*() {
          const lease = yield* pool.lease(url)
          const sending = yield* start(lease.send({ url }))
          yield* TestClock.adjust("2 minutes")
          yield* Fiber.join(sending)
          yield* settle
          deepStrictEqual(reports.events, [])
          yield* TestClock.adjust("65 seconds")
          yield* settle
          deepStrictEqual(tagsOf(reports), ["LeakSuspected"])
        }),
      { respond: () => ({ delay: "2 minutes" }) }
    ))
})

describe("an answer that is not read on", () => {
  it.effect("is reported where stream is not read at all, and ends well when it is", () =>
    watched((pool, reports) =>
      Effect.gen(function*() {
        const response = yield* pool.stream({ url: `${url}download?key=1` })
        yield* TestClock.adjust("60 seconds")
        yield* settle
        deepStrictEqual(tagsOf(reports), ["LeakSuspected"])
        assertTrue(reports.log[0]!.includes("held for 60 s by GET /download (body)"), reports.log[0])
        const body = yield* Stream.runFold(response.body, 0, (sum, piece) => sum + piece.length)
        yield* settle
        deepStrictEqual([body, tagsOf(reports)], [80_000, ["LeakSuspected", "LeakRetracted"]])
        deepStrictEqual(yield* leaks(pool), [1, 1])
      }), large))

  it.effect("is reported where open was read in half, and not where it waits for the server", () =>
    keepingLog((log) => {
      const { connect, made } = puppets()
      return withConnector(connect, (pool) =>
        listening(pool, log, (reports) =>
          Effect.gen(function*() {
            const opening = yield* start(pool.open({ url }))
            made[0]!.head(200_000)
            const exchange = yield* Fiber.join(opening)
            const taken = yield* Stream.toPull(exchange.body)
            const first = yield* start(taken)
            yield* TestClock.adjust("3 minutes")
            deepStrictEqual(reports.events, [])
            made[0]!.piece(70_000)
            strictEqual(Chunk.size(yield* Fiber.join(first)), 1)
            yield* TestClock.adjust("59 seconds")
            deepStrictEqual(reports.events, [])
            yield* TestClock.adjust("5 seconds")
            yield* settle
            deepStrictEqual(tagsOf(reports), ["LeakSuspected"])
            made[0]!.piece(1000)
            yield* settle
            deepStrictEqual(tagsOf(reports), ["LeakSuspected", "LeakRetracted"])
            exchange.abort()
          })))
    }))

  it.effect("that nobody has begun to read is ended, as ever, and not reported", () =>
    watched((pool, reports) =>
      Effect.gen(function*() {
        yield* pool.open({ url })
        yield* TestClock.adjust("5 minutes")
        const { active, unread } = yield* pool.stats
        deepStrictEqual([active, unread, reports.events], [0, 1, []])
      }), large))
})

describe("nothing is reported", () => {
  it.effect("of who waits for the server, or for a connection, however long", () =>
    watched(
      (pool, reports) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          yield* start(Effect.scoped(pool.stream({ url })))
          yield* start(Effect.scoped(pool.lease(url)))
          yield* TestClock.adjust("4 minutes")
          deepStrictEqual(reports.events, [])
        }),
      { respond: () => ({ never: true }) },
      { maxConnectionsPerOrigin: 2, acquireTimeout: "none" }
    ))

  it.effect("with leakThreshold none", () =>
    watched(
      (pool, reports) =>
        Effect.gen(function*() {
          yield* pool.lease(url)
          yield* TestClock.adjust("10 minutes")
          deepStrictEqual(reports, { events: [], log: [] })
        }),
      {},
      { leakThreshold: "none" }
    ))
})

describe("an upload whose source gives nothing", () => {
  it.effect("is reported, and retracted when it goes on", () =>
    watched((pool, reports) =>
      Effect.gen(function*() {
        const body = Stream.concat(
          Stream.make(bytes(1)),
          Stream.fromEffect(Effect.delay(Effect.succeed(bytes(1)), "2 minutes"))
        )
        const request = yield* start(pool.execute({ url, method: "POST", body }))
        yield* TestClock.adjust("60 seconds")
        yield* settle
        deepStrictEqual(tagsOf(reports), ["LeakSuspected"])
        assertTrue(reports.log[0]!.includes("by POST / (sending)"), reports.log[0])
        yield* TestClock.adjust("60 seconds")
        yield* Fiber.join(request)
        yield* settle
        deepStrictEqual(tagsOf(reports), ["LeakSuspected", "LeakRetracted"])
      })
    ))
})

describe("many that were forgotten", () => {
  it.effect("are counted each, and warned of by ten lines and a sum", () =>
    keepingLog((logged) =>
      withLargePool((pool) =>
        Effect.scoped(Effect.gen(function*() {
          yield* Effect.forEach(Array.from({ length: 30 }), () => pool.lease(url))
          yield* TestClock.adjust("61 seconds")
          yield* settle
          deepStrictEqual(yield* leaks(pool), [30, 0])
          deepStrictEqual([logged.length, logged[10]], [11, "WARN 20 more leases may be leaked"])
        }))
      )
    ))
})
