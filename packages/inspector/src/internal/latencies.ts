/**
 * Percentiles of the last second, in constant memory: durations are counted in bins, each 5 % wider than the one before, so what is
 * told of them is wrong by 2.5 % at most.
 *
 * @internal
 */

const shortest = 0.01
const growth = Math.log(1.05)

/** Up to 8 hours. */
const bins = 440

const binOf = (duration: number): number =>
  Math.min(bins - 1, Math.max(0, Math.round(Math.log(Math.max(shortest, duration) / shortest) / growth)))

const durationOf = (bin: number): number => shortest * Math.exp(bin * growth)

export class Latencies {
  /** What came between two looks; the first is the one that is being filled. */
  private spans: Array<Uint32Array>

  /** Percentiles are those of the last so many looks. */
  constructor(looks: number) {
    this.spans = Array.from({ length: looks }, () => new Uint32Array(bins))
  }

  record(duration: number): void {
    this.spans[0]![binOf(duration)]! += 1
  }

  /** Milliseconds; null where there was nothing. Begins the next span. */
  take(...fractions: ReadonlyArray<number>): ReadonlyArray<number | null> {
    const sums = new Float64Array(bins)
    let all = 0
    for (const span of this.spans) {
      for (let bin = 0; bin < bins; bin++) {
        sums[bin]! += span[bin]!
        all += span[bin]!
      }
    }
    const oldest = this.spans.pop()!
    this.spans.unshift(oldest.fill(0))
    return fractions.map((fraction) => {
      if (all === 0) return null
      let bin = 0
      for (let seen = sums[0]!; seen < fraction * all && bin < bins - 1; seen += sums[bin]!) bin++
      return durationOf(bin)
    })
  }
}
