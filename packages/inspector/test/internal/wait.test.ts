import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { waitOf } from "../../src/internal/wait.js"
import { poolLayer } from "../support/inspected.js"

describe("the longest waiter", () => {
  it.effect("is nobody while everybody has a connection", () =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      yield* Effect.fork(pool.execute({ url: "http://a.test/" }))
      yield* TestClock.adjust("1 second")
      expect(waitOf(yield* pool.diagnose)).toBeNull()
    }).pipe(
      Effect.provide(poolLayer({ respond: () => ({ never: true }) }, { maxConnectionsPerOrigin: 1, drainTimeout: 0 }))
    ))

  it.effect("is told with those who hold the connections of its origin, the longest first", () =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      for (const path of ["a", "b", "c", "d", "e", "f", "g", "h", "i"]) {
        yield* Effect.fork(pool.execute({ url: `http://a.test/${path}?key=secret` }))
        yield* TestClock.adjust("1 second")
      }
      for (const url of ["http://b.test/1", "http://b.test/2"]) yield* Effect.fork(pool.execute({ url }))
      yield* TestClock.adjust("1 second")
      const wait = waitOf(yield* pool.diagnose)
      expect(wait).toMatchObject({
        origin: "http://a.test",
        request: "GET /h",
        waitedFor: 3_000,
        others: 1,
        summary: expect.stringContaining("7 of 7 connections are busy"),
        moreHolders: 2
      })
      expect(wait!.holders.map(({ heldFor, request }) => [request, heldFor])).toEqual([
        ["GET /a", 10_000],
        ["GET /b", 9_000],
        ["GET /c", 8_000],
        ["GET /d", 7_000],
        ["GET /e", 6_000]
      ])
    }).pipe(
      Effect.provide(poolLayer({ respond: () => ({ never: true }) }, { maxConnectionsPerOrigin: 7, drainTimeout: 0 }))
    ))
})
