import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolRequest, TestConnector } from "../src/index.js"
import { assertAtRest, bytes, counts, otherUrl, settle, start, url, withPool } from "./support/pool.js"

const never = { respond: () => ({ never: true }) }
const one = { maxConnectionsPerOrigin: 1 }
/** Requests to `/never` are never answered. */
const unlessNever = { respond: ({ url }: TestConnector.TestRequest) => ({ never: url.endsWith("/never") }) }
const neverUrl = `${url}never`

describe("C2 an interruption while waiting", () => {
  it.effect("C2 leaves the queue at once and holds nothing", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          const waiting = yield* start(pool.execute({ url }))
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          yield* Fiber.interrupt(waiting)
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        }),
      never,
      one
    ))

  it.effect("C2 leaves the others in their order", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url: `${url}0` }))
          const waiters = yield* Effect.forEach([1, 2, 3, 4], (i) => start(pool.execute({ url: `${url}${i}` })))
          yield* Fiber.interrupt(waiters[0]!)
          yield* Fiber.interrupt(waiters[2]!)
          for (let i = 0; i < 3; i++) yield* TestClock.adjust(10)
          yield* first
          deepStrictEqual((yield* network.requests).map((request) => request.url), [`${url}0`, `${url}2`, `${url}4`])
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ delay: 10 }) },
      one
    ))

  it.effect("C2 in the same step as the grant gives the connection to the next waiter, unharmed", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(10)
          yield* first
          const second = yield* start(pool.execute({ url }))
          const third = yield* start(pool.execute({ url: `${url}third` }))
          // The connection was granted and is being checked.
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          yield* Fiber.interrupt(second)
          yield* TestClock.adjust(10)
          yield* TestClock.adjust(10)
          strictEqual((yield* third).connectionId, 0)
          deepStrictEqual((yield* network.requests).map((request) => request.url), [url, `${url}third`])
          strictEqual(yield* network.dials, 1)
        }),
      { checkDelay: 10 },
      one
    ))

  it.effect("C2 during the check of an idle connection keeps the connection", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(10)
          yield* first
          const second = yield* start(pool.execute({ url }))
          yield* Fiber.interrupt(second)
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
          yield* TestClock.adjust(10)
          deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
          strictEqual((yield* network.requests).length, 1)
        }),
      { checkDelay: 10 }
    ))
})

describe("C2 an interruption while dialling", () => {
  const dials = { connect: () => ({ delay: 100 }) }

  it.effect("C2 ends the dial when nobody else needs it", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          strictEqual(yield* network.dialling, 1)
          yield* Fiber.interrupt(request)
          yield* settle
          strictEqual(yield* network.dialling, 0)
          deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
          yield* TestClock.adjust(100)
          deepStrictEqual(yield* network.connections, [])
        }),
      dials
    ))

  it.effect("C2 ends a dial that would never have ended by itself", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          yield* Fiber.interrupt(request)
          yield* settle
          strictEqual(yield* network.dialling, 0)
        }),
      { connect: () => ({ never: true }) },
      { connectTimeout: "1 hour" }
    ))

  it.effect("C2 keeps the dial for somebody else who waits", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(50)
          const second = yield* start(pool.execute({ url }))
          yield* Fiber.interrupt(first)
          yield* TestClock.adjust(50)
          yield* second
          strictEqual(yield* network.dials, 1)
        }),
      dials,
      one
    ))

  it.effect("C2 of two waiters with two dials ends one dial", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          const second = yield* start(pool.execute({ url }))
          strictEqual(yield* network.dialling, 2)
          yield* Fiber.interrupt(first)
          yield* settle
          strictEqual(yield* network.dialling, 1)
          yield* TestClock.adjust(100)
          yield* second
          strictEqual((yield* network.connections).length, 1)
        }),
      dials
    ))

  it.effect("C2 gives the place of the dial to another origin that waits for room", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url }))
          const other = yield* start(pool.execute({ url: otherUrl }))
          strictEqual(yield* network.dials, 1)
          yield* Fiber.interrupt(first)
          yield* TestClock.adjust(100)
          yield* other
          deepStrictEqual((yield* network.connections).map(({ origin }) => origin), ["http://other.test"])
        }),
      dials,
      { maxConnections: 1 }
    ))
})

