// What a pool does beside its requests, with very many connections or waiters: it must not hold up the program.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { BrokenRun } from "./brokenRun.js"
import type { Contender } from "./contender.js"
import * as crowd from "./crowd.js"
import { playerProcess } from "./player.js"
import type { Crowded } from "./server.js"
import { spread } from "./statistics.js"
import type { Workload } from "./workload.js"

export interface Chores {
  /** All waiters of a pool give up at the same time; for each of them, the median of the rounds. */
  readonly cancelled: ReadonlyArray<{ readonly waiters: number; readonly microseconds: number }>
  /**
   * Very many connections that became idle at the same time are closed when their time is over: the worst delay, in milliseconds;
   * the median of the endings, since a process that does nothing is held up now and then, too.
   */
  readonly idleEnds: { readonly connections: number; readonly loopDelay: number }
}

export interface Plan {
  /** Ours. */
  readonly contender: Contender
  readonly workload: Workload
  readonly connections: number
  /** How often they end. */
  readonly endings: number
  /** The fewest first. */
  readonly waiters: ReadonlyArray<number>
  readonly onTurn: (text: string) => void
}

const rounds = 5

/** Microseconds for each of so many fibers that wait for the only connection, which is taken. */
const cancel = (url: string, waiters: number) =>
  Effect.gen(function*() {
    const pool = yield* ConnectionPool.ConnectionPool
    const fibers = yield* Effect.replicateEffect(Effect.fork(pool.execute({ url })), waiters)
    while ((yield* pool.stats).waiting < waiters) yield* Effect.yieldNow()
    const since = performance.now()
    yield* Fiber.interruptAll(fibers)
    const took = performance.now() - since
    const { waiting } = yield* pool.stats
    if (waiting > 0) return yield* Effect.fail(new BrokenRun(`${waiting} of ${waiters} waiters did not give up`))
    return 1_000 * took / waiters
  })

const cancelAll = (url: string, { onTurn, waiters }: Plan) =>
  Effect.gen(function*() {
    const pool = yield* ConnectionPool.ConnectionPool
    const holder = yield* Effect.fork(pool.execute({ url }))
    while ((yield* pool.stats).active === 0) yield* Effect.sleep(1)
    const found: Array<Chores["cancelled"][number]> = []
    yield* cancel(url, 10_000) // to warm up
    for (const count of waiters) {
      onTurn(`${count.toLocaleString("en-US")} waiters give up`)
      const each = yield* Effect.replicateEffect(cancel(url, count), rounds)
      found.push({ waiters: count, microseconds: spread(each).median })
    }
    yield* Fiber.interrupt(holder)
    return found
  }).pipe(
    Effect.provide(
      NodeConnectionPool.layer({
        maxConnectionsPerOrigin: 1,
        maxWaiting: Math.max(10_000, ...waiters),
        acquireTimeout: "none",
        headersTimeout: "none"
      })
    )
  )

/** Milliseconds that the connections are kept. */
const idleFor = 1_500

const watchedFor = idleFor + 2_000

const watchIdleEnds = async (
  { connections, contender, endings, onTurn, workload }: Plan,
  servers: Crowded
): Promise<Chores["idleEnds"]> => {
  const server = await servers.serverFor(workload)
  if (server === undefined) throw new BrokenRun("our own server is always there")
  onTurn(`${connections.toLocaleString("en-US")} idle connections end`)
  const player = await playerProcess(contender, { ...server, workload, connections, idleFor })
  try {
    const delays: Array<number> = []
    while (delays.length < endings) {
      await crowd.gather(player, servers, connections)
      await servers.idleEnds()
      await crowd.release(player, servers)
      await player.memory() // what the requests left is not the chore's garbage
      delays.push(await player.rest(watchedFor))
      const ended = (await servers.idleEnds()).length
      if (ended < connections) throw new BrokenRun(`${ended} of ${connections} idle connections were closed`)
    }
    return { connections, loopDelay: spread(delays).median }
  } finally {
    await player.close()
  }
}

/** How often `onTurn` will be called. */
export const turnsOf = ({ waiters }: Pick<Plan, "waiters">): number => waiters.length + 1

export const measure = async (plan: Plan, servers: Crowded): Promise<Chores> => {
  const server = await servers.serverFor(plan.workload)
  if (server === undefined) throw new BrokenRun("our own server is always there")
  await servers.hold()
  const cancelled = await Effect.runPromise(cancelAll(`${server.origins[0]}${plan.workload.path}`, plan))
  await servers.release()
  return { cancelled, idleEnds: await watchIdleEnds(plan, servers) }
}
