// The figures for people.
import type { Outcome } from "./bench.js"
import type { Verdict } from "./goals.js"
import { isBusy } from "./machine.js"
import type { Line, Reference, Throughput } from "./throughput.js"
import { references } from "./throughput.js"

const count = (value: number): string => Math.round(value).toLocaleString("en-US")

const ratio = (value: number): string => value.toFixed(2)

const milliseconds = (value: number): string => value < 100 ? value.toFixed(2) : count(value)

interface Column {
  readonly label: string
  readonly cell: (line: Line) => string
}

const against = (to: Reference): Column => ({
  label: `/ ${to}`,
  cell: ({ comparisons }) => {
    const found = comparisons.find((comparison) => comparison.to === to)
    return found === undefined ? "" : ratio(found.perSecond.median)
  }
})

const latency = (key: keyof Line["latencyMilliseconds"], label: string = key): Column => ({
  label,
  cell: ({ latencyMilliseconds }) => milliseconds(latencyMilliseconds[key])
})

const columns: ReadonlyArray<Column> = [
  { label: "", cell: ({ title }) => title },
  { label: "name", cell: ({ name }) => name },
  { label: "requests/s", cell: ({ perSecond }) => count(perSecond.median) },
  { label: "middle half", cell: ({ perSecond }) => `${count(perSecond.lower)}..${count(perSecond.upper)}` },
  { label: "CPU µs", cell: ({ cpuMicroseconds }) => cpuMicroseconds.median.toFixed(1) },
  ...references.map(against),
  latency("p50", "p50 ms"),
  latency("p90"),
  latency("p99"),
  latency("p999", "p99.9"),
  latency("max")
]

/** The first two columns to the left, figures to the right. */
const align = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widthOf = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row.map((cell, column) => column < 2 ? cell.padEnd(widthOf(column)) : cell.padStart(widthOf(column))).join("  ")
  )
}

const table = ({ callers, connections, lines, title, workload }: Throughput): ReadonlyArray<string> => [
  "",
  `${workload}, ${count(callers)} callers, at most ${count(connections)} connections to an origin: ${title}`,
  "",
  ...align([columns.map(({ label }) => label), ...lines.map((line) => columns.map(({ cell }) => cell(line)))])
]

const goalRow = ({ atLeast, callers, found, foundByCpu, name, reached, to }: Verdict): ReadonlyArray<string> => [
  `${name} / ${to}, ${count(callers)} callers`,
  reached ? "reached" : "NOT reached",
  `${ratio(found)}`,
  `≥ ${ratio(atLeast)}`,
  ratio(foundByCpu)
]

const goals = (verdicts: ReadonlyArray<Verdict>): ReadonlyArray<string> =>
  verdicts.length === 0
    ? []
    : [
      "",
      "Goals (docs/DESIGN.md, §10)",
      "",
      ...align([["", "", "found", "goal", "by CPU time"], ...verdicts.map(goalRow)])
    ]

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
    ...warnings(outcome),
    ...outcome.tables.flatMap(table),
    ...goals(outcome.goals),
    ...(missing.length === 0 ? [] : ["", `Left out, since nginx is not installed: ${missing.join(", ")}`]),
    "",
    "requests/s, CPU µs: medians of the rounds. CPU µs: for one request, in the process that each contender has to itself.",
    `/ name: how many times as many requests a second, median of the ratios round by round. Each turn begins with ${leadIn} ms`,
    "that are not counted. p50 … max: from the call to the checked answer, waiting for a connection included, all rounds.",
    ...warnings(outcome),
    ""
  ].join("\n")
}
