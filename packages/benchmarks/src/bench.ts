// The whole run: a server, every table that was asked for, and what it means.
import type { Chores } from "./chores.js"
import * as chores from "./chores.js"
import type { Contender } from "./contender.js"
import { contenders } from "./contenders/all.js"
import type { Cost } from "./costs.js"
import * as costs from "./costs.js"
import type { Verdict } from "./goals.js"
import { judge } from "./goals.js"
import type { Growth } from "./growth.js"
import * as growth from "./growth.js"
import type { LayerLine } from "./layers.js"
import * as layers from "./layers.js"
import type { Machine } from "./machine.js"
import * as machine from "./machine.js"
import type { Measured } from "./measured.js"
import { measured } from "./measured.js"
import type { Options } from "./options.js"
import type { Progress } from "./progress.js"
import * as Servers from "./server.js"
import type { Throughput } from "./throughput.js"
import * as throughput from "./throughput.js"
import type { Workload } from "./workload.js"
import { workloads } from "./workloads.js"

export interface Settings {
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
  /** Workloads that were left out, since their server is not installed. */
  readonly missing: ReadonlyArray<string>
  readonly layers: ReadonlyArray<LayerLine>
  readonly growth: ReadonlyArray<Growth>
  readonly costs: ReadonlyArray<Cost>
  /** Undefined where they were not asked for. */
  readonly chores: Chores | undefined
  readonly goals: ReadonlyArray<Verdict>
}

const settingsFor = ({ quick, rounds }: Options): Settings =>
  quick
    ? { rounds, warmUps: 3, warmUpRequests: 3_000, leadIn: 30, round: 150 }
    : { rounds, warmUps: 3, warmUpRequests: 10_000, leadIn: 100, round: 400 }

interface Table {
  readonly workload: Workload
  readonly callers: number
  readonly contenders: ReadonlyArray<Contender>
}

/** Where there is no time for more. */
const fewest: ReadonlyArray<string> = ["dispatch", "execute"]

/** Those that were named, or else everybody with the plain workloads, and a choice with the others. */
const takingPart = ({ only, quick }: Options, workload: Workload, callers: number): ReadonlyArray<Contender> => {
  const everybody = workload.everybody && callers === 50
  return contenders.filter(({ can, everywhere, name }) => {
    if (!can(workload)) return false
    if (only !== undefined) return only.includes(name)
    return everybody || (quick ? fewest.includes(name) : everywhere)
  })
}

const tablesOf = (options: Options): ReadonlyArray<Table> =>
  workloads
    .filter(() => options.parts.includes("throughput"))
    .filter(({ name }) => options.workload.includes(name))
    .flatMap((workload) =>
      (options.callers ?? workload.callers).map((callers) => ({
        workload,
        callers,
        contenders: takingPart(options, workload, callers)
      }))
    )

/** What is measured besides is measured with these, where nobody is named. */
const choice: Readonly<Record<"layers" | "growth" | "costs", ReadonlyArray<string>>> = {
  layers: ["floor", "floorEffect", "dispatch", "request", "unsafeExecute", "execute", "httpClientSpans"],
  growth: ["floor", "dispatch", "http", "execute"],
  costs: ["request", "http", "execute"]
}

const chosen = ({ only, parts, quick }: Options, part: keyof typeof choice): ReadonlyArray<Contender> => {
  const names = only ?? (quick ? fewest : choice[part])
  return parts.includes(part) ? contenders.filter(({ name }) => names.includes(name)) : []
}

const layersPlan = (options: Options): Omit<layers.Plan, "onTurn"> => ({
  contenders: chosen(options, "layers"),
  workloads: workloads.filter(({ name }) => name === "rpc" || name === "get"),
  callers: options.callers ?? (options.quick ? [50] : [50, 1_000]),
  rounds: options.quick ? 1 : 5,
  round: options.quick ? 200 : 400
})

/** Of ours, whatever the workload was. */
const asked = workloads[0]

const growthPlan = (options: Options): Omit<growth.Plan, "onTurn"> => {
  const { leadIn, round, rounds } = settingsFor(options)
  const sizes = options.quick
    ? { "idle connections": [10, 1_000], origins: [10, 200] }
    : { "idle connections": [10, 1_000, 10_000], origins: [10, 100, 1_000] }
  return { contenders: chosen(options, "growth"), workload: asked, sizes, callers: 10, rounds, leadIn, round }
}

const costsPlan = (options: Options): Omit<costs.Plan, "onTurn"> => ({
  contenders: chosen(options, "costs"),
  workload: asked,
  connections: options.quick ? 500 : 2_000,
  callers: 50,
  round: options.quick ? 300 : 2_000
})

/** Of ours, if it takes part. */
const choresPlan = ({ only, parts, quick }: Options): Omit<chores.Plan, "onTurn"> | undefined => {
  const contender = contenders.find(({ name }) => name === "execute" && (only?.includes(name) ?? true))
  if (!parts.includes("chores") || contender === undefined) return undefined
  return quick
    ? { contender, workload: asked, connections: 500, endings: 1, waiters: [500, 5_000] }
    : { contender, workload: asked, connections: 10_000, endings: 5, waiters: [1_000, 10_000, 100_000] }
}

/** How often `Progress.turn` will be called. */
export const turnsOf = (options: Options): number => {
  const { rounds, warmUps } = settingsFor(options)
  const done = choresPlan(options)
  return tablesOf(options).reduce((sum, { contenders }) => sum + contenders.length * (rounds + warmUps), 0) +
    layers.turnsOf(layersPlan(options)) + growth.turnsOf(growthPlan(options)) + costs.turnsOf(costsPlan(options)) +
    (done === undefined ? 0 : chores.turnsOf(done))
}

export const run = async (options: Options, progress: Progress): Promise<Outcome> => {
  const settings = settingsFor(options)
  const before = machine.describe()
  const servers = await Servers.start()
  progress.note(`server: ${servers.origin}, process ${servers.pid}`)
  try {
    const tables: Array<Throughput> = []
    const missing: Array<string> = []
    for (const { callers, contenders, workload } of tablesOf(options)) {
      const server = await servers.serverFor(workload)
      if (server === undefined) {
        missing.push(workload.name)
        progress.note(`${workload.name}: left out, nginx is not installed`)
        continue
      }
      const onTurn = (text: string): void => progress.turn(`${workload.name}, ${callers} callers: ${text}`)
      tables.push(await throughput.measure({ ...settings, contenders, workload, callers, onTurn }, server))
    }
    const turn = (part: string) => (text: string): void => progress.turn(`${part}, ${text}`)
    const shares = await layers.measure({ ...layersPlan(options), onTurn: turn("layers") }, servers.serverFor)
    const growths = await growth.measure({ ...growthPlan(options), onTurn: turn("growth") }, servers)
    const held = await costs.measure({ ...costsPlan(options), onTurn: turn("costs") }, servers)
    const plan = choresPlan(options)
    const done = plan === undefined ? undefined : await chores.measure({ ...plan, onTurn: turn("chores") }, servers)
    const where = { machine: before, server: servers.origin, measured: measured(), settings, missing }
    const found = { tables, layers: shares, growth: growths, costs: held, chores: done }
    return { ...where, ...found, goals: judge(found) }
  } finally {
    await servers.close()
  }
}
