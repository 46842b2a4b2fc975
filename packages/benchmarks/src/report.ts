// The figures for people.
import type { Outcome } from "./bench.js"
import type { Column } from "./columns.js"
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
import { isBusy, placementOf } from "./machine.js"
import type { Throughput } from "./throughput.js"

/** The first two columns to the left, figures to the right. */
const align = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widthOf = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row.map((cell, column) => column < 2 ? cell.padEnd(widthOf(column)) : cell.padStart(widthOf(column))).join("  ")
  )
}

const alignColumns = <A>(columns: ReadonlyArray<Column<A>>, lines: ReadonlyArray<A>): ReadonlyArray<string> =>
  align([columns.map(({ label }) => label), ...lines.map((line) => columns.map(({ cell }) => cell(line)))])

const table = ({ callers, connections, lines, title, workload }: Throughput): ReadonlyArray<string> => [
  "",
  `${workload}, ${count(callers)} callers, at most ${count(connections)} connections to an origin: ${title}`,
  "",
  ...alignColumns(columns, lines)
]

const optional = <A>(
  title: string,
  columns: ReadonlyArray<Column<A>>,
  lines: ReadonlyArray<A>
): ReadonlyArray<string> => lines.length === 0 ? [] : ["", title, "", ...alignColumns(columns, lines)]

const warnings = ({ machine, measured }: Outcome): ReadonlyArray<string> => [
  ...(isBusy(machine)
    ? [
      `WARNING: the machine is busy (load ${
        machine.load.toFixed(2)
      } on ${machine.cores} cores). Run this on an idle one.`
    ]
    : []),
  ...(measured === "dist" ? [] : ["WARNING: this is not what users get: our packages are run from their sources."])
]

export const print = (outcome: Outcome): string => {
  const { machine, missing, settings: { leadIn, round, rounds, warmUps } } = outcome
  return [
    "",
    `${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, load ${
      machine.load.toFixed(2)
    } before`,
    `contenders in turn, ${rounds} rounds of ${round} ms each after ${warmUps} to warm up`,
    placementOf(machine),
    ...warnings(outcome),
    ...outcome.tables.flatMap(table),
    ...optional(
      "Whose code the CPU time of a request goes to: µs",
      layerColumns,
      outcome.layers
    ),
    ...optional(
      "CPU time of a request with so many beside it, to the time with the fewest",
      growthColumns,
      outcome.growth.flatMap(({ points, ...line }) => points.map((point) => ({ ...line, ...point })))
    ),
    ...optional(
      `Bytes of one of ${
        count(outcome.costs[0]?.connections ?? 0)
      } connections; garbage of a request; event loop; idle timers of ${count(outcome.costs[0]?.expiry.asked ?? 0)} ms`,
      costColumns,
      outcome.costs
    ),
    ...(outcome.chores === undefined
      ? []
      : optional("What execute's pool does beside its requests", choreColumns, choresOf(outcome.chores))),
    ...optional("Goals (docs/DESIGN.md, §10)", goalColumns, outcome.goals),
    ...(missing.length === 0 ? [] : ["", `Left out, since nginx is not installed: ${missing.join(", ")}`]),
    "",
    "requests/s, CPU µs: medians of the rounds. CPU µs: for one request, in the process that each contender has to itself.",
    `/ name: how many times as many requests a second, median of the ratios round by round. Each turn begins with ${leadIn} ms`,
    "that are not counted. p50 … max: from the call to the checked answer, waiting for a connection included, all rounds.",
    ...warnings(outcome),
    ""
  ].join("\n")
}
