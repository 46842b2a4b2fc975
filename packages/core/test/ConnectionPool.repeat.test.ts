/** Requests on connections that their server had closed while nobody used them. */
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Logger, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, PoolRequest, TestConnector } from "../src/index.js"
import {
  assertAtRest,
  counts,
  failsWith,
  joinFailure,
  settle,
  start,
  url,
  withConnector,
  withPool
} from "./support/pool.js"
import { puppets } from "./support/puppet.js"

type Breaks = NonNullable<TestConnector.TestReply["breaks"]>

const lost: Breaks = { how: "closed" }
const unsent: Breaks = { how: "reset", unsent: true }

/** Every connection serves one request; the next one on it breaks, as `breaks` says. */
const stale = (breaks: Breaks): TestConnector.TestScript => ({
  respond: ({ index, url }) => index > 0 && !url.endsWith("good") ? { breaks, body: url } : { body: url }
})

const story = <A, E>(
  script: TestConnector.TestScript,
  tell: (pool: ConnectionPool.Service, network: TestConnector.Service) => Effect.Effect<A, E>,
  options: PoolConfig.PoolOptions = {}
) =>
  withPool(
    (pool, network) =>
      Effect.gen(function*() {
        yield* pool.execute({ url: `${url}good` })
        yield* tell(pool, network)
        yield* assertAtRest(pool)
      }),
    script,
    options
  )

const sent = (network: TestConnector.Service) =>
  Effect.map(network.requests, (all) => all.slice(1).map(({ connection, method }) => `${method} on ${connection}`))

describe("C6: a reused connection that is lost before the answer", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]) {
    it.effect(`${method} is sent again on a fresh one`, () =>
      story(stale(lost), (pool, network) =>
        Effect.gen(function*() {
          const response = yield* pool.execute({ url, method, body: method === "PUT" ? "body" : undefined })
          deepStrictEqual([response.status, response.attempts, response.reused], [200, 2, false])
          deepStrictEqual(yield* sent(network), [`${method} on 0`, `${method} on 1`])
          const { failures, repeated, requests, reused } = yield* pool.stats
          deepStrictEqual({ failures, repeated, requests, reused }, {
            failures: {},
            repeated: 1,
            requests: 3,
            reused: 1
          })
        })))
  }

  for (const [method, idempotent] of [["POST", undefined], ["PATCH", undefined], ["GET", false]] as const) {
    it.effect(`${method}${idempotent === false ? " that says it is not idempotent" : ""} is not`, () =>
      story(stale(lost), (pool, network) =>
        Effect.gen(function*() {
          const error = yield* failsWith("ConnectionLost", pool.execute({ url, method, idempotent }))
          deepStrictEqual([error.progress, error.reused], ["maybe-sent", true])
          deepStrictEqual(yield* sent(network), [`${method} on 0`])
          strictEqual((yield* pool.stats).repeated, 0)
        })))
  }

  it.effect("POST that says it is idempotent is", () =>
    story(stale(lost), (pool, network) =>
      Effect.gen(function*() {
        strictEqual((yield* pool.execute({ url, method: "POST", body: "body", idempotent: true })).attempts, 2)
        deepStrictEqual((yield* network.requests).map(({ body }) => body), ["", "body", "body"])
      })))

  it.effect("POST of which no byte was written is", () =>
    story(stale(unsent), (pool, network) =>
      Effect.gen(function*() {
        strictEqual((yield* pool.execute({ url, method: "POST", body: "body" })).attempts, 2)
        deepStrictEqual(yield* sent(network), ["POST on 1"])
      })))

  it.effect("a streamed body is not", () =>
    story(stale(lost), (pool) =>
      Effect.gen(function*() {
        const body = Stream.make(new Uint8Array(3))
        yield* failsWith("ConnectionLost", pool.execute({ url, method: "PUT", body }))
      })))

  it.effect("stream and open send again as well, and the answer is whole", () =>
    story(stale(lost), (pool) =>
      Effect.gen(function*() {
        const open = yield* pool.open({ url })
        strictEqual(open.attempts, 2)
        strictEqual(yield* Stream.runFold(open.body, 0, (sum, piece) => sum + piece.length), url.length)
        yield* Effect.scoped(Effect.gen(function*() {
          const scoped = yield* pool.stream({ url })
          strictEqual(scoped.attempts, 2)
          yield* Stream.runDrain(scoped.body)
        }))
      })))

  it.effect("on a lease the request fails: the connection is the caller's", () =>
    story(stale(lost), (pool) =>
      Effect.scoped(Effect.gen(function*() {
        const lease = yield* pool.lease(url)
        strictEqual((yield* failsWith("ConnectionLost", lease.send({ url }))).reused, true)
      }))))

  it.effect("with a piece of the answer is not replaced", () =>
    story(stale({ how: "closed", afterBytes: 3 }), (pool) =>
      Effect.gen(function*() {
        const error = yield* failsWith("ConnectionLost", pool.execute({ url }))
        deepStrictEqual([error.progress, error.bytesReceived], ["response-started", 3])
        strictEqual((yield* pool.stats).repeated, 0)
      })))
})