describe("C2 an interruption in flight", () => {
  const interruptedAt = (request: PoolRequest.PoolRequest, script: TestConnector.TestScript, after: number) =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const fiber = yield* start(pool.execute(request))
          yield* TestClock.adjust(after)
          const next = yield* start(pool.execute({ url: `${url}next` }))
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          yield* Fiber.interrupt(fiber)
          yield* next
          deepStrictEqual((yield* network.connections).map(({ open }) => open), [false, true])
          strictEqual((yield* network.requests).at(-1)!.connection, 1)
          deepStrictEqual((yield* pool.stats).closedBy, { not_reusable: 1 })
          yield* assertAtRest(pool)
        }),
      { ...script, respond: (request) => request.url.endsWith("next") ? {} : script.respond?.(request) ?? {} },
      one
    )

  it.effect("C2 before the headers destroys the connection, and the next waiter is served at once", () =>
    interruptedAt({ url }, { respond: () => ({ never: true }) }, 0))

  it.effect("C2 in the body of execute does the same", () =>
    interruptedAt({ url }, { respond: () => ({ pieceDelay: 10, body: ["a", "b", "c"] }) }, 15))

  it.effect("C2 while a body is being sent does the same, and ends the source", () =>
    Effect.gen(function*() {
      let ended = 0
      const source = Stream.make(bytes(3)).pipe(
        Stream.concat(Stream.never),
        Stream.ensuring(Effect.sync(() => ended++))
      )
      yield* interruptedAt({ url, method: "POST", body: source }, {}, 0)
      strictEqual(ended, 1)
    }))

  it.effect("C2 while a body waits for room does the same", () =>
    Effect.gen(function*() {
      let pulled = 0
      const source = Stream.repeatEffect(Effect.as(Effect.delay(Effect.sync(() => pulled++), 10), bytes(3)))
      yield* interruptedAt({ url, method: "POST", body: source }, { uploadWindow: 2 }, 15)
      const before = pulled
      yield* TestClock.adjust(100)
      strictEqual(pulled, before)
    }))

  it.effect("C2 between headers and body destroys the connection", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const reader = yield* start(Effect.flatMap(pool.open({ url }), (exchange) => exchange.bytes))
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          yield* Fiber.interrupt(reader)
          deepStrictEqual((yield* network.connections).map(({ open }) => open), [false])
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ pieceDelay: 10, body: "a" }) }
    ))

  it.effect("C2 of a stream that was read in part destroys the connection, and the next waiter is served at once", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          let received = 0
          const reader = yield* start(Effect.scoped(Effect.flatMap(pool.stream({ url: neverUrl }), (response) =>
            Stream.runForEach(response.body, () =>
              Effect.sync(() =>
                received++
              )))))
          yield* TestClock.adjust(10)
          strictEqual(received, 1)
          const next = yield* start(pool.execute({ url }))
          yield* Fiber.interrupt(reader)
          strictEqual((yield* next).connectionId, 1)
          deepStrictEqual(
            (yield* network.connections).map(({ open }) =>
              open
            ),
            [false, true]
          )
        }),
      { respond: ({ url }) => url === neverUrl ? { pieceDelay: 10, body: ["a", "b"] } : {} },
      one
    ))
})

describe("C2 an interruption of a lease", () => {
  it.effect("C2 while it waits leaves the queue", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          yield* start(pool.execute({ url }))
          const waiting = yield* start(Effect.scoped(pool.lease(url)))
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          yield* Fiber.interrupt(waiting)
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        }),
      never,
      one
    ))

  it.effect("C2 while it dials ends the dial", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const waiting = yield* start(Effect.scoped(pool.lease(url)))
          yield* Fiber.interrupt(waiting)
          yield* settle
          strictEqual(yield* network.dialling, 0)
          yield* assertAtRest(pool)
        }),
      { connect: () => ({ never: true }) }
    ))

  it.effect("C2 during a send closes the connection, and the next waiter is served at once", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const holder = yield* start(
            Effect.scoped(Effect.flatMap(pool.lease(url), (lease) => lease.send({ url: neverUrl })))
          )
          const next = yield* start(pool.execute({ url }))
          yield* Fiber.interrupt(holder)
          strictEqual((yield* next).connectionId, 1)
          yield* assertAtRest(pool)
        }),
      unlessNever,
      one
    ))
})

describe("C2 an interruption after any number of steps", () => {
  /** Starts two of them on one connection, interrupts the first after some steps, and counts what is left. */
  const afterSteps = (
    use: (pool: ConnectionPool.Service) => Effect.Effect<unknown, unknown>,
    script: TestConnector.TestScript,
    steps: number
  ) =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(use(pool))
          const second = yield* Effect.fork(use(pool))
          yield* Effect.repeatN(Effect.yieldNow(), steps)
          const done = (yield* first.status)._tag === "Done"
          yield* Fiber.interrupt(first)
          yield* second
          yield* settle
          yield* assertAtRest(pool)
          const last = yield* pool.execute({ url: `${url}last` })
          strictEqual(last.text, `${url}last`)
          const open = (yield* network.connections).filter(({ open }) => open)
          strictEqual(open.length, 1)
          yield* assertAtRest(pool)
          return done
        }),
      script,
      one
    )

  const script = {
    connect: () => ({ delay: 0 }),
    respond: ({ url }: TestConnector.TestRequest) => ({ body: [url.slice(0, 5), url.slice(5)], pieceDelay: 0 }),
    checkDelay: 0,
    uploadWindow: 2
  }
  const uses: Readonly<Record<string, (pool: ConnectionPool.Service) => Effect.Effect<unknown, unknown>>> = {
    "execute": (pool) => pool.execute({ url }),
    "execute with a streamed body": (pool) =>
      pool.execute({ url, method: "POST", body: Stream.make(bytes(2), bytes(3), bytes(1)) }),
    "stream": (pool) =>
      Effect.scoped(Effect.flatMap(pool.stream({ url }), (response) => Stream.runDrain(response.body))),
    "lease": (pool) =>
      Effect.scoped(Effect.flatMap(pool.lease(url), (lease) => Effect.zip(lease.send({ url }), lease.send({ url }))))
  }

  for (const [name, use] of Object.entries(uses)) {
    it.effect(`C2 of ${name} leaves the books in balance and a pool that works`, () =>
      Effect.gen(function*() {
        let steps = 0
        while (!(yield* afterSteps(use, script, steps))) steps++
        // It has as many steps as this at least, or the story interrupts nothing.
        strictEqual(steps >= 5, true)
      }))
  }
})
