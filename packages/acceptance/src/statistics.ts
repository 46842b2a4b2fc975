// What a list of figures says.
import { linearRegression, max, mean, probit, quantile, sampleCorrelation, sum } from "simple-statistics"

export interface Spread {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export const spread = (values: ReadonlyArray<number>): Spread => {
  const all = [...values]
  return { mean: mean(all), p50: quantile(all, 0.5), p90: quantile(all, 0.9), p99: quantile(all, 0.99), max: max(all) }
}

/** A value that was measured, with the interval that holds the true one in 95 of 100 cases. */
export interface Estimate {
  readonly value: number
  readonly lower: number
  readonly upper: number
}

/** The half width of a 95 % interval in standard errors. With the dozens of samples that we have, Student's is 2 % wider at most. */
const halfWidth = probit(0.975)

/**
 * How neighbours in time resemble each other; what they share says nothing new, and makes the interval wider. Below zero, that
 * is where they avoid each other, it is taken as zero, which makes it wider too.
 */
const resemblance = (residuals: ReadonlyArray<number>): number => {
  const correlation = sampleCorrelation(residuals.slice(0, -1), residuals.slice(1))
  return Number.isNaN(correlation) ? 0 : Math.min(0.99, Math.max(0, correlation)) // all the same: no correlation
}

/** Least squares: by how much y grows for each unit of x. Needs more than three samples. */
export const slope = (samples: ReadonlyArray<readonly [x: number, y: number]>): Estimate => {
  const { b, m } = linearRegression(samples.map(([x, y]) => [x, y]))
  const middle = mean(samples.map(([x]) => x))
  const residuals = samples.map(([x, y]) => y - (m * x + b))
  const variance = sum(residuals.map((residual) => residual ** 2)) / (samples.length - 2)
  const error = Math.sqrt(variance / sum(samples.map(([x]) => (x - middle) ** 2)))
  const alike = resemblance(residuals)
  const half = halfWidth * error * Math.sqrt((1 + alike) / (1 - alike))
  return { value: m, lower: m - half, upper: m + half }
}