describe("C6: a request that is sent again", () => {
  it.effect("takes no other idle connection: that may be stale as well", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        yield* pool.warmUp([url], { connections: 3 })
        yield* Effect.forEach([1, 2, 3], () => pool.execute({ url: `${url}good` }), { concurrency: 3 })
        strictEqual((yield* pool.execute({ url })).connectionId, 3)
        strictEqual((yield* pool.stats).idle, 3)
        strictEqual((yield* network.requests).length, 5)
      }), stale(lost)))

  it.effect("fails when the fresh connection is lost, too", () =>
    story(
      { respond: ({ url }) => url.endsWith("good") ? {} : { breaks: lost } },
      (pool, network) =>
        Effect.gen(function*() {
          const error = yield* failsWith("ConnectionLost", pool.execute({ url }))
          deepStrictEqual([error.reused, error.progress], [false, "maybe-sent"])
          deepStrictEqual(yield* sent(network), ["GET on 0", "GET on 1"])
        })
    ))

  it.effect("may have been sent, also where the second time it was not", () =>
    story(
      { respond: ({ connection, url }) => url.endsWith("good") ? {} : { breaks: connection === 0 ? lost : unsent } },
      (pool) =>
        Effect.gen(function*() {
          strictEqual((yield* failsWith("ConnectionLost", pool.execute({ url }))).progress, "maybe-sent")
        })
    ))

  it.effect("that gets no connection tells how the first was lost, and why there is no other", () =>
    story(
      { ...stale(lost), connect: (_, dial) => dial === 0 ? {} : { fail: "Refused" } },
      (pool) =>
        Effect.gen(function*() {
          const error = yield* failsWith("ConnectionLost", pool.execute({ url }))
          deepStrictEqual([error.reused, error.progress, error.reason], [true, "maybe-sent", "closed"])
          strictEqual((error.cause as { readonly _tag: string })._tag, "ConnectFailed")
          strictEqual((yield* pool.stats).repeated, 0)
        })
    ))

  it.effect("comes before those who waited already", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute({ url: `${url}good` }))
          yield* TestClock.adjust(10)
          yield* first
          const stale = yield* start(pool.execute({ url: `${url}stale` }))
          const others = yield* start(
            Effect.forEach([1, 2], (n) => pool.execute({ url: `${url}${n}` }), { concurrency: 2 })
          )
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 2])
          yield* TestClock.adjust(10)
          yield* TestClock.adjust(10)
          yield* TestClock.adjust(30)
          strictEqual((yield* stale).attempts, 2)
          yield* others
          deepStrictEqual((yield* network.requests).map(({ url }) => url.slice(-1)), ["d", "e", "e", "1", "2"])
          yield* assertAtRest(pool)
        }),
      {
        connect: () => ({ delay: 10 }),
        respond: ({ index, url }) => index > 0 && url.endsWith("stale") ? { breaks: lost, delay: 10 } : {}
      },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("is not refused by a full queue", () =>
    story(stale(lost), (pool) =>
      Effect.gen(function*() {
        strictEqual((yield* pool.execute({ url })).attempts, 2)
      }), { maxWaiting: 1, maxConnectionsPerOrigin: 1 }))

  it.effect("keeps the deadline with which it began to wait for a connection", () =>
    story(
      { ...stale(lost), connect: (_, dial) => dial === 0 ? {} : { delay: 2000 } },
      (pool) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(500)
          const running = yield* start(pool.execute({ url, acquireTimeout: 1000 }))
          yield* TestClock.adjust(999)
          strictEqual((yield* pool.stats).waiting, 1)
          yield* TestClock.adjust(1)
          const error = yield* joinFailure("ConnectionLost", running)
          strictEqual((error.cause as { readonly _tag: string })._tag, "AcquireTimeout")
          yield* TestClock.adjust(1000)
        }),
      { connectTimeout: "1 minute" }
    ))

  it.effect("is not sent again when that deadline has passed: it was no stale connection", () =>
    story(
      { respond: ({ index }) => index > 0 ? { breaks: lost, delay: 1000 } : {} },
      (pool, network) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url, acquireTimeout: 1000 }))
          yield* TestClock.adjust(1000)
          yield* joinFailure("ConnectionLost", running)
          deepStrictEqual(yield* sent(network), ["GET on 0"])
          strictEqual(yield* network.dials, 1)
        })
    ))

  it.effect("keeps the deadline of the whole request, and may have been sent when that passes", () =>
    story(
      { ...stale(lost), connect: (_, dial) => dial === 0 ? {} : { never: true } },
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url, timeout: 1000 }))
          yield* TestClock.adjust(1000)
          const error = yield* joinFailure("RequestTimeout", running)
          deepStrictEqual([error.phase, error.progress], ["connecting", "maybe-sent"])
        }),
      { connectTimeout: "1 minute" }
    ))

  it.effect("C2: can be interrupted while it waits for the fresh connection, whose dial is given up", () =>
    story(
      { ...stale(lost), connect: (_, dial) => dial === 0 ? {} : { never: true } },
      (pool, network) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url }))
          strictEqual(yield* network.dialling, 1)
          yield* Fiber.interrupt(running)
          yield* settle
          strictEqual(yield* network.dialling, 0)
          deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
        })
    ))

  it.effect("C10: is told that its connection was lost when the pool drains meanwhile", () =>
    story(
      { ...stale(lost), connect: (_, dial) => dial === 0 ? {} : { never: true } },
      (pool) =>
        Effect.gen(function*() {
          const running = yield* start(pool.execute({ url }))
          yield* pool.drain(0)
          const error = yield* joinFailure("ConnectionLost", running)
          strictEqual((error.cause as { readonly _tag: string })._tag, "PoolClosed")
        })
    ))

  it.effect("is an event, with how the connection was lost", () =>
    story(stale(lost), (pool) =>
      Effect.gen(function*() {
        const events = yield* start(
          Stream.runCollect(Stream.takeUntil(pool.events, ({ _tag }) => _tag === "Completed"))
        )
        yield* pool.execute({ url })
        const told = Chunk.toReadonlyArray(yield* Fiber.join(events))
        deepStrictEqual(told.map(({ _tag }) => _tag), [
          "Granted",
          "Queued",
          "Opened",
          "Granted",
          "Repeated",
          "Released",
          "Closed",
          "Released",
          "Completed"
        ])
        const [repeated, released] = told.slice(4)
        assertTrue(repeated?._tag === "Repeated" && repeated.connectionId === 1 && repeated.error.reused)
        assertTrue(released?._tag === "Released" && released.connectionId === 0 && !released.reusable)
      })))
})

