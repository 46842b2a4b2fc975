// The JavaScript heap that an idle connection holds, measured in a pool of its own.
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { PoolError } from "@connection-pool/core/PoolError"
import * as Effect from "effect/Effect"
import * as v8 from "node:v8"
import * as vm from "node:vm"
import { settle } from "./eventLoop.js"

v8.setFlagsFromString("--expose-gc")
const collectGarbage: () => void = vm.runInNewContext("gc")

export const connections = 50

/** In the first rounds the code that opens and closes connections is compiled, which takes heap too. */
const rounds = 3

/** Bytes in use when everything that nobody needs has gone. */
export const used: Effect.Effect<number> = Effect.gen(function*() {
  for (let i = 0; i < 3; i++) {
    yield* settle
    collectGarbage()
  }
  return process.memoryUsage().heapUsed
})

/** Opens connections, sends a request on each, and measures the heap with them and after they were closed. */
const round = (pool: ConnectionPool.Service, url: URL): Effect.Effect<number, PoolError> =>
  Effect.gen(function*() {
    yield* pool.warmUp([url], { connections })
    yield* Effect.forEach(
      Array.from({ length: connections }),
      () => pool.execute({ method: "POST", url, body: "{}" }),
      {
        concurrency: "unbounded",
        discard: true
      }
    )
    const withThem = yield* used
    const closed = yield* pool.closeIdle
    return Math.round((withThem - (yield* used)) / closed)
  })

/** Bytes of one idle connection. */
export const perConnection = (pool: ConnectionPool.Service, url: URL): Effect.Effect<number, PoolError> =>
  Effect.map(Effect.replicateEffect(round(pool, url), rounds), (measured) => measured.at(-1) ?? 0)
