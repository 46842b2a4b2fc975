// The rows for people.
import { isBusy } from "@connection-pool/benchmarks/machine"
import type { Outcome } from "./acceptance.js"
import type { Row } from "./row.js"

export const columns = ["", "target", "then", "now", "verdict"] as const

export const cellsOf = ({ good, name, now, target, then }: Row): ReadonlyArray<string> => [
  name,
  target,
  then,
  now,
  good ? "good" : "MISSED"
]

const align = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widthOf = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const widths = rows[0]!.map((_, column) => widthOf(column))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
}

/** What speaks against the figures. */
export const warnings = ({ machine, measured }: Outcome): ReadonlyArray<string> => [
  ...(isBusy(machine)
    ? [`The machine was busy before the run (load ${machine.load.toFixed(2)} on ${machine.cores} cores).`]
    : []),
  ...(measured === "dist" ? [] : ["Our packages were run from their sources, which is not what users get."])
]

export const where = ({ commit, date, machine }: Outcome): string =>
  `${date}, commit ${commit}; ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, load ` +
  `${machine.load.toFixed(2)} before the run`

export const summary = ({ rows }: Outcome): string => {
  const missed = rows.filter(({ good }) => !good).length
  if (rows.length === 0) return "Nothing was measured to its end."
  if (missed === 0) return rows.length === 1 ? "The row is good." : `All ${rows.length} rows are good.`
  return missed === 1 ? `One of ${rows.length} rows is missed.` : `${missed} of ${rows.length} rows are missed.`
}

/** The table, and the profile of each row that is missed. */
export const print = (outcome: Outcome): string =>
  [
    "",
    where(outcome),
    ...warnings(outcome).map((warning) => `WARNING: ${warning}`),
    "",
    ...align([columns, ...outcome.rows.map(cellsOf)]),
    ...outcome.rows.filter(({ good }) => !good).flatMap(({ name, profile }) => [
      "",
      `${name}:`,
      ...profile.map((sentence) => `  ${sentence}`)
    ]),
    "",
    summary(outcome)
  ].join("\n")
