import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Exit, Fiber, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { Connection } from "../src/index.js"
import {
  assertAtRest,
  bytes,
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

const defectOf = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.match(exit, { onFailure: (cause) => Cause.squash(cause), onSuccess: () => "no defect" })

describe("a transport that throws", () => {
  const broken = new Error("broken transport")
  const throwing = () => {
    throw broken
  }

  it.effect("from connect fails the dial, and the next request dials again", () => {
    let dials = 0
    const { connect } = puppets()
    return withConnector(
      (target) => dials++ === 0 ? throwing() : connect(target),
      (pool) =>
        Effect.gen(function*() {
          const error = yield* failsWith("ConnectFailed", pool.execute({ url }))
          deepStrictEqual([error.reason, error.cause], ["Other", broken])
          yield* assertAtRest(pool)
          yield* start(pool.execute({ url }))
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        })
    )
  })

  it.effect("or dies in connect does the same", () =>
    withConnector(
      () => Effect.die(broken),
      (pool) =>
        Effect.gen(function*() {
          strictEqual((yield* failsWith("ConnectFailed", pool.execute({ url }))).cause, broken)
          yield* assertAtRest(pool)
        })
    ))

  it.effect("from send is a defect of the request, and the waiter behind it is served on another connection", () => {
    const { connect, made } = puppets((puppet) => {
      if (made.length === 0) puppet.send = throwing
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const first = yield* Effect.fork(pool.execute({ url }))
        const second = yield* Effect.fork(pool.execute({ url }))
        strictEqual(defectOf(yield* Fiber.await(first)), broken)
        yield* settle
        deepStrictEqual(made.map(({ calls }) => calls), [["close"], ["send GET /"]])
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        yield* Fiber.interrupt(second)
        yield* assertAtRest(pool)
      }), { maxConnectionsPerOrigin: 1 })
  })

  for (const method of ["write", "endBody"] as const) {
    it.effect(`from ${method} is a defect of the request`, () => {
      const { connect, made } = puppets((puppet) => {
        puppet[method] = throwing
      })
      return withConnector(connect, (pool) =>
        Effect.gen(function*() {
          const body = Stream.make(bytes(1))
          strictEqual(defectOf(yield* Effect.exit(pool.execute({ url, method: "POST", body }))), broken)
          strictEqual(made[0]!.calls.at(-1), "close")
          yield* assertAtRest(pool)
        }))
    })
  }

  it.effect("from write after the headers fails the body", () => {
    const { connect, made } = puppets((puppet) => {
      puppet.write = throwing
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const body = Stream.fromEffect(Effect.as(Effect.sleep(10), bytes(1)))
        const request = yield* start(pool.open({ url, method: "POST", body }))
        made[0]!.head()
        const exchange = yield* Fiber.join(request)
        yield* TestClock.adjust(10)
        strictEqual((yield* failsWith("ConnectionLost", exchange.bytes)).cause, broken)
        yield* assertAtRest(pool)
      }))
  })

  it.effect("like a script that throws, is a defect of the request", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          for (const body of ["a", Stream.make(bytes(1))]) {
            strictEqual(defectOf(yield* Effect.exit(pool.execute({ url, method: "POST", body }))), broken)
          }
          yield* assertAtRest(pool)
        }),
      { respond: throwing }
    ))
})

describe("a transport that refuses", () => {
  it.effect("a send, since it is gone already, is a lost connection", () => {
    const { connect } = puppets((puppet) => {
      puppet.send = (_: Connection.WireRequest, observer: Connection.ExchangeObserver) =>
        observer.onFailure({ kind: "Lost", reason: "closed" })
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const body = Stream.make(bytes(1))
        for (const request of [{ url }, { url, method: "POST", body }]) {
          const error = yield* failsWith("ConnectionLost", pool.execute(request))
          deepStrictEqual([error.progress, error.reason], ["not-sent", "closed"])
        }
        yield* assertAtRest(pool)
      }))
  })

  it.effect("every idle check costs no request: the waiter dials", () => {
    const { connect, made } = puppets((puppet) => {
      let checks = 0
      puppet.checkIdle = (done) => done(checks++ === 0)
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        for (const id of [0, 1, 2]) {
          const request = yield* start(pool.execute({ url }))
          const puppet = made.at(-1)!
          puppet.head(0)
          puppet.end()
          strictEqual((yield* Fiber.join(request)).connectionId, id)
        }
        deepStrictEqual((yield* pool.stats).closedBy, { server_close: 2 })
        deepStrictEqual(made.map(({ calls }) => calls.at(-1)), ["close", "close", "send GET /"])
      }))
  })
})

