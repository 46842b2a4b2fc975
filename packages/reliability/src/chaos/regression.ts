// A straight line through samples, and how sure its slope is.

export interface Sample {
  readonly x: number
  readonly y: number
}

export interface Slope {
  readonly slope: number
  /** The true slope lies between these, in 95 of 100 cases. */
  readonly low: number
  readonly high: number
  readonly samples: number
}

/** With fewer there is nothing to say. */
export const fewestSamples = 8

/** Of the normal distribution: 2.5 % lie above. */
const z = 1.959963984540054

/** Student's 97.5 % quantile, by the first terms of its expansion; off by less than 0.001 from 6 degrees of freedom on. */
const quantile = (freedom: number): number =>
  z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
  (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3)

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

const sumOfSquares = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value ** 2, 0)

/** Where each sample resembles the one before, there are in truth so many times fewer of them. */
const widening = (residues: ReadonlyArray<number>): number => {
  const squares = sumOfSquares(residues)
  if (squares === 0) return 1
  const alike = residues.slice(1).reduce((sum, value, index) => sum + value * residues[index]!, 0) / squares
  return alike > 0 ? (1 + alike) / (1 - alike) : 1
}

/** By least squares; undefined where there are too few samples. */
export const slopeOf = (samples: ReadonlyArray<Sample>): Slope | undefined => {
  if (samples.length < fewestSamples) return undefined
  const meanX = mean(samples.map(({ x }) => x))
  const meanY = mean(samples.map(({ y }) => y))
  const spread = samples.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  const slope = samples.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
  const residues = samples.map(({ x, y }) => y - meanY - slope * (x - meanX))
  const freedom = samples.length - 2
  const error = Math.sqrt(sumOfSquares(residues) / freedom / spread)
  const margin = quantile(freedom) * error * Math.sqrt(widening(residues))
  return { slope, low: slope - margin, high: slope + margin, samples: samples.length }
}