describe("C6: a request's observer", () => {
  const observed = (request: PoolRequest.PoolRequest, onRepeat: PoolRequest.RequestObserver["onRepeat"]) => {
    const told: Array<string> = []
    const observer: PoolRequest.RequestObserver = {
      onPhase: (event) => void told.push(event),
      onRepeat: (error) => {
        told.push(error._tag)
        return onRepeat?.(error)
      }
    }
    return { told, request: { ...request, observer } }
  }

  it.effect("hears that it is about to be sent again, and may replace headers", () =>
    story(stale(lost), (pool, network) =>
      Effect.gen(function*() {
        const headers = { "X-Attempt": "1", "x-kept": "yes" }
        const { request, told } = observed({ url, headers }, () => ({ "x-attempt": "2" }))
        yield* pool.execute(request)
        deepStrictEqual(told, ["reused", "ConnectionLost", "queued", "connecting", "connected"])
        deepStrictEqual(
          (yield* network.requests).slice(1).map(({ headers }) => [headers["x-attempt"], headers["x-kept"]]),
          [["1", "yes"], ["2", "yes"]]
        )
      })))

  for (
    const [name, onRepeat] of [
      ["throws", () => {
        throw new Error("not mine")
      }],
      ["replaces a header by what cannot be one", () => ({ "x-attempt": "2\r\nevil: 1" })]
    ] as const
  ) {
    it.effect(`that ${name} is logged, and the request is sent again as it was`, () => {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => {
        logged.push(message)
      })
      return story(stale(lost), (pool, network) =>
        Effect.gen(function*() {
          const { request } = observed({ url, headers: { "x-attempt": "1" } }, onRepeat)
          strictEqual((yield* pool.execute(request)).attempts, 2)
          deepStrictEqual((yield* network.requests).slice(1).map(({ headers }) => headers["x-attempt"]), ["1", "1"])
          deepStrictEqual(logged, [["the observer of a request threw"]])
        })).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
    })
  }
})

describe("C6: a connection that is closed in the very call that sends", () => {
  it.effect("is replaced", () => {
    const { connect, made } = puppets()
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const first = yield* start(pool.execute({ url }))
        made[0]!.head(0)
        made[0]!.end()
        yield* first
        made[0]!.send = (_, observer) => observer.onFailure({ kind: "Lost", reason: "closed" })
        const second = yield* start(pool.execute({ url, method: "POST", body: "body" }))
        strictEqual(made.length, 2)
        made[1]!.head(0)
        made[1]!.end()
        strictEqual((yield* second).attempts, 2)
        yield* assertAtRest(pool)
      }))
  })
})
