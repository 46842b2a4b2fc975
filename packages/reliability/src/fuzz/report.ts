// What a campaign found, for people and for machines.
import type { Counts, Found, Summary } from "./campaign.js"
import type { FuzzCase } from "./fuzzCase.js"
import { intended } from "./intended.js"

const count = (value: number): string => value.toLocaleString("en-US")

const columns: ReadonlyArray<readonly [label: string, key: keyof Counts]> = [
  ["cases", "cases"],
  ["both accept", "bothAccept"],
  ["both refuse", "bothRefuse"],
  ["only undici accepts", "onlyUndiciAccepts"],
  ["intended", "intended"],
  ["failures", "failures"]
]

const table = ({ byMutation, total }: Summary): ReadonlyArray<string> => {
  const rows = [
    ["mutation", ...columns.map(([label]) => label)],
    ...[...byMutation, ["all cases", total] as const].map((
      [name, counts]
    ) => [name, ...columns.map(([, key]) => count(counts[key]))])
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join("  ")
  )
}

const intendedLines = ({ intended: counts }: Summary): ReadonlyArray<string> =>
  counts.size === 0 ? [] : [
    "",
    "Intended: what we accept or keep and undici 7.30.2 does not; undici was shown to do the same without the cause:",
    ...[...counts].sort(([, a], [, b]) => b - a).map(([name, times]) => `  ${count(times).padStart(7)}  ${name}`),
    ...intended.map(({ name, reason }) => `  ${name}: ${reason}`)
  ]

const repeat = (seed: number): string => `npm run fuzz -- --seed ${seed} --cases 1`

const printCase = ({ alwaysHangsUp, eager, hangUp, method, network, pieces, rest, streamed, warm }: FuzzCase): string =>
  JSON.stringify({ method, network, warm, eager, streamed, hangUp, alwaysHangsUp, rest, pieces })

const failureLines = ({ detail, seed, shrunk, symptom }: Found): ReadonlyArray<string> => [
  "",
  `FAILURE: ${symptom}`,
  `  ${detail.length > 600 ? `${detail.slice(0, 600)} …` : detail}`,
  ...(shrunk === undefined ? [] : [`  smallest: ${printCase(shrunk)}`]),
  `  again: ${repeat(seed)}`
]

export const print = (summary: Summary): string => {
  const { asked, firstSeed, found, loopback, milliseconds, total } = summary
  const ended = total.cases < asked
    ? `; ended early${found.length > 0 ? ", since many failed or never ended" : ""}`
    : ""
  return [
    ...table(summary),
    "",
    "A case with several mutations counts for each of them.",
    ...intendedLines(summary),
    ...found.flatMap(failureLines),
    "",
    `${count(total.cases)} of ${count(asked)} cases (${
      count(loopback)
    } over loopback, the others in memory) from seed ` +
    `${firstSeed}, ${count(total.failures)} failures, ${(milliseconds / 1000).toFixed(1)} s${ended}`
  ].join("\n")
}

export const toJson = (summary: Summary): unknown => ({
  ...summary,
  byMutation: Object.fromEntries(summary.byMutation),
  intended: Object.fromEntries(summary.intended),
  found: summary.found.map((found) => ({ ...found, again: repeat(found.seed) }))
})
