import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { describe } from "vitest"
import { url, withPool } from "./support/pool.js"

describe("ConnectionPool", () => {
  it.effect("answers a request with status, headers and body", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const response = yield* pool.execute({ url })
          strictEqual(response.status, 201)
          strictEqual(response.text, "hello")
          strictEqual(response.headers["x-a"], "1")
          strictEqual(response.reused, false)
          const again = yield* pool.execute({ url })
          strictEqual(again.reused, true)
          const stats = yield* pool.stats
          deepStrictEqual([stats.opened, stats.requests, stats.reused, stats.idle], [1, 2, 1, 1])
        }),
      { respond: () => ({ status: 201, headers: { "X-A": "1" }, body: "hello" }) }
    ))

  it.effect("1000 callers on 50 connections are all answered", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const all = yield* Effect.forEach(
            Array.from({ length: 1000 }, (_, i) => i),
            (i) => pool.execute({ url: `${url}${i}` }),
            { concurrency: "unbounded" }
          )
          strictEqual(all.length, 1000)
          strictEqual(yield* network.mostOpen, 50)
          deepStrictEqual(
            (yield* network.requests).map((request) => request.url),
            Array.from({ length: 1000 }, (_, i) => `${url}${i}`)
          )
        }),
      { respond: () => ({ body: "hello" }) }
    ))
})
