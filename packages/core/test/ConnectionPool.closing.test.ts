/** Transports whose closes are slow, never confirmed or broken, and what opens just when the pool ends. */
import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import { ConnectionPool, Connector, PoolError } from "../src/index.js"
import { assertAtRest, joinFailure, settle, start, url, withConnector } from "./support/pool.js"
import { Puppet, puppets } from "./support/puppet.js"

type Connect = (typeof Connector.Connector)["Service"]["connect"]

describe("a transport that closes slowly", () => {
  it.effect("keeps the place of nobody, and is counted until it is gone", () => {
    const { connect, made } = puppets((puppet) => {
      puppet.confirms = false
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const first = yield* start(pool.execute({ url }))
        yield* Fiber.interrupt(first)
        const second = yield* start(pool.execute({ url }))
        strictEqual(made.length, 2)
        deepStrictEqual((yield* pool.connections).map(({ state }) => state), ["closing", "active"])
        made[0]!.confirmClose("local")
        deepStrictEqual((yield* pool.connections).map(({ state }) => state), ["active"])
        yield* Fiber.interrupt(second)
        made[1]!.confirmClose("local")
      }), { maxConnectionsPerOrigin: 1 })
  })

  it.effect("C10 does not hold up a drain for more than a second, and is reported", () => {
    const { connect, made } = puppets((puppet) => {
      puppet.confirms = false
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        yield* start(pool.execute({ url }))
        const drain = yield* start(pool.drain(500))
        yield* TestClock.adjust(1500)
        deepStrictEqual(yield* Fiber.join(drain), { answered: 0, cutOff: 1, unclosed: 1, elapsed: 1500 })
        made[0]!.confirmClose("local")
      }))
  })

  it.effect("C10 does not hold up a drain that the pool's end has overtaken, or one that is asked for later", () => {
    const { connect, made } = puppets((puppet) => {
      puppet.confirms = false
    })
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      const pool = yield* ConnectionPool.make({ drainTimeout: 500 }).pipe(
        Effect.provideService(Connector.Connector, { connect }),
        Scope.extend(scope)
      )
      yield* start(pool.execute({ url }))
      const longer = yield* start(pool.drain("1 hour"))
      const release = yield* start(Scope.close(scope, Exit.void))
      yield* TestClock.adjust(1500)
      yield* Fiber.join(release)
      strictEqual((yield* Fiber.join(longer)).unclosed, 1)
      deepStrictEqual(yield* pool.drain("1 hour"), { answered: 0, cutOff: 0, unclosed: 1, elapsed: 0 })
      made[0]!.confirmClose("local")
    })
  })
})

describe("a transport that throws from close", () => {
  it.effect("loses that connection, and nothing else: the orders behind it are carried out", () => {
    const { connect, made } = puppets((puppet) => {
      if (made.length > 0) return
      puppet.close = () => {
        throw new Error("broken transport")
      }
    })
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const first = yield* start(pool.execute({ url }))
        const second = yield* start(pool.execute({ url }))
        yield* Fiber.interrupt(first)
        deepStrictEqual(made.map(({ calls }) => calls), [["send GET /"], ["send GET /"]])
        yield* Fiber.interrupt(second)
        deepStrictEqual((yield* pool.connections).map(({ state }) => state), ["closing"])
        const drain = yield* start(pool.drain(0))
        yield* TestClock.adjust("2 seconds")
        strictEqual((yield* Fiber.join(drain)).unclosed, 1)
        made[0]!.confirmClose("local")
      }), { maxConnectionsPerOrigin: 1 })
  })
})

describe("C10 a connection that comes", () => {
  it.effect("C10 in the very moment in which a drain begins is closed", () => {
    const made: Array<Puppet> = []
    let atOnce = () => {}
    const connect = () =>
      Effect.zipRight(
        Effect.sleep(10),
        Effect.sync(() => {
          atOnce()
          const puppet = new Puppet()
          made.push(puppet)
          return puppet
        })
      )
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        atOnce = () => Effect.runFork(pool.drain(0))
        const request = yield* start(pool.execute({ url }))
        yield* TestClock.adjust(10)
        yield* joinFailure("PoolClosed", request)
        deepStrictEqual(made.map(({ calls }) => calls), [["close"]])
        yield* assertAtRest(pool)
        deepStrictEqual(yield* pool.connections, [])
      }))
  })
})

describe("C10 a stream whose headers have just come", () => {
  it.effect("has a scope, so that a drain in that very moment lets it go on", () => {
    const { connect, made } = puppets()
    return withConnector(connect, (pool) =>
      Effect.gen(function*() {
        const whole = Effect.scoped(Effect.flatMap(pool.stream({ url }), ({ body }) => Stream.runCount(body)))
        const reader = yield* start(whole)
        made[0]!.head(3)
        const drain = yield* Effect.forkDaemon(pool.drain(1000))
        yield* settle
        made[0]!.piece(3)
        made[0]!.end()
        strictEqual(yield* Fiber.join(reader), 1)
        strictEqual((yield* Fiber.join(drain)).answered, 1)
      }))
  })
})

describe("a connector made of Effect.async and a canceller", () => {
  /** Its dials succeed when the story says so. */
  const opensAtWord = () => {
    const made: Array<Puppet> = []
    const words: Array<() => void> = []
    const connect: Connect = () =>
      Effect.async((resume) => {
        let opened: Puppet | undefined
        words.push(() => {
          opened = new Puppet()
          made.push(opened)
          resume(Effect.succeed(opened))
        })
        return Effect.sync(() => opened?.close())
      })
    return { connect, made, open: () => words.shift()!() }
  }
  const ways: Readonly<Record<string, (connect: Connect) => Connect>> = {
    "by itself": (connect) => connect,
    "below a timeout": (connect) => (target) =>
      Effect.timeoutFail(connect(target), {
        duration: "1 minute",
        onTimeout: () => new PoolError.ConnectTimeout({ origin: "", progress: "not-sent", timeout: 60_000 })
      })
  }

  for (const [way, change] of Object.entries(ways)) {
    it.effect(`${way}, loses no connection that opens in the very moment in which its dial is given up`, () => {
      const { connect, made, open } = opensAtWord()
      return withConnector(change(connect), (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          // One step: between the two no fiber runs.
          yield* Effect.sync(() => {
            Effect.runFork(pool.drain(0))
            open()
          })
          yield* joinFailure("PoolClosed", request)
          yield* settle
          deepStrictEqual(made.map(({ calls }) => calls), [["close"]])
          yield* assertAtRest(pool)
          deepStrictEqual(yield* pool.connections, [])
        }))
    })
  }
})
