// The whole run: a server, every table that was asked for, and what it means.
import type { Contender } from "./contender.js"
import { contenders } from "./contenders/all.js"
import type { Verdict } from "./goals.js"
import { judge } from "./goals.js"
import type { Machine } from "./machine.js"
import * as machine from "./machine.js"
import type { Measured } from "./measured.js"
import { measured } from "./measured.js"
import type { Options } from "./options.js"
import type { Progress } from "./progress.js"
import * as Server from "./server.js"
import type { Throughput } from "./throughput.js"
import * as throughput from "./throughput.js"
import { workloads } from "./workloads.js"

export interface Settings {
  /** At most, of each contender. */
  readonly connections: number
  /** Rounds of each contender. */
  readonly warmUps: number
  readonly warmUpRequests: number
  readonly rounds: number
  /** Milliseconds of each round: not counted, and counted. */
  readonly leadIn: number
  readonly round: number
}

export interface Outcome {
  readonly machine: Machine
  readonly settings: Settings
  /** Where the server was. */
  readonly server: string
  readonly measured: Measured
  readonly tables: ReadonlyArray<Throughput>
  readonly goals: ReadonlyArray<Verdict>
}

const connections = 50

const settingsFor = ({ quick, rounds }: Options): Settings =>
  quick
    ? { connections, rounds, warmUps: 3, warmUpRequests: 3_000, leadIn: 30, round: 150 }
    : { connections, rounds, warmUps: 3, warmUpRequests: 10_000, leadIn: 100, round: 400 }

const takingPart = ({ only }: Options): ReadonlyArray<Contender> => contenders.filter(({ name }) => only.includes(name))

const tablesOf = ({ callers, workload }: Options) =>
  workloads
    .filter(({ name }) => workload.includes(name))
    .flatMap((workload) => callers.map((callers) => ({ workload, callers })))

/** How often `Progress.turn` will be called. */
export const turnsOf = (options: Options): number => {
  const { rounds, warmUps } = settingsFor(options)
  return tablesOf(options).length * takingPart(options).length * (rounds + warmUps)
}

export const run = async (options: Options, progress: Progress): Promise<Outcome> => {
  const settings = settingsFor(options)
  const before = machine.describe()
  const server = await Server.start()
  progress.note(`server: ${server.origin}, process ${server.pid}`)
  try {
    const tables: Array<Throughput> = []
    for (const { callers, workload } of tablesOf(options)) {
      const onTurn = (text: string): void => progress.turn(`${workload.name}, ${callers} callers: ${text}`)
      const plan = { ...settings, contenders: takingPart(options), workload, callers, onTurn }
      tables.push(await throughput.measure(plan, server))
    }
    return { machine: before, settings, server: server.origin, measured: measured(), tables, goals: judge(tables) }
  } finally {
    await server.close()
  }
}
