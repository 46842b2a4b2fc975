// The whole run.
import * as Effect from "effect/Effect"
import type { Progress } from "../progress.js"
import { check, checkNoSockets } from "./checkpoint.js"
import { disturbances } from "./disturbances.js"
import type { Zero } from "./ledger.js"
import { Ledger } from "./ledger.js"
import { Load } from "./load.js"
import { countIn } from "./messages.js"
import { countSockets } from "./osSockets.js"
import type { Drains, Past } from "./pools.js"
import { Pools } from "./pools.js"
import type { Sample, Slope } from "./regression.js"
import { slopeOf } from "./regression.js"
import type { Stage } from "./stage.js"
import { setUp } from "./stage.js"

export interface Options {
  readonly milliseconds: number
  readonly seed: number
  /** Told before the run which proxies are not installed. */
  readonly onMissing: (proxies: ReadonlyArray<string>) => void
}

export interface Summary {
  readonly seed: number
  readonly seconds: number
  readonly proxies: ReadonlyArray<string>
  readonly missingProxies: ReadonlyArray<string>
  /** False: nobody counted the sockets but the pools. */
  readonly socketsCounted: boolean
  readonly requests: number
  readonly answered: number
  readonly interrupted: number
  readonly ownAnswers: Readonly<Record<string, number>>
  readonly failures: Readonly<Record<string, number>>
  readonly leasesRefused: number
  readonly byKind: Readonly<Record<string, number>>
  readonly byTarget: Readonly<Record<string, { readonly requests: number; readonly answered: number }>>
  readonly connections: Past
  readonly drains: Drains
  readonly disturbed: Readonly<Record<string, number>>
  readonly acts: Readonly<Record<string, number>>
  readonly seenByServers: number
  readonly rests: number
  /** Bytes a request; undefined: too few samples. */
  readonly heap: Slope | undefined
  readonly heapSamples: ReadonlyArray<Sample>
  readonly heapGrows: boolean
  readonly zeros: Readonly<Record<Zero, number>>
  readonly examples: ReadonlyArray<string>
  readonly good: boolean
}

/** Milliseconds under load between two rests. */
const roundOf = (milliseconds: number): number => milliseconds < 30_000 ? 1_500 : 4_000

/** In the first half code is compiled and caches are filled, which takes heap too. */
const warmUp = 0.5

/** Bytes a request that are no leak: what a run finds in this and the next lies within. */
const tolerance = 1

const sorted = (counts: ReadonlyMap<string | number, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))

const audit = async (stage: Stage, ledger: Ledger, all: boolean): Promise<void> => {
  for (const block of ledger.blocksToAudit(all)) ledger.audit(block, await stage.sightings(block))
}

/** Load and rests in turn. */
const rounds = (
  { milliseconds, seed }: Options,
  stage: Stage,
  ledger: Ledger,
  pools: Pools,
  progress: Progress,
  signal: AbortSignal
): Effect.Effect<{ readonly load: Load; readonly samples: ReadonlyArray<Sample> }> =>
  Effect.gen(function*() {
    const load = new Load(pools, stage.targets, ledger)
    const samples: Array<Sample> = []
    const started = performance.now()
    const elapsed = (): number => Math.min(milliseconds, performance.now() - started)
    const over = (): boolean => signal.aborted || elapsed() >= milliseconds
    const wrong = (): number => [...ledger.counts.values()].reduce((sum, count) => sum + count, 0)
    yield* load.start(seed, disturbances(stage, pools))
    while (!over()) {
      const end = performance.now() + roundOf(milliseconds)
      while (!over() && performance.now() < end) {
        yield* Effect.sleep("100 millis")
        progress.at(elapsed(), `${ledger.begun.toLocaleString("en-US")} requests, ${wrong()} things wrong`)
      }
      if (!(yield* load.rest)) break
      samples.push({ x: ledger.begun, y: yield* check(pools, ledger) })
      yield* Effect.promise(() => audit(stage, ledger, false))
      load.resume()
    }
    if (!(yield* load.end)) ledger.wrong("never ended", `${ledger.begun - ledger.ended} requests`)
    return { load, samples }
  })

const summarize = async (
  { seed }: Options,
  stage: Stage,
  ledger: Ledger,
  pools: Pools,
  load: Load,
  heapSamples: ReadonlyArray<Sample>,
  seconds: number
): Promise<Summary> => {
  const acts = new Map<string, number>()
  let seenByServers = 0
  for (const tally of await stage.tallies()) {
    seenByServers += tally.requests
    for (const [name, count] of tally.acts) countIn(acts, name, count)
    for (const [problem, count] of tally.problems) ledger.wrong("wrong requests at a server", problem, count)
  }
  if (pools.past.opened !== pools.past.closed) {
    ledger.wrong("books that do not balance", `${pools.past.opened} opened, ${pools.past.closed} closed`)
  }
  if (pools.drains.unclosed > 0) {
    ledger.wrong("leaked sockets", `${pools.drains.unclosed} connections did not close`, pools.drains.unclosed)
  }
  const heap = slopeOf(heapSamples.slice(Math.floor(heapSamples.length * warmUp)))
  const heapGrows = heap !== undefined && heap.low > tolerance
  return {
    seed,
    seconds,
    proxies: stage.proxies.map(({ name }) => name),
    missingProxies: stage.missing,
    socketsCounted: countSockets() !== undefined,
    requests: ledger.begun,
    answered: ledger.answered,
    interrupted: ledger.interrupted,
    ownAnswers: sorted(ledger.ownAnswers),
    failures: sorted(ledger.failures),
    leasesRefused: ledger.leasesRefused,
    byKind: sorted(ledger.byKind),
    byTarget: Object.fromEntries(ledger.byTarget),
    connections: pools.past,
    drains: pools.drains,
    disturbed: sorted(load.disturbed),
    acts: sorted(acts),
    seenByServers,
    rests: heapSamples.length,
    heap,
    heapSamples,
    heapGrows,
    zeros: Object.fromEntries(ledger.counts) as Record<Zero, number>,
    examples: ledger.examples,
    good: !heapGrows && [...ledger.counts.values()].every((count) => count === 0)
  }
}

/** Ends early, with the figures so far, when `signal` is aborted. */
export const run = async (options: Options, progress: Progress, signal: AbortSignal): Promise<Summary> => {
  const stage = await setUp(options.seed)
  try {
    if (stage.missing.length > 0) options.onMissing(stage.missing)
    const started = performance.now()
    const ledger = new Ledger()
    return await Effect.runPromise(Effect.gen(function*() {
      const pools = yield* Pools.make(stage)
      const { load, samples } = yield* rounds(options, stage, ledger, pools, progress, signal)
      yield* pools.close(1_000)
      yield* checkNoSockets(ledger)
      // What was cancelled may be on its way to a server still.
      yield* Effect.sleep("300 millis")
      const seconds = Math.round((performance.now() - started) / 100) / 10
      return yield* Effect.promise(async () => {
        await audit(stage, ledger, true)
        return summarize(options, stage, ledger, pools, load, samples, seconds)
      })
    }))
  } finally {
    await stage.end()
  }
}
