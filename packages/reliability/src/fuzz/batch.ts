// Runs cases side by side over one network, each through both clients, and looks for what they leave behind.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import { Connector } from "@connection-pool/core/Connector"
import * as NodeContentDecoder from "@connection-pool/platform-node/NodeContentDecoder"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { FuzzCase } from "./fuzzCase.js"
import type { Network } from "./network.js"
import { nextTurn } from "./network.js"
import * as Ours from "./pooledClient.js"
import type { Played } from "./pooledClient.js"
import { type Reading, refused } from "./reading.js"
import { Stage } from "./stage.js"
import * as Theirs from "./undiciClient.js"

export interface Readings {
  readonly ours: Played
  readonly theirs: Reading
}

export interface Batch {
  /** One for each case, in their order. */
  readonly readings: ReadonlyArray<Readings>
  /** What cannot be laid at a single case's door. */
  readonly complaints: ReadonlyArray<string>
}

export interface Options {
  /** The pool decodes bodies; undici does not. */
  readonly decompress: boolean
  /** A case counts as one that never ends after so many turns of the event loop and so many milliseconds: both, and generous. */
  readonly patience: { readonly turns: number; readonly milliseconds: number }
}

const defaults: Options = { decompress: false, patience: { turns: 5_000, milliseconds: 10_000 } }

/** What is thrown, or rejected, where nobody catches it while `run` runs. */
const catchingStrays = async <A>(
  run: (strays: ReadonlyArray<string>) => Promise<A>
): Promise<readonly [A, ReadonlyArray<string>]> => {
  const strays: Array<string> = []
  const onException = (error: unknown): void => void strays.push(`nobody caught ${print(error)}`)
  const onRejection = (reason: unknown): void => void strays.push(`nobody handled the rejection ${print(reason)}`)
  process.on("uncaughtException", onException).on("unhandledRejection", onRejection)
  try {
    return [await run(strays), strays]
  } finally {
    process.off("uncaughtException", onException).off("unhandledRejection", onRejection)
  }
}

const print = (error: unknown): string => error instanceof Error ? error.stack ?? String(error) : String(error)

const makePool = (size: number, { connector }: Network, decompress: boolean) =>
  ConnectionPool.make({
    maxConnections: 2 * size,
    maxConnectionsPerOrigin: 2,
    maxMetricOrigins: 1,
    decompress
  }).pipe(Effect.provideService(Connector, connector), Effect.provide(NodeContentDecoder.layer))

const stillBusy = (pool: ConnectionPool.Service): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(
    Effect.all([pool.connections, pool.stats]),
    ([connections, { waiting }]) => [
      ...connections.filter(({ state }) => state !== "idle").map(({ origin, phase, state }) =>
        `a connection to ${origin} is ${state} (${phase}) though its requests are over`
      ),
      ...(waiting === 0 ? [] : [`${waiting} requests wait though all are over`])
    ]
  )

/** Turns between two looks at which stages have nothing left to do. */
const sweepEvery = 16

/** Lets the stages go on, turn by turn, until nothing runs, or it takes too long. */
const playOut = async (
  stages: ReadonlyArray<Stage>,
  running: () => number,
  patience: Options["patience"],
  strays: ReadonlyArray<string>
): Promise<void> => {
  const started = performance.now()
  let acting = stages
  for (let turn = 0; running() > 0; turn++) {
    // Where something was thrown and got lost, what waits for it waits for ever.
    const milliseconds = strays.length > 0 ? 0 : patience.milliseconds
    if (turn > patience.turns && performance.now() - started > milliseconds) return
    if (turn % sweepEvery === 0) acting = acting.filter(({ settled }) => !settled)
    for (const stage of acting) stage.step()
    await nextTurn()
  }
}

export const neverEnded = "it never ended"

const runOver = async (
  cases: ReadonlyArray<FuzzCase>,
  network: Network,
  options: Options,
  strays: ReadonlyArray<string>
): Promise<Batch> => {
  const ours: Array<Played> = []
  const theirs: Array<Reading> = []
  let running = 2 * cases.length
  const scope = await Effect.runPromise(Scope.make())
  const pool = await Effect.runPromise(Scope.extend(makePool(cases.length, network, options.decompress), scope))
  const stages = cases.map((fuzzCase, id) => ({ ours: new Stage(fuzzCase, id), theirs: new Stage(fuzzCase, id) }))
  const origins = await Promise.all(
    stages.map((pair) => Promise.all([network.listen(pair.ours), network.listen(pair.theirs)]))
  )
  const fibers = cases.map((fuzzCase, id) => {
    const stage = stages[id]!.ours
    const fiber = Effect.runFork(Ours.play(pool, origins[id]![0], fuzzCase, id, stage))
    fiber.addObserver((exit) => {
      running--
      ours[id] = Exit.isSuccess(exit)
        ? exit.value
        : { reading: refused(neverEnded, undefined), complaint: { symptom: neverEnded, detail: "" } }
    })
    return fiber
  })
  const clients = cases.map((fuzzCase, id) => {
    const stage = stages[id]!.theirs
    return Theirs.play(origins[id]![1], network.connect?.(stage), fuzzCase, stage, (reading) => {
      running--
      theirs[id] = reading
    })
  })
  const complaints: Array<string> = []
  try {
    await playOut(stages.flatMap((pair) => [pair.ours, pair.theirs]), () => running, options.patience, strays)
  } finally {
    await Effect.runPromise(Fiber.interruptAll(fibers))
    complaints.push(...await Effect.runPromise(stillBusy(pool)))
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await Promise.all(clients.map(({ stop }) => stop()))
    complaints.push(...await network.close())
  }
  const readings = cases.map((_, id) => ({ ours: ours[id]!, theirs: theirs[id] ?? refused(neverEnded, undefined) }))
  return { readings, complaints }
}

/** All over the same network. */
export const run = async (
  cases: ReadonlyArray<FuzzCase>,
  network: Network,
  options: Partial<Options> = {}
): Promise<Batch> => {
  const [batch, strays] = await catchingStrays((strays) => runOver(cases, network, { ...defaults, ...options }, strays))
  return { readings: batch.readings, complaints: [...batch.complaints, ...strays] }
}
