// One pool, a server, and the loads one after another. After each second, or some of a long run, all comes to rest, garbage is
// collected, and the heap, the sockets and the latencies are noted.
import type { Percentiles } from "@connection-pool/benchmarks/percentiles"
import { LatencyHistogram } from "@connection-pool/benchmarks/percentiles"
import * as Servers from "@connection-pool/benchmarks/server"
import { workloads } from "@connection-pool/benchmarks/workloads"
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { PoolStats } from "@connection-pool/core/PoolStats"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Compilers from "../chaos/compilers.js"
import { usedHeap } from "../chaos/heap.js"
import { countSockets, socketStates } from "../chaos/osSockets.js"
import type { Slope } from "../chaos/regression.js"
import { slopeOf } from "../chaos/regression.js"
import type { Progress } from "../progress.js"
import type { Load } from "./loads.js"
import { connections, loads } from "./loads.js"

/** What was found at rest, behind a second of a load or several. */
export interface Rest {
  readonly load: string
  /** Seconds since the beginning. */
  readonly at: number
  /** Bytes. */
  readonly heap: number
  /** By the operating system's count; undefined where it has none. */
  readonly sockets: number | undefined
  /** Of the pool, by its own count. */
  readonly connections: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

export interface Phase {
  readonly name: string
  readonly title: string
  readonly requests: number
  /** By the server's count. */
  readonly answered: number
  readonly opened: number
  /** How many for which reason. */
  readonly closedBy: PoolStats["closedBy"]
  /** Part of the requests that went out on a connection that had served one, 0 to 1. */
  readonly reuse: number
  readonly latency: Percentiles
  /** Bytes a second; undefined: too few rests. */
  readonly heap: Slope | undefined
}

export interface Summary {
  readonly seconds: number
  readonly phases: ReadonlyArray<Phase>
  readonly rests: ReadonlyArray<Rest>
  readonly failed: number
  /** The first of them. */
  readonly failures: ReadonlyArray<string>
  /** Sockets that the pool does not know of, the most at any rest; and those left when the pool has ended. */
  readonly leaks: number
  readonly problems: ReadonlyArray<string>
  readonly good: boolean
}

export const leastReuse = 0.9865

/**
 * The first part of each phase, in which code is compiled and connections are opened, says nothing about growth. In the rest V8's
 * compilers stand still: their code is in the heap, too. `npm run soak` has V8 begin its notes of how a function is used at once, and
 * keep what it has compiled (docs/DESIGN.md, 13.37).
 */
const settling = 0.5

/** Seconds of each load before anything counts, at most, on a pool of its own: code that runs for the first time grows the heap. */
const warmUp = 4

/** Failures that are told. */
const examples = 5

/** Of a phase. A run of 30 minutes that rested after each second took more than 40. */
const mostRests = 180

/** Behind how many seconds of a load all comes to rest. */
export const secondsBetweenRests = (seconds: number): number => Math.ceil(seconds / mostRests)

const [rpc] = workloads

class Failures {
  readonly told: Array<string> = []
  count = 0

  add(failure: string): void {
    this.count++
    if (this.told.length < examples) this.told.push(failure)
  }
}

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(", ")

const closedSince = (before: PoolStats, after: PoolStats): PoolStats["closedBy"] =>
  Object.fromEntries(
    Object.entries(after.closedBy)
      .map(([reason, count]) =>
        [reason, count - (before.closedBy[reason as keyof PoolStats["closedBy"]] ?? 0)] as const
      )
      .filter(([, count]) => count > 0)
  )

/** Notes of a phase that take the same memory from its beginning to its end. */
class Notes {
  readonly #columns = 6
  readonly #values: Float64Array
  #rests = 0

  constructor(rests: number) {
    this.#values = new Float64Array(rests * this.#columns)
  }

  get length(): number {
    return this.#rests
  }

  add(at: number, heap: number, sockets: number | undefined, connections: number, { p50, p99 }: Percentiles): void {
    this.#values.set([at, heap, sockets ?? NaN, connections, p50, p99], this.#columns * this.#rests++)
  }

  rests(load: string): ReadonlyArray<Rest> {
    return Array.from({ length: this.#rests }, (_, index) => {
      const [at = 0, heap = 0, sockets = NaN, connections = 0, p50 = 0, p99 = 0] = this.#values.subarray(
        this.#columns * index
      )
      return { load, at, heap, sockets: Number.isNaN(sockets) ? undefined : sockets, connections, p50, p99 }
    })
  }
}

interface Play {
  readonly pool: ConnectionPool.Service
  readonly url: string
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
  readonly failures: Failures
  /** Rests at which the system counts sockets that the pool does not know of. */
  readonly strays: Failures
  readonly socketsBefore: number
  readonly startedAt: number
}

