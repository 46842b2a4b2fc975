import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import { assertAtRest, bytes, counts, failsWith, joinFailure, otherUrl, start, url, withPool } from "./support/pool.js"

const one = { maxConnectionsPerOrigin: 1 }

describe("a lease", () => {
  it.effect("sends several requests on one connection, and gives it back when its scope closes", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const lease = yield* pool.lease(`${url}ignored`)
          deepStrictEqual([lease.id, lease.origin, lease.reused], [0, "http://server.test", false])
          const first = yield* lease.send({ url: `${url}1` })
          const second = yield* lease.send({ url: `${url}2`, method: "POST", body: Stream.make(bytes(2)) })
          deepStrictEqual([first.reused, second.reused, second.connectionId], [false, true, 0])
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        }))
        deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
        deepStrictEqual((yield* network.requests).map(({ connection }) => connection), [0, 0])
        const next = yield* Effect.scoped(Effect.map(pool.lease(new URL(url)), ({ id, reused }) => [id, reused]))
        deepStrictEqual(next, [0, true])
        deepStrictEqual((yield* pool.stats).requests, 2)
      })
    ))

  it.effect("that sent nothing gives back a connection that answered nothing", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        yield* Effect.scoped(pool.lease(url))
        const { reused, timings } = yield* pool.execute({ url })
        deepStrictEqual([reused, timings.connect], [false, 0])
        strictEqual((yield* pool.stats).reused, 0)
      })
    ))

  it.effect("keeps its connection to itself", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const lease = yield* Scope.extend(pool.lease(url), scope)
          const other = yield* start(pool.execute({ url }))
          yield* lease.send({ url })
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          yield* Scope.close(scope, Exit.void)
          strictEqual((yield* Fiber.join(other)).connectionId, 0)
        }),
      {},
      one
    ))

  it.effect("sends one request after another, in the order of the calls", () =>
    withPool(
      (pool, network) =>
        Effect.scoped(Effect.gen(function*() {
          const lease = yield* pool.lease(url)
          const sends = yield* start(
            Effect.forEach([1, 2, 3], (i) => lease.send({ url: url + i }), { concurrency: "unbounded" })
          )
          strictEqual((yield* network.requests).length, 1)
          for (let i = 0; i < 3; i++) yield* TestClock.adjust(10)
          yield* Fiber.join(sends)
          deepStrictEqual((yield* network.requests).map((request) => request.url), [`${url}1`, `${url}2`, `${url}3`])
        })),
      { respond: () => ({ delay: 10 }) }
    ))

  it.effect("with setReusable(false) closes its connection at the end; true takes that back", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const use = (...reusable: ReadonlyArray<boolean>) =>
          Effect.scoped(Effect.gen(function*() {
            const lease = yield* pool.lease(url)
            yield* lease.send({ url })
            reusable.forEach(lease.setReusable)
          }))
        yield* use(false, true)
        strictEqual((yield* pool.stats).idle, 1)
        yield* use(false)
        strictEqual((yield* pool.stats).idle, 0)
        deepStrictEqual((yield* pool.stats).closedBy, { not_reusable: 1 })
      })
    ))

  it.effect("refuses a request to another origin, and goes on", () =>
    withPool((pool, network) =>
      Effect.scoped(Effect.gen(function*() {
        const lease = yield* pool.lease(url)
        for (const target of [otherUrl, "https://server.test/", "http://server.test:8080/"]) {
          const error = yield* failsWith("InvalidRequest", lease.send({ url: target }))
          deepStrictEqual([error.field, error.description], ["url", "is not of the lease's origin http://server.test"])
        }
        strictEqual((yield* lease.send({ url })).status, 200)
        strictEqual(yield* network.dials, 1)
      }))
    ))

  it.effect("refuses an origin that is none", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        const error = yield* failsWith("InvalidRequest", Effect.scoped(pool.lease("server.test")))
        deepStrictEqual([error.field, error.progress], ["url", "not-sent"])
        strictEqual(yield* network.dials, 0)
      })
    ))

  it.effect("whose request fails makes later ones ConnectionLost, and closes the connection at once", () =>
    withPool(
      (pool) =>
        Effect.scoped(Effect.gen(function*() {
          const lease = yield* pool.lease(url)
          yield* lease.send({ url })
          const failed = yield* failsWith("ConnectionLost", lease.send({ url }))
          deepStrictEqual([failed.reason, failed.reused, failed.progress], ["reset", true, "maybe-sent"])
          yield* assertAtRest(pool)
          const later = yield* failsWith("ConnectionLost", lease.send({ url }))
          deepStrictEqual([later.reason, later.reused, later.progress], ["closed", true, "not-sent"])
          strictEqual((yield* pool.stats).requests, 2)
        })),
      { respond: ({ index }) => index === 1 ? { breaks: { how: "reset" } } : {} }
    ))

  it.effect("whose server closes, with or between answers, makes later requests ConnectionLost", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          yield* Effect.scoped(Effect.gen(function*() {
            const lease = yield* pool.lease(url)
            yield* lease.send({ url: `${url}close` })
            strictEqual((yield* failsWith("ConnectionLost", lease.send({ url }))).reason, "closed")
          }))
          yield* Effect.scoped(Effect.gen(function*() {
            const lease = yield* pool.lease(url)
            yield* lease.send({ url })
            strictEqual(yield* network.closeByPeer(lease.id), true)
            const error = yield* failsWith("ConnectionLost", lease.send({ url }))
            deepStrictEqual([error.reason, error.progress, error.bytesReceived], ["closed", "not-sent", 0])
          }))
          deepStrictEqual([(yield* network.requests).length, (yield* pool.stats).requests], [2, 2])
          deepStrictEqual((yield* pool.stats).closedBy, { not_reusable: 1, server_close: 1 })
          yield* assertAtRest(pool)
        }),
      { respond: ({ url }) => ({ keepAlive: !url.endsWith("close") }) }
    ))

  it.effect("whose request is interrupted is of no more use", () =>
    withPool(
      (pool) =>
        Effect.scoped(Effect.gen(function*() {
          const lease = yield* pool.lease(url)
          const sending = yield* start(lease.send({ url }))
          yield* Fiber.interrupt(sending)
          yield* failsWith("ConnectionLost", lease.send({ url }))
          yield* assertAtRest(pool)
        })),
      { respond: () => ({ never: true }) }
    ))

  it.effect("whose request is interrupted while it waits for its turn goes on", () =>
    withPool(
      (pool) =>
        Effect.scoped(Effect.gen(function*() {
          const lease = yield* pool.lease(url)
          const first = yield* start(lease.send({ url }))
          const second = yield* start(lease.send({ url }))
          yield* Fiber.interrupt(second)
          yield* TestClock.adjust(10)
          strictEqual((yield* Fiber.join(first)).status, 200)
        })),
      { respond: () => ({ delay: 10 }) }
    ))

  it.effect("whose scope closes fails the requests that run and wait, and refuses later ones", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const lease = yield* Scope.extend(pool.lease(url), scope)
          const running = yield* start(lease.send({ url }))
          const waiting = yield* start(lease.send({ url }))
          yield* Scope.close(scope, Exit.void)
          yield* assertAtRest(pool)
          const error = yield* joinFailure("ConnectionLost", running)
          deepStrictEqual([error.reason, error.progress], ["released", "maybe-sent"])
          strictEqual((yield* joinFailure("ConnectionLost", waiting)).progress, "not-sent")
          strictEqual((yield* failsWith("ConnectionLost", lease.send({ url }))).progress, "not-sent")
        }),
      { respond: () => ({ never: true }) }
    ))

  it.effect("that is over says released", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const lease = yield* Effect.scoped(pool.lease(url))
        const error = yield* failsWith("ConnectionLost", lease.send({ url }))
        deepStrictEqual([error.reason, error.reused, error.progress], ["released", false, "not-sent"])
        strictEqual((yield* pool.stats).idle, 1)
      })
    ))

  it.effect("hears of a failed dial", () =>
    withPool(
      (pool) => Effect.zipRight(failsWith("ConnectFailed", Effect.scoped(pool.lease(url))), assertAtRest(pool)),
      { connect: () => ({ fail: "Dns" }) }
    ))

  it.effect("has the timeouts of a request, and its answer the limits", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const use = (options: object) =>
            Effect.scoped(Effect.flatMap(pool.lease(url), (lease) => lease.send({ url, ...options })))
          const request = yield* start(use({ timeout: 50 }))
          yield* TestClock.adjust(50)
          strictEqual((yield* joinFailure("RequestTimeout", request)).phase, "headers")
          const large = yield* start(use({ maxResponseSize: 2 }))
          yield* TestClock.adjust(100)
          yield* joinFailure("ResponseTooLarge", large)
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ delay: 100, body: "abc" }) }
    ))

  it.effect("keeps to its TLS options", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const secure = "https://server.test/"
        const [a, b] = [{ servername: "a" }, { servername: "b" }]
        const ids = yield* Effect.forEach(
          [a, b, a],
          (tls) => Effect.scoped(Effect.map(pool.lease(secure, { tls }), ({ id }) => id))
        )
        deepStrictEqual(ids, [0, 1, 0])
      })
    ))
})
