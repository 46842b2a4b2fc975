import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Logger, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolError, PoolRequest, PoolResponse } from "../src/index.js"
import { assertAtRest, counts, settle, url, withPool } from "./support/pool.js"

/** How a request ended, in words, for each time that somebody was told. */
const run = (pool: ConnectionPool.Service, request: PoolRequest.PoolRequest) => {
  const told: Array<string> = []
  const word = (exit: Exit.Exit<PoolResponse.PoolResponse, PoolError.PoolError>) =>
    Exit.match(exit, {
      onSuccess: ({ text }) => `answered: ${text}`,
      onFailure: (cause) => cause._tag === "Fail" ? cause.error._tag : cause._tag
    })
  const giveUp = pool.unsafeExecute(request, (exit) => void told.push(word(exit)))
  return { told, giveUp }
}

describe("unsafeExecute", () => {
  it.effect("tells the answer, without a fiber", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const { told } = run(pool, { url, method: "POST", body: "hello" })
          yield* settle
          deepStrictEqual(told, ["answered: hello"])
          yield* assertAtRest(pool)
        }),
      { respond: ({ body }) => ({ body }) }
    ))

  it.effect("tells failures once, also before it returns", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          deepStrictEqual(run(pool, { url: "nowhere" }).told, ["InvalidRequest"])
          const refused = run(pool, { url })
          yield* settle
          deepStrictEqual(refused.told, ["ConnectFailed"])
          const late = run(pool, { url, timeout: 10 })
          yield* TestClock.adjust(50)
          deepStrictEqual(late.told, ["RequestTimeout"])
          yield* pool.drain()
          deepStrictEqual(run(pool, { url }).told, ["PoolClosed"])
        }),
      { connect: (_, dial) => dial === 0 ? { fail: "Refused" } : {}, respond: () => ({ never: true }) }
    ))

  it.effect("C2 what is given up leaves the queue, or closes its connection, at once, and nobody is told", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = run(pool, { url })
          yield* settle
          const second = run(pool, { url })
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 1])
          second.giveUp()
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          first.giveUp()
          first.giveUp()
          yield* settle
          deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
          yield* TestClock.adjust("1 minute")
          deepStrictEqual([first.told, second.told], [[], []])
          strictEqual(yield* network.dials, 1)
          yield* assertAtRest(pool)
        }),
      { respond: () => ({ never: true }) },
      { maxConnectionsPerOrigin: 1 }
    ))

  it.effect("to give up what is answered does nothing", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const { giveUp, told } = run(pool, { url })
        yield* settle
        giveUp()
        deepStrictEqual([told, yield* counts(pool)], [["answered: "], [0, 0, 1, 0]])
      })
    ))

  it.effect("sends a stream", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const { told } = run(pool, {
            url,
            method: "PUT",
            body: Stream.make(new Uint8Array([104]), new Uint8Array([105]))
          })
          yield* settle
          deepStrictEqual(told, ["answered: hi"])
        }),
      { respond: ({ body }) => ({ body }) }
    ))

  it.effect("a caller who throws is logged, and the pool goes on", () => {
    const logged: Array<string> = []
    const logger = Logger.make(({ message }) => void logged.push(String(message)))
    return withPool((pool) =>
      Effect.gen(function*() {
        pool.unsafeExecute({ url }, () => {
          throw new Error("mine")
        })
        yield* settle
        assertTrue(logged.some((line) => line.includes("a caller of unsafeExecute threw")), logged.join())
        yield* pool.execute({ url })
        yield* assertAtRest(pool)
      })
    ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  })
})