describe("an answer that comes before the request's body was sent", () => {
  it.effect("is an answer; the source is ended and the connection not used again", () => {
    const { connect, made } = puppets()
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        let ended = false
        const body = Stream.concat(Stream.make(bytes(3)), Stream.never).pipe(
          Stream.ensuring(Effect.sync(() => {
            ended = true
          }))
        )
        const request = yield* start(pool.execute({ url, method: "POST", body }))
        const puppet = made[0]!
        puppet.head(0, 413)
        puppet.end(false)
        strictEqual((yield* Fiber.join(request)).status, 413)
        yield* settle
        assertTrue(ended)
        deepStrictEqual(puppet.calls, ["send POST /", "write 3", "close"])
        yield* assertAtRest(pool)
      }))
  })
})

describe("C3 a transport", () => {
  it.effect("C3 is paused when more than 64 KiB are unread, and resumed when they are taken", () => {
    const { connect, made } = puppets()
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const request = yield* start(pool.open({ url }))
        const puppet = made[0]!
        puppet.head()
        const exchange = yield* Fiber.join(request)
        puppet.piece(64 * 1024)
        deepStrictEqual(puppet.calls, ["send GET /"])
        puppet.piece(1)
        puppet.piece(1)
        deepStrictEqual(puppet.calls, ["send GET /", "pause"])
        const reader = yield* start(exchange.bytes)
        deepStrictEqual(puppet.calls, ["send GET /", "pause", "resume"])
        puppet.end()
        strictEqual((yield* Fiber.join(reader)).length, 64 * 1024 + 2)
        yield* assertAtRest(pool)
      }))
  })

  it.effect("C8 whose body stops in the middle is timed out from the last piece on", () => {
    const { connect, made } = puppets()
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        const puppet = made[0]!
        puppet.head()
        yield* TestClock.adjust(600)
        puppet.piece(1)
        yield* TestClock.adjust(999)
        deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
        yield* TestClock.adjust(1)
        strictEqual((yield* joinFailure("RequestTimeout", request)).option, "bodyTimeout")
        yield* assertAtRest(pool)
      }), { bodyTimeout: 1000 })
  })
})

describe("a transport that does not stop dialling", () => {
  /** Dials that take a second, whatever happens. */
  const stubborn: ReturnType<typeof puppets>["connect"] = (target) =>
    Effect.uninterruptible(Effect.delay(puppets().connect(target), 1000))

  for (const [why, request] of [["was given up", { url }], ["has timed out", { url, timeout: 10 }]] as const) {
    it.effect(`for a request that ${why} keeps no place`, () =>
      withConnector(stubborn, (pool) =>
        Effect.gen(function*() {
          const first = yield* start(pool.execute(request))
          yield* TestClock.adjust(10)
          yield* Fiber.interrupt(first)
          deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
          const second = yield* start(pool.execute({ url }))
          deepStrictEqual(yield* counts(pool), [1, 0, 0, 1])
          yield* TestClock.adjust(1000)
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          yield* Fiber.interrupt(second)
          yield* assertAtRest(pool)
          deepStrictEqual(yield* pool.connections, [])
        }), { maxConnectionsPerOrigin: 1 }))
  }

  it.effect("when connectTimeout is over fails its request in time", () =>
    withConnector(stubborn, (pool) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        yield* TestClock.adjust(500)
        yield* joinFailure("ConnectTimeout", request)
        yield* assertAtRest(pool)
        yield* TestClock.adjust(500)
        yield* assertAtRest(pool)
      }), { connectTimeout: 500 }))
})

describe("connections that come together", () => {
  it.effect("of which one dies while the other is given out: its waiter waits on", () => {
    const { connect, made } = puppets((puppet) => {
      if (made.length > 0) return
      puppet.send = (request, observer) => {
        made[1]!.confirmClose("closed")
        puppet.calls.push(`send ${request.target}`)
        puppet.observer = observer
      }
    })
    let dials = 0
    return withConnector((target) => dials++ < 2 ? Effect.never : connect(target), (pool) =>
      Effect.gen(function*() {
        const first = yield* start(pool.execute({ url: `${url}1` }))
        const second = yield* start(pool.execute({ url: `${url}2` }))
        yield* pool.warmUp([url], { connections: 4 })
        deepStrictEqual(yield* counts(pool), [2, 1, 0, 1])
        made[0]!.head(0)
        made[0]!.end()
        yield* Fiber.join(first)
        deepStrictEqual(made.map(({ calls }) => calls), [["send /1", "send /2"], ["close"]])
        yield* Fiber.interrupt(second)
        yield* pool.drain(0)
        yield* assertAtRest(pool)
      }))
  })
})

describe("a final answer while the body is still being sent", () => {
  it.effect("is given to the caller, and the connection is not used again, whatever the transport says", () => {
    const { connect, made } = puppets()
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const body = Stream.concat(Stream.make(bytes(10)), Stream.never)
        const request = yield* start(pool.execute({ method: "POST", url, body }))
        made[0]!.head(0, 413)
        made[0]!.end(true)
        strictEqual((yield* Fiber.join(request)).status, 413)
        deepStrictEqual(made[0]!.calls, ["send POST /", "write 10", "close"])
        yield* assertAtRest(pool)
      }))
  })
})
