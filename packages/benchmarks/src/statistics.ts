// What a handful of figures of the same kind amounts to.

export interface Spread {
  readonly median: number
  /** Of the middle half. */
  readonly lower: number
  readonly upper: number
  readonly min: number
  readonly max: number
}

/** The value below which this part of the values lies, between two of them in proportion. */
const quantile = (sorted: ReadonlyArray<number>, part: number): number => {
  const at = (sorted.length - 1) * part
  const below = sorted[Math.floor(at)] ?? NaN
  const above = sorted[Math.ceil(at)] ?? NaN
  return below + (above - below) * (at % 1)
}

export const spread = (values: ReadonlyArray<number>): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number): number => quantile(sorted, part)
  return { median: at(0.5), lower: at(0.25), upper: at(0.75), min: at(0), max: at(1) }
}

/** How many times the other's, round by round: neighbours in time have had the same machine. */
export const ratios = (values: ReadonlyArray<number>, others: ReadonlyArray<number>): Spread =>
  spread(values.map((value, round) => value / (others[round] ?? NaN)))
