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

/** Takes the same memory, however many there are. */
export class LatencyHistogram {
  readonly #microseconds = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 })

  record(milliseconds: number): void {
    this.#microseconds.recordValue(Math.max(1, Math.round(milliseconds * 1_000)))
  }

  reset(): void {
    this.#microseconds.reset()
  }

  get percentiles(): Percentiles {
    const at = (percent: number): number => this.#at(percent)
    return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) }
  }

  get curve(): ReadonlyArray<Step> {
    return drawn.map((percent) => ({ percent, milliseconds: this.#at(percent) }))
  }

  /** The histogram gives the end of the step that a value is in, and that may lie behind the last value. */
  #at(percent: number): number {
    return Math.min(this.#microseconds.maxValue, this.#microseconds.getValueAtPercentile(percent)) / 1_000
  }
}

export const latenciesOf = (rounds: ReadonlyArray<Iterable<number>>): Latencies => {
  const histogram = new LatencyHistogram()
  for (const latencies of rounds) {
    for (const latency of latencies) histogram.record(latency)
  }
  return { percentiles: histogram.percentiles, curve: histogram.curve }
}
