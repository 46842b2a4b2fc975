/**
 * How often durations were how long, on a logarithmic scale: three buckets to each doubling from 31 µs to 33 s, so that a
 * percentile is right within an eighth. An origin's three scales share one array, and take less than 1 KB together.
 *
 * @internal
 */
import type { DurationStats } from "../PoolStats.js"

/** Milliseconds; what is not longer counts as 0. */
const shortest = 2 ** -5

const perDoubling = 3
const doublings = 20
const buckets = perDoubling * doublings + 2

const bucketOf = (milliseconds: number): number => {
  if (milliseconds <= shortest) return 0
  const bucket = Math.ceil(perDoubling * Math.log2(milliseconds / shortest))
  return Math.min(Math.max(bucket, 1), buckets - 1)
}

/** What stands for all of a bucket: its geometric middle; of the last, which has none, where it begins. */
const middleOf = (bucket: number): number => {
  if (bucket === 0) return 0
  const place = bucket === buckets - 1 ? bucket - 1 : bucket - 0.5
  return shortest * 2 ** (place / perDoubling)
}

/** To the microsecond. */
const rounded = (milliseconds: number): number => Math.round(1_000 * milliseconds) / 1_000

/** The array, made with the first duration. */
class Table {
  private made: Uint32Array | undefined = undefined
  private readonly scales: number

  constructor(scales: number) {
    this.scales = scales
  }

  get counts(): Uint32Array {
    return this.made ??= new Uint32Array(this.scales * buckets)
  }
}

/** Durations of one kind. */
export class DurationCounts {
  count = 0
  /** In milliseconds, together. */
  sum = 0
  private readonly table: Table
  /** Where its buckets begin in the table. */
  private readonly start: number

  private constructor(table: Table, start: number) {
    this.table = table
    this.start = start
  }

  static three(): readonly [DurationCounts, DurationCounts, DurationCounts] {
    const table = new Table(3)
    return [new DurationCounts(table, 0), new DurationCounts(table, buckets), new DurationCounts(table, 2 * buckets)]
  }

  add(milliseconds: number): void {
    this.count++
    this.sum += milliseconds
    this.table.counts[this.start + bucketOf(milliseconds)]!++
  }

  snapshot(): DurationStats {
    const { count, sum } = this
    return {
      count,
      average: count === 0 ? 0 : rounded(sum / count),
      p50: this.percentile(0.5),
      p90: this.percentile(0.9),
      p99: this.percentile(0.99)
    }
  }

  private percentile(part: number): number {
    if (this.count === 0) return 0
    const { counts } = this.table
    let left = Math.ceil(part * this.count)
    let bucket = 0
    while ((left -= counts[this.start + bucket]!) > 0) bucket++
    return rounded(middleOf(bucket))
  }
}
