// The long run: steady calls and bursts, for reuse, leaks and the growth of the heap.
import { look, newResources, newSockets } from "@connection-pool/demo/osView"
import type { ConnectionPoolCore, ConnectionPoolCoreOptions } from "@connection-pool/platform-node/ConnectionPoolCore"
import * as Compilers from "@connection-pool/reliability/chaos/compilers"
import { performance } from "node:perf_hooks"
import { setTimeout } from "node:timers/promises"
import * as Pools from "../pools.js"
import type { Measure, Row, Setting } from "../row.js"
import type { SiteReport } from "../server/messages.js"
import type { Site } from "../server/servers.js"
import { slope } from "../statistics.js"
import { count, megabytes, percent } from "../words.js"

/** Of the replaced system. */
const demandedReuse = 0.9865
const demandedOperations = 5_390

/** Of each load. The same number in a run of any length, so that the targets can be the same. */
const operations = 6_000
const burst = 100
const samples = 60

/** In the first samples the connections of the bursts are opened. */
const firstSamples = 6

/** Bytes of growth for each request that the interval must exclude: less than any object that could be kept of one. */
const mostKept = 16

export interface Load {
  readonly name: string
  readonly shape: string
  readonly options: ConnectionPoolCoreOptions
  /** Requests at a time. */
  readonly atOnce: number
}

const maxSockets = 50

export const loads: ReadonlyArray<Load> = [
  { name: "steady", shape: "one after the other, evenly, the class's own defaults", options: {}, atOnce: 1 },
  {
    name: "bursts",
    shape: `bursts of ${burst} on ${maxSockets} sockets, all of which may stay idle`,
    options: { maxSockets, maxFreeSockets: maxSockets },
    atOnce: burst
  }
]

/** Not judged: what the default costs. */
const halfKept: Load = {
  name: "bursts, half kept",
  shape: `bursts of ${burst} on ${maxSockets} sockets, half of which may stay idle, as is the class's default`,
  options: { maxSockets },
  atOnce: burst
}

/** What became of a load. */
export interface Played {
  readonly load: Load
  readonly requests: number
  readonly reused: number
  readonly failures: ReadonlyArray<string>
  /** By the pool's own count. */
  readonly poolReuse: number
  readonly poolLeaks: number
  readonly server: SiteReport
}

/** As many requests as asked for, evenly over the duration; later where the machine cannot: a turn waits for the one before. */
const play = async (
  load: Load,
  pool: ConnectionPoolCore,
  site: Site,
  operations: number,
  duration: number,
  signal: AbortSignal
): Promise<Played> => {
  const startedAt = performance.now()
  const turns = Math.ceil(operations / load.atOnce)
  const failures: Array<string> = []
  let requests = 0
  let reused = 0
  const one = async (): Promise<void> => {
    const body = { ...Pools.call, id: ++requests }
    try {
      const { data, reused: again } = await Pools.ask(pool, site.url, body)
      if ((data.echo as typeof body).id !== body.id) failures.push("an answer to another request")
      if (again) reused++
    } catch (error) {
      failures.push(String(error))
    }
  }
  for (let turn = 0; turn < turns && !signal.aborted; turn++) {
    const wait = startedAt + (turn / turns) * duration - performance.now()
    if (wait > 0) await setTimeout(wait)
    await Promise.all(Array.from({ length: load.atOnce }, one))
  }
  const { reusedConnections, socketLeaks, totalRequests } = pool.getMetrics()
  return {
    load,
    requests,
    reused,
    failures,
    poolReuse: reusedConnections / totalRequests,
    poolLeaks: socketLeaks,
    server: await site.report()
  }
}

