// Durations, kept as a histogram with three significant figures (HdrHistogram, as Node has it).
import { createHistogram } from "node:perf_hooks"

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

const hour = 3_600_000_000

export class Durations {
  readonly #microseconds = createHistogram({ lowest: 1, highest: hour, figures: 3 })

  record(milliseconds: number): void {
    this.#microseconds.record(Math.min(hour, Math.max(1, Math.round(milliseconds * 1_000))))
  }

  /** Undefined when there was none. */
  get percentiles(): Percentiles | undefined {
    const histogram = this.#microseconds
    if (histogram.count === 0) return undefined
    const at = (percent: number): number => histogram.percentile(percent) / 1_000
    return { p50: at(50), p90: at(90), p99: at(99), max: histogram.max / 1_000 }
  }
}
