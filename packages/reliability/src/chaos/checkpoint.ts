// What has to be so when nobody asks for anything: the pools' books balance, and the operating system counts the same sockets.
import * as Effect from "effect/Effect"
import type { Pool } from "./callers.js"
import { usedHeap } from "./heap.js"
import type { Ledger } from "./ledger.js"
import { countSockets } from "./osSockets.js"
import type { Pools } from "./pools.js"

/** Milliseconds until bodies that nobody reads have ended, and the system has closed what we have. */
const patience = 5_000

const tick = Effect.sleep("20 millis")

/** Looks again until nothing is wrong, or for too long. */
const eventually = (look: Effect.Effect<string | undefined>): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const end = performance.now() + patience
    let wrong = yield* look
    while (wrong !== undefined && performance.now() < end) {
      yield* tick
      wrong = yield* look
    }
    return wrong
  })

const atRest = ({ service }: Pool): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const stats = yield* service.stats
    const { active, closed, connecting, idle, opened, origins, waiting } = stats
    if (active + connecting + waiting > 0) return `at rest: ${stats}`
    if (opened - closed !== idle) return `${opened} opened, ${closed} closed, ${idle} idle`
    const connections = yield* service.connections
    if (connections.length !== idle) return `${connections.length} connections, ${idle} idle`
    const ofOrigins = origins.reduce((sum, origin) => sum + origin.idle, 0)
    return ofOrigins === idle ? undefined : `${idle} idle, ${ofOrigins} at the origins`
  })

/** The system's count against the pools'. */
const socketsAsBooked = (pools: Pools): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const stats = yield* Effect.forEach(pools.all, ({ service }) => service.stats)
    const idle = stats.reduce((sum, { idle }) => sum + idle, 0)
    const counted = countSockets()
    return counted === undefined || counted === idle ? undefined : `${counted} sockets, ${idle} connections`
  })

const socketsLeft = Effect.sync(() => {
  const counted = countSockets() ?? 0
  return counted === 0 ? undefined : `${counted} sockets though every connection is closed`
})

/** Resolves with the bytes of heap in use. */
export const check = (pools: Pools, ledger: Ledger): Effect.Effect<number> =>
  Effect.gen(function*() {
    for (const pool of pools.all) {
      const wrong = yield* eventually(atRest(pool))
      if (wrong !== undefined) ledger.wrong("books that do not balance", `the pool ${pool.service.name}: ${wrong}`)
    }
    const wrong = yield* eventually(socketsAsBooked(pools))
    if (wrong !== undefined) ledger.wrong("leaked sockets", wrong)
    yield* Effect.forEach(pools.all, ({ service }) => service.closeIdle)
    yield* checkNoSockets(ledger)
    return yield* Effect.promise(usedHeap)
  })

export const checkNoSockets = (ledger: Ledger): Effect.Effect<void> =>
  Effect.map(eventually(socketsLeft), (wrong) => {
    if (wrong !== undefined) ledger.wrong("leaked sockets", wrong)
  })
