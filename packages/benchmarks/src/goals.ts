// What docs/DESIGN.md, §10, asks of a run like this one.
import type { Chores } from "./chores.js"
import { count } from "./columns.js"
import type { Cost } from "./costs.js"
import type { Growth } from "./growth.js"
import type { Line, Reference, Throughput } from "./throughput.js"

export interface Verdict {
  /** What was looked at, with its unit. */
  readonly what: string
  readonly bound: "≥" | "≤" | "<"
  readonly goal: number
  readonly found: number
  readonly reached: boolean
  /** A ratio of requests a second: the same for a second of CPU time, which other programs disturb less. */
  readonly foundByCpu: number | undefined
}

/** What was found; each part of a run may have been left out. */
export interface Found {
  readonly tables: ReadonlyArray<Throughput>
  readonly growth: ReadonlyArray<Growth>
  readonly costs: ReadonlyArray<Cost>
  readonly chores: Chores | undefined
}

interface Ratio {
  readonly name: string
  readonly to: Reference
  readonly atLeast: number
  readonly workloads: ReadonlyArray<string>
  /** Undefined: all. */
  readonly callers: ReadonlyArray<number> | undefined
}

const small = { workloads: ["rpc", "get"], callers: [50, 200] }
const clients = { workloads: ["rpc"], callers: [50] }

const ratios: ReadonlyArray<Ratio> = [
  { name: "execute", to: "dispatch", atLeast: 1.1, ...small },
  { name: "execute", to: "request", atLeast: 1.3, ...small },
  { name: "core", to: "execute", atLeast: 0.87, workloads: ["rpc"], callers: [50, 200] },
  { name: "httpClientSpans", to: "layerUndici", atLeast: 6, ...clients },
  { name: "httpClientSpans", to: "request", atLeast: 0.8, ...clients },
  { name: "execute", to: "dispatch", atLeast: 0.9, workloads: ["down64m", "up64m"], callers: undefined }
]

const ours = "execute"

const reaches = (bound: Verdict["bound"], found: number, goal: number): boolean => {
  switch (bound) {
    case "≥":
      return found >= goal
    case "≤":
      return found <= goal
    case "<":
      return found < goal
  }
}

const verdict = (what: string, found: number, bound: Verdict["bound"], goal: number, foundByCpu?: number): Verdict => ({
  what,
  bound,
  goal,
  found,
  reached: reaches(bound, found, goal),
  foundByCpu
})

const lineOf = (table: Throughput, name: string): Line | undefined => table.lines.find((line) => line.name === name)

const judgeRatio = (
  { atLeast, callers, name, to, workloads }: Ratio,
  tables: Found["tables"]
): ReadonlyArray<Verdict> =>
  tables
    .filter((table) => workloads.includes(table.workload) && (callers?.includes(table.callers) ?? true))
    .flatMap((table) => {
      const comparison = lineOf(table, name)?.comparisons.find((comparison) => comparison.to === to)
      if (comparison === undefined) return []
      const { perCpuSecond, perSecond } = comparison
      const what = `${name} / ${to}, ${table.workload}, ${count(table.callers)} callers`
      return [verdict(what, perSecond.median, "≥", atLeast, perCpuSecond.median)]
    })

/** With so many more callers than connections each waits its turn: nobody is to wait longer than with undici. */
const judgeTail = (table: Throughput): ReadonlyArray<Verdict> => {
  const [our, their] = [lineOf(table, ours), lineOf(table, "dispatch")]
  if (table.workload !== "rpc" || table.callers !== 1_000 || our === undefined || their === undefined) return []
  const found = our.latencyMilliseconds.p99 / their.latencyMilliseconds.p99
  return [verdict(`${ours} / dispatch, p99 of the latency, 1,000 callers`, found, "≤", 1)]
}

const judgeGrowth = ({ dimension, name, points }: Growth): ReadonlyArray<Verdict> => {
  const largest = points.at(-1)
  if (name !== ours || largest === undefined) return []
  const what = `${name}: CPU time of a request with ${count(largest.size)} ${dimension} to that with ${points[0]?.size}`
  return [verdict(what, largest.ratio.median, "≤", 1.15)]
}

const judgeCost = ({ expiry, idle, name }: Cost): ReadonlyArray<Verdict> =>
  name !== ours ? [] : [
    verdict(`${name}: bytes of heap of an idle connection`, idle.heap, "<", 3 * 1_024),
    verdict(
      `${name}: ms that idle connections ended early, of ${count(expiry.asked)}`,
      expiry.asked - expiry.first,
      "≤",
      0.1 * expiry.asked
    ),
    verdict(`${name}: ms that idle connections ended late`, expiry.last - expiry.asked, "≤", 50)
  ]

const judgeChores = ({ cancelled, idleEnds }: Chores): ReadonlyArray<Verdict> => {
  const [fewest, most] = [cancelled[0], cancelled.at(-1)]
  if (fewest === undefined || most === undefined) return []
  return [
    verdict(
      `${ours}: ms that the end of ${count(idleEnds.connections)} idle connections held up the event loop`,
      idleEnds.loopDelay,
      "<",
      5
    ),
    verdict(
      `${ours}: time to cancel one of ${count(most.waiters)} waiters to one of ${count(fewest.waiters)}`,
      most.microseconds / fewest.microseconds,
      "≤",
      2
    )
  ]
}

/** One for each goal and each figure that it can be read from. */
export const judge = ({ chores, costs, growth, tables }: Found): ReadonlyArray<Verdict> => [
  ...ratios.flatMap((ratio) => judgeRatio(ratio, tables)),
  ...tables.flatMap(judgeTail),
  ...growth.flatMap(judgeGrowth),
  ...costs.flatMap(judgeCost),
  ...(chores === undefined ? [] : judgeChores(chores))
]