/** The heap, after garbage collection, between the bursts: [seconds, bytes]. */
const sampleHeap = async (
  duration: number,
  signal: AbortSignal,
  onPart: (part: number) => void
): Promise<ReadonlyArray<readonly [number, number]>> => {
  const startedAt = performance.now()
  const taken: Array<readonly [number, number]> = []
  for (let i = 0; i < samples && !signal.aborted; i++) {
    const wait = startedAt + ((i + 0.5) / samples) * duration - performance.now()
    if (wait > 0) await setTimeout(wait)
    taken.push([(performance.now() - startedAt) / 1_000, await Pools.heapInUse()])
    onPart((i + 1) / samples)
  }
  return taken
}

const serverReuse = ({ accepted, answered }: SiteReport): number => (answered - accepted) / answered

export const reuseRow = ({ failures, load, poolReuse, requests, reused, server }: Played, seconds: number): Row => {
  const found = serverReuse(server)
  const byAnswers = reused / requests
  const agreed = Math.abs(found - byAnswers) < 1e-9 && Math.abs(found - poolReuse) < 1e-9
  return {
    name: `reuse, ${load.name}`,
    target: `≥ ${percent(demandedReuse)} of ≥ ${count(demandedOperations)}`,
    then: "98.65 % of 5,390",
    now: `${percent(found)} of ${count(server.answered)}`,
    good: found >= demandedReuse && server.answered >= demandedOperations && failures.length === 0 && agreed,
    profile: [
      `${count(requests)} calls in ${count(seconds)} s, ${load.shape}.`,
      `Sockets by the server's count: ${count(server.accepted)}; failed calls: ${count(failures.length)}.`,
      `Calls on a socket that had served one: ${percent(found)} by the server's count, ${
        percent(byAnswers)
      } by the answers, ` +
      `${percent(poolReuse)} by getMetrics().`,
      ...failures.slice(0, 5)
    ]
  }
}

/** Open sockets, as three parties see them: the operating system, which may not say, the servers, and the pools. */
export interface Sockets {
  readonly system: number | undefined
  readonly servers: number
  readonly pools: number
}

export interface Left {
  /** When all calls had been answered. */
  readonly atRest: Sockets
  /** When the pools had been closed. */
  readonly atEnd: Omit<Sockets, "pools">
  /** What keeps the event loop alive then, and did not before the run. */
  readonly resources: Readonly<Record<string, number>>
  /** Counted by the pools. */
  readonly reported: number
}

/** A socket that somebody else knows of, and the pools do not. */
const strays = ({ pools, servers, system = 0 }: Sockets): number => Math.max(system - pools, servers - pools, 0)

const inWords = ({ servers, system = NaN }: Omit<Sockets, "pools">): string =>
  `${Number.isNaN(system) ? "an unknown number" : system} by the operating system's count, ${servers} by the servers'`

export const leaksRow = ({ atEnd, atRest, reported, resources }: Left): Row => {
  const more = Object.entries(resources).map(([name, number]) => `${number} ${name}`)
  const leaked = Math.max(strays(atRest), strays({ ...atEnd, pools: 0 }), reported)
  return {
    name: "leaked sockets",
    target: "0",
    then: "0",
    now: count(leaked),
    good: leaked === 0 && more.length === 0,
    profile: [
      `Open when all calls had been answered: ${inWords(atRest)}, ${atRest.pools} by getStats().`,
      `Open when the pools had been closed: ${inWords(atEnd)}. Leaks by getMetrics(): ${reported}.`,
      `What keeps the event loop alive and was not there before: ${more.length === 0 ? "nothing" : more.join(", ")}.`
    ]
  }
}

