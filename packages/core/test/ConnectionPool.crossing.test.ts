import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { describe } from "vitest"
import type { PoolStats, TestConnector } from "../src/index.js"
import { assertAtRest, url, withPool } from "./support/pool.js"

/** Numbers that look random and are the same every time. */
const numbers = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Everything that can happen to an answer, by the number in its URL. */
const reply = (request: TestConnector.TestRequest, pick: (below: number) => number): TestConnector.TestReply => {
  const text = `${request.url} ${request.body}`
  const half = Math.floor(text.length / 2)
  const body = [text.slice(0, half), text.slice(half)]
  const delay = 5 * pick(4)
  switch (pick(8)) {
    case 0:
      return { body, delay, breaks: { how: "reset" } }
    case 1:
      return { body, delay, breaks: { how: "closed", afterBytes: half } }
    case 2:
      return { body, delay, keepAlive: false }
    case 3:
      return { body, delay, pieceDelay: 5 }
    case 4:
      return { body, sized: false }
    default:
      return { body, delay }
  }
}

describe("C12 answers are never crossed", () => {
  for (const seed of [1, 2, 3]) {
    it.effect(`C12 200 requests on 5 connections that delay, break and are interrupted get their own (seed ${seed})`, () => {
      const pick = numbers(seed)
      return withPool(
        (pool, network) =>
          Effect.gen(function*() {
            const fibers = yield* Effect.forEach(Array.from({ length: 200 }, (_, i) => i), (i) =>
              Effect.fork(
                i % 3 === 0
                  ? Effect.flatMap(
                    pool.open({ url: `${url}${i}`, method: "POST", body: `body ${i}` }),
                    (exchange) => Effect.map(exchange.bytes, (bytes) => new TextDecoder().decode(bytes))
                  )
                  : Effect.map(
                    pool.execute({ url: `${url}${i}`, method: "POST", body: `body ${i}` }),
                    ({ text }) => text
                  )
              ))
            let answered = 0
            let stats: PoolStats.PoolStats
            do {
              yield* TestClock.adjust(5)
              yield* Fiber.interrupt(fibers[pick(200)]!)
              stats = yield* pool.stats
            } while (stats.waiting + stats.active + stats.connecting > 0)
            for (const [i, fiber] of fibers.entries()) {
              const exit = yield* Fiber.await(fiber)
              if (Exit.isFailure(exit)) continue
              strictEqual(exit.value, `${url}${i} body ${i}`)
              answered++
            }
            assertTrue(answered > 60)
            assertTrue((yield* network.mostOpen) <= 5)
            yield* assertAtRest(pool)
          }),
        { respond: (request) => reply(request, pick) },
        { maxConnectionsPerOrigin: 5 }
      )
    })
  }

  it.effect("C12 what comes late for a request that was interrupted reaches nobody", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(pool.execute({ url: `${url}1` }))
          yield* TestClock.adjust(50)
          yield* Fiber.interrupt(first)
          const second = yield* Effect.fork(pool.execute({ url: `${url}2` }))
          yield* TestClock.adjust(100)
          strictEqual((yield* Fiber.join(second)).text, `${url}2`)
          deepStrictEqual((yield* network.requests).map(({ connection }) => connection), [0, 1])
        }),
      { respond: ({ url }) => ({ delay: 100, body: url }) },
      { maxConnectionsPerOrigin: 1 }
    ))
})
