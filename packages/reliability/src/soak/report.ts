// What a soak found, on one screen.
import { fewestSamples } from "../chaos/regression.js"
import type { Phase, Summary } from "./soak.js"
import { leastReuse } from "./soak.js"

const count = (value: number): string => Math.round(value).toLocaleString("en-US")

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`

const line = (name: string, value: string): string => `  ${name.padEnd(34)}${value.padStart(16)}`

const kibibytes = (bytes: number): string => (bytes / 1_024).toFixed(2)

const slopeLine = ({ heap }: Phase): string =>
  heap === undefined
    ? `  heap: fewer than ${2 * fewestSamples} rests tell no slope`
    : `  heap, KiB a second: ${kibibytes(heap.slope)} (95 %: ${kibibytes(heap.low)} to ${
      kibibytes(heap.high)
    }, ${heap.samples} rests)`

const phaseLines = (phase: Phase): ReadonlyArray<string> => [
  `${phase.name}: ${phase.title}`,
  line("requests", count(phase.requests)),
  line("connections opened", count(phase.opened)),
  ...Object.entries(phase.closedBy).map(([reason, closed]) => line(`  closed: ${reason}`, count(closed))),
  line(`reuse (≥ ${percent(leastReuse)})`, percent(phase.reuse)),
  line(
    "latency p50 / p99 / max, ms",
    [phase.latency.p50, phase.latency.p99, phase.latency.max].map((it) => it.toFixed(2)).join(" / ")
  ),
  slopeLine(phase)
]

export const print = ({ failures, leaks, phases, problems, rests, seconds }: Summary): string => {
  const [first, last] = [rests[0], rests.at(-1)]
  const counted = rests.every(({ sockets }) => sockets !== undefined)
  return [
    `Soak of ${count(seconds)} s`,
    ...phases.flatMap(phaseLines),
    "In all",
    line("heap at the first and last rest", `${kibibytes(first?.heap ?? NaN)} .. ${kibibytes(last?.heap ?? NaN)} KiB`),
    counted ? line("leaked sockets", count(leaks)) : "  NOT COUNTED: sockets, since this system has no /proc",
    ...failures.map((failure) => `  FAILED: ${failure}`),
    ...(problems.length === 0 ? ["All holds."] : problems.map((problem) => `WRONG: ${problem}`))
  ].join("\n")
}
