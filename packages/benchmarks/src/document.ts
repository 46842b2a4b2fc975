// docs/benchmarks.md and its pictures: what a run has found, and nothing that it has not.
import * as fs from "node:fs/promises"
import * as path from "node:path"
import type { Outcome } from "./bench.js"
import * as charts from "./charts.js"
import {
  choreColumns,
  choresOf,
  columns,
  costColumns,
  count,
  goalColumns,
  growthColumns,
  layerColumns
} from "./columns.js"
import type { Column } from "./columns.js"
import { isBusy, placementOf } from "./machine.js"
import type { Throughput } from "./throughput.js"

const rowOf = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const tableOf = <A>(columns: ReadonlyArray<Column<A>>, lines: ReadonlyArray<A>): ReadonlyArray<string> => [
  rowOf(columns.map(({ label }) => label)),
  rowOf(columns.map(({ isText }) => isText ? "---" : "---:")),
  ...lines.map((line) => rowOf(columns.map(({ cell }) => cell(line))))
]

interface Picture {
  readonly file: string
  readonly alt: string
  readonly svg: string
}

const pictured = ({ alt, file }: Picture): ReadonlyArray<string> => [`![${alt}](benchmarks/${file})`, ""]

const nameOf = ({ callers, workload }: Throughput): string => `${workload}-${callers}`

const picturesOf = (table: Throughput): ReadonlyArray<Picture> =>
  table.workload === "rpc"
    ? [
      { file: `${nameOf(table)}-throughput.svg`, alt: "requests a second", svg: charts.throughputBars(table) },
      { file: `${nameOf(table)}-latency.svg`, alt: "latency distribution", svg: charts.latencyCurves(table) }
    ]
    : []

const growthPictures = ({ growth }: Outcome): ReadonlyArray<Picture> =>
  (["idle connections", "origins"] as const)
    .filter((dimension) => growth.some((it) => it.dimension === dimension))
    .map((dimension) => ({
      file: `growth-${dimension.replace(" ", "-")}.svg`,
      alt: `CPU time of a request against ${dimension}`,
      svg: charts.growthCurves(growth, dimension)
    }))

const section = (table: Throughput): ReadonlyArray<string> => [
  `## ${table.workload}, ${count(table.callers)} ${table.callers === 1 ? "caller" : "callers"}`,
  "",
  `${table.title}. At most ${count(table.connections)} connections to an origin.`,
  "",
  ...picturesOf(table).flatMap(pictured),
  ...tableOf(columns, table.lines),
  ""
]

const optional = <A>(
  title: string,
  said: string,
  columns: ReadonlyArray<Column<A>>,
  lines: ReadonlyArray<A>,
  pictures: ReadonlyArray<Picture> = []
): ReadonlyArray<string> =>
  lines.length === 0
    ? []
    : [`## ${title}`, "", said, "", ...pictures.flatMap(pictured), ...tableOf(columns, lines), ""]

const text = (outcome: Outcome, date: Date): string => {
  const { chores, costs, goals, growth, layers, machine, missing, settings, tables } = outcome
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench -- --report`; run it to have your own.",
    "",
    `${
      date.toISOString().slice(0, 10)
    }, ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}; ` +
    `load ${machine.load.toFixed(2)} before the run.`,
    ...(isBusy(machine) ? ["", "**The machine was busy: the figures say something about other programs too.**"] : []),
    ...(outcome.measured === "dist" ? [] : ["", "**Our packages were run from their sources, which are slower.**"]),
    "",
    `Each client has a process of its own, and so has the server. ${placementOf(machine)}`,
    `They take turns: ${settings.rounds} rounds of ${settings.round} ms`,
    "each that count, from when two calls for each caller have been answered; the figures are medians. CPU µs is the time of the",
    "client's process for one request. `/ name` is how many times as many requests a second, round by round. Latencies run from the",
    "call to the checked answer.",
    "",
    ...optional("Goals", "Of [DESIGN.md](DESIGN.md), §10.", goalColumns, goals),
    ...tables.flatMap(section),
    ...(missing.length === 0 ? [] : [`Left out, since nginx is not installed: ${missing.join(", ")}.`, ""]),
    ...optional(
      "Where the time goes",
      "CPU time of a request in µs, by whose code it is spent in: shares by a sampling profiler, of the time without it. write: the " +
        "system call. Node.js: its streams, sockets and event loop. parser: llhttp. client: undici, or ours. caller: the benchmark's. " +
        "JSON.parse counts as whose code calls it: `execute`'s client, and the benchmark with the others. `floorEffect` is `floor`, awaited by a fiber: what any client costs at least whose answers are Effects. " +
        "`unsafeExecute` is `execute` without Effect's runtime.",
      layerColumns,
      layers
    ),
    ...optional(
      "Growth of the cost",
      "CPU time of an rpc request with so many idle connections, or origins asked in turn, beside it, to the time with the fewest.",
      growthColumns,
      growth.flatMap(({ points, ...line }) => points.map((point) => ({ ...line, ...point }))),
      growthPictures(outcome)
    ),
    ...optional(
      "Memory, garbage, event loop, idle timers",
      "Bytes of one connection after garbage collection, of " +
        `${
          count(costs[0]?.connections ?? 0)
        } that are open at the same time; an active one with its request and caller. Allocated: a request's share of ` +
        "what the heap took, callers included. Loop: how late the event loop was. Idle end: when the server saw connections close, where " +
        `they were to be kept for ${count(costs[0]?.expiry.asked ?? 0)} ms.`,
      costColumns,
      costs
    ),
    ...(chores === undefined ? [] : optional(
      "Beside the requests",
      "Of the pool of `execute`, in a process that does nothing else meanwhile.",
      choreColumns,
      choresOf(chores)
    ))
  ].join("\n").trimEnd()
}

/** Writes `benchmarks.md` and `benchmarks/*.svg` into a directory; pictures of an earlier run go. */
export const write = async (outcome: Outcome, directory: string, date = new Date()): Promise<string> => {
  const pictures = [...outcome.tables.flatMap(picturesOf), ...growthPictures(outcome)]
  const into = path.join(directory, "benchmarks")
  await fs.rm(into, { recursive: true, force: true })
  await fs.mkdir(into, { recursive: true })
  for (const { file, svg } of pictures) await fs.writeFile(path.join(into, file), svg)
  const file = path.join(directory, "benchmarks.md")
  await fs.writeFile(file, `${text(outcome, date)}\n`)
  return file
}
