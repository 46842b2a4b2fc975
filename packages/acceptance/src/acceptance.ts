// The whole run: the servers, every measure in turn, and what they found.
import type { Machine } from "@connection-pool/benchmarks/machine"
import * as machine from "@connection-pool/benchmarks/machine"
import type { Measured } from "@connection-pool/benchmarks/measured"
import { measured } from "@connection-pool/benchmarks/measured"
import type { Progress } from "@connection-pool/reliability/progress"
import { spawnSync } from "node:child_process"
import * as cleanUps from "./measures/cleanUps.js"
import * as concurrency from "./measures/concurrency.js"
import * as connecting from "./measures/connecting.js"
import * as environment from "./measures/environment.js"
import * as heapOfConnections from "./measures/heapOfConnections.js"
import * as latency from "./measures/latency.js"
import * as load from "./measures/load.js"
import type { Measure, Row } from "./row.js"
import * as Servers from "./server/servers.js"

export interface Options {
  /** Of load. */
  readonly seconds: number
  readonly quick: boolean
  /** Names of measures. */
  readonly only: ReadonlyArray<string>
}

export interface Outcome {
  readonly date: string
  readonly commit: string
  readonly machine: Machine
  readonly measured: Measured
  readonly seconds: number
  readonly rows: ReadonlyArray<Row>
}

/** The heap of connections is measured before others have filled it. */
export const measures: ReadonlyArray<Measure> = [
  heapOfConnections.measure,
  load.measure,
  concurrency.measure,
  connecting.measure,
  latency.measure,
  cleanUps.measure,
  environment.measure
]

const git = (...args: ReadonlyArray<string>): string | undefined => {
  const { status, stdout } = spawnSync("git", args, { encoding: "utf8", cwd: new URL(".", import.meta.url) })
  return status === 0 ? stdout.trim() : undefined
}

const commit = (): string => {
  const name = git("rev-parse", "--short=12", "HEAD") ?? "unknown"
  return git("status", "--porcelain", "--untracked-files=no") ? `${name} with changes` : name
}

const takingPart = ({ only }: Options): ReadonlyArray<Measure> => measures.filter(({ name }) => only.includes(name))

/** In about so many seconds. */
export const lasts = (options: Options): number =>
  takingPart(options).reduce((sum, { lasts }) => sum + lasts(options), 0)

export const run = async (options: Options, progress: Progress, signal: AbortSignal): Promise<Outcome> => {
  const about = {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    commit: commit(),
    machine: machine.describe(),
    measured: measured(),
    seconds: options.seconds
  }
  const servers = await Servers.start()
  const rows: Array<Row> = []
  let done = 0
  try {
    for (const { lasts, name, run } of takingPart(options)) {
      if (signal.aborted) break
      const length = lasts(options)
      progress.at(done, name)
      rows.push(...(await run({ ...options, servers, signal }, (part) => progress.at(done + part * length, name))))
      done += length
    }
  } finally {
    await servers.end()
  }
  return { ...about, rows }
}