export const growthRow = (
  heap: ReadonlyArray<readonly [number, number]>,
  seconds: number,
  requests: number
): Row => {
  const counted = heap.slice(firstSamples)
  const { lower, upper, value } = slope(counted)
  const over = (perSecond: number): string => megabytes(perSecond * seconds)
  const most = (upper * seconds) / requests
  const [first, last] = [counted[0]![1], counted.at(-1)![1]]
  return {
    name: "heap growth over the run",
    target: `none: < ${mostKept} bytes a call`,
    then: "−0.37 MB",
    now: `${over(value)} (${over(lower)} to ${over(upper)})`,
    good: most < mostKept,
    profile: [
      `A regression through ${counted.length} samples, each after garbage collection, over the run, with its 95 % interval, which ` +
      "allows for neighbours that resemble each other.",
      "V8's compilers stand still meanwhile: the code that they make is in the heap, too, and grows for minutes.",
      `In ${count(requests)} calls; good: at the interval's end, ${
        most.toFixed(1)
      } bytes for each, it is less than any object that ` +
      "could be kept of one.",
      `The first of these samples: ${megabytes(first)}; the last: ${megabytes(last)}.`
    ]
  }
}

const loadsOf = (quick: boolean): ReadonlyArray<Load> => quick ? loads : [...loads, halfKept]

/** Compiles what the run uses, and lets caches fill: so many requests of each load. */
const warmUp = async ({ quick, servers, signal }: Setting): Promise<void> => {
  for (const load of loadsOf(quick)) {
    const site = await servers.site()
    await Pools.using(Pools.open(load.options), (pool) => play(load, pool, site, quick ? 1_000 : 10_000, 0, signal))
  }
}

/** Of all endpoints. */
const connectionsOf = (pool: ConnectionPoolCore): number =>
  Object.values(pool.getStats()).reduce(
    (sum, { activeConnections, connectingConnections, idleConnections }) =>
      sum + activeConnections + connectingConnections + idleConnections,
    0
  )

/** Of all sites: as soon as each has no more than it should have, or a little later. */
const openAt = async (sites: ReadonlyArray<Site>, expected: (index: number) => number): Promise<number> => {
  const reports = await Promise.all(sites.map((site, index) => site.settled(expected(index), 2_000)))
  return reports.reduce((sum, { open }) => sum + open, 0)
}

export const measure: Measure = {
  name: "load",
  lasts: ({ quick, seconds }) => seconds + (quick ? 1 : 6),
  run: async (setting, onPart) => {
    const { quick, seconds, signal } = setting
    await warmUp(setting)
    const duration = 1_000 * seconds
    const before = look()
    const all = loadsOf(quick)
    const sites = await Promise.all(all.map(() => setting.servers.site()))
    const pools = await Promise.all(all.map(({ options }) => Pools.open(options)))
    const startedAt = performance.now()
    const [heap, ...played] = await Compilers.standingStill(() =>
      Promise.all([
        sampleHeap(duration, signal, onPart),
        ...all.map((load, i) => play(load, pools[i]!, sites[i]!, operations, duration, signal))
      ])
    )
    const took = (performance.now() - startedAt) / 1_000
    const known = pools.map(connectionsOf)
    const atRest: Sockets = {
      servers: await openAt(sites, (index) => known[index]!),
      system: newSockets(before, look()),
      pools: known.reduce((sum, connections) => sum + connections, 0)
    }
    await Promise.all(pools.map((pool) => pool.close()))
    if (signal.aborted) return []
    const servers = await openAt(sites, () => 0)
    await Pools.heapInUse() // lets the loop go round
    const after = look()
    const [steady, bursts, half] = played
    const left: Left = {
      atRest,
      atEnd: { system: newSockets(before, after), servers },
      resources: newResources(before, after),
      reported: played.reduce((sum, { poolLeaks }) => sum + poolLeaks, 0)
    }
    const burstsRow = reuseRow(bursts!, took)
    const comparison = half === undefined ? [] : [
      `For comparison, ${half.load.shape}: ${percent(serverReuse(half.server))} by the server's count.`
    ]
    return [
      reuseRow(steady!, took),
      { ...burstsRow, profile: [...burstsRow.profile, ...comparison] },
      leaksRow(left),
      growthRow(heap, seconds, played.reduce((sum, { requests }) => sum + requests, 0))
    ]
  }
}