const play = async (load: Load, seconds: number, server: Servers.Server, given: Play) => {
  const { failures, pool, progress, signal, socketsBefore, startedAt, strays, url } = given
  const whole = new LatencyHistogram()
  const lately = new LatencyHistogram()
  const between = secondsBetweenRests(seconds)
  const notes = new Notes(Math.ceil(seconds / between))
  let requests = 0
  let second = 0
  const request = { url, method: rpc.method, headers: rpc.headers, body: rpc.body } as const
  const one = pool.execute(request).pipe(Effect.flatMap((response) => response.json))
  const call = async (): Promise<void> => {
    const since = performance.now()
    requests++
    const exit = await Effect.runPromiseExit(one)
    const latency = performance.now() - since
    whole.record(latency)
    lately.record(latency)
    if (Exit.isFailure(exit)) failures.add(String(exit.cause))
    else if (!rpc.isRight(exit.value)) failures.add(`a wrong answer: ${JSON.stringify(exit.value)}`)
  }
  const before = await Effect.runPromise(pool.stats)
  await server.take()
  const rest = async (): Promise<string> => {
    const heap = await usedHeap()
    const all = countSockets()
    const known = Effect.runSync(pool.connections).length
    const at = (performance.now() - startedAt) / 1_000
    const sockets = all === undefined ? undefined : all - socketsBefore
    if (sockets !== undefined && sockets > known) {
      const { closedBy } = Effect.runSync(pool.stats)
      strays.add(
        `after ${at.toFixed(1)} s, ${load.name}: ${sockets} sockets, of which the pool knows ${known}; all there are: ${
          inWords(socketStates() ?? {})
        }; closed so far: ${inWords(closedBy)}`
      )
    }
    notes.add(at, heap, sockets, known, lately.percentiles)
    lately.reset()
    return `${load.name}: heap ${(heap / 2 ** 20).toFixed(2)} MiB, ${known} connections`
  }
  const playUntil = async (end: number): Promise<void> => {
    while (second < end && !signal.aborted) {
      await load.second(call, signal)
      second++
      progress(second % between === 0 || second === seconds ? await rest() : load.name)
    }
  }
  await playUntil(Math.floor(seconds * settling))
  const unsettled = notes.length
  await Compilers.standingStill(() => playUntil(seconds))
  const after = await Effect.runPromise(pool.stats)
  const { requests: answered } = await server.take()
  const rests = notes.rests(load.name)
  const phase: Phase = {
    name: load.name,
    title: load.title,
    requests,
    answered,
    opened: after.opened - before.opened,
    closedBy: closedSince(before, after),
    reuse: (after.reused - before.reused) / (after.requests - before.requests),
    latency: whole.percentiles,
    heap: slopeOf(rests.slice(unsettled).map(({ at, heap }) => ({ x: at, y: heap })))
  }
  return { phase, rests }
}

const leaksOf = (rests: ReadonlyArray<Rest>): number =>
  Math.max(0, ...rests.map(({ connections, sockets }) => sockets === undefined ? 0 : sockets - connections))

const problemsOf = (
  phases: ReadonlyArray<Phase>,
  leaks: number,
  strays: ReadonlyArray<string>,
  failures: number
): ReadonlyArray<string> => [
  ...phases.flatMap(({ answered, heap, name, requests, reuse }) => [
    ...(reuse >= leastReuse ? [] : [`${name}: ${(100 * reuse).toFixed(2)} % were on a reused connection`]),
    ...(answered === requests ? [] : [`${name}: ${requests} requests, and the server answered ${answered}`]),
    ...(heap === undefined || heap.low <= 0 ? [] : [`${name}: the heap grows`])
  ]),
  ...(leaks === 0 ? [] : [`${leaks} sockets leaked`, ...strays]),
  ...(failures === 0 ? [] : [`${failures} requests failed`])
]

const withPool = <A>(use: (pool: ConnectionPool.Service) => Promise<A>): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(
    NodeConnectionPool.make({ name: "soak", maxConnectionsPerOrigin: connections }),
    (pool) => Effect.promise(() => use(pool))
  )))

/** Ends early, with what there is, when `signal` is aborted. */
export const run = async (seconds: number, progress: Progress, signal: AbortSignal): Promise<Summary> => {
  const servers = await Servers.start()
  try {
    const server = await servers.serverFor(rpc)
    if (server === undefined) throw new Error("our own server is always there")
    const socketsBefore = countSockets() ?? 0
    const startedAt = performance.now()
    const url = `${servers.origin}${rpc.path}`
    const rests: Array<Rest> = []
    const failures = new Failures()
    const strays = new Failures()
    const phases: Array<Phase> = []
    const each = Math.ceil(seconds / loads.length)
    const given = { url, signal, failures, strays, socketsBefore, startedAt }
    await withPool(async (pool) => {
      for (const load of loads) await play(load, Math.min(each, warmUp), server, { ...given, pool, progress: () => {} })
    })
    let done = 0
    const say = (text: string): void => progress.at(Math.min(seconds, ++done), text)
    await withPool(async (pool) => {
      for (const load of loads) {
        if (signal.aborted) break
        const found = await play(load, each, server, { ...given, pool, progress: say })
        phases.push(found.phase)
        rests.push(...found.rests)
      }
    })
    await usedHeap() // lets the loop go round
    const leaks = Math.max(leaksOf(rests), (countSockets() ?? socketsBefore) - socketsBefore)
    const problems = problemsOf(phases, leaks, strays.told, failures.count)
    return {
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      phases,
      rests,
      failed: failures.count,
      failures: failures.told,
      leaks,
      problems,
      good: problems.length === 0
    }
  } finally {
    await servers.close()
  }
}
