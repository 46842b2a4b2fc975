// Latencies of all rounds together, with three significant figures.
import { build } from "hdr-histogram-js"

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** So many percent were answered within these milliseconds. */
export interface Step {
  readonly percent: number
  readonly milliseconds: number
}

export interface Latencies {
  readonly percentiles: Percentiles
  /** Enough of them to draw. */
  readonly curve: ReadonlyArray<Step>
}

/** Closer together towards the end. */
const drawn = [0, 1, ...Array.from({ length: 48 }, (_, index) => 2 * (index + 1)), 97, 98, 99, 99.5, 99.9, 99.99, 100]

export const latenciesOf = (rounds: ReadonlyArray<Iterable<number>>): Latencies => {
  const microseconds = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 })
  for (const latencies of rounds) {
    for (const latency of latencies) microseconds.recordValue(Math.max(1, Math.round(latency * 1_000)))
  }
  const max = microseconds.maxValue
  // The histogram gives the end of the step that a value is in, and that may lie behind the last value.
  const at = (percent: number): number => Math.min(max, microseconds.getValueAtPercentile(percent)) / 1_000
  return {
    percentiles: { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: max / 1_000 },
    curve: drawn.map((percent) => ({ percent, milliseconds: at(percent) }))
  }
}
