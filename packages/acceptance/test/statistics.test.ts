import { describe, expect, it } from "vitest"
import { slope, spread } from "../src/statistics.js"

/** The same noise each time, between -1 and 1. */
const noise = (length: number): ReadonlyArray<number> => {
  let state = 7
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return (2 * state) / 2_147_483_647 - 1
  })
}

describe("slope", () => {
  it("of points on a line is that of the line, and certain", () => {
    const { lower, upper, value } = slope([0, 1, 2, 3, 4].map((x) => [x, 3 * x + 5]))
    expect(value).toBeCloseTo(3)
    expect(upper - lower).toBeCloseTo(0)
  })

  it("has the interval of the textbook where neighbours do not resemble each other", () => {
    // The residuals change their sign each time: their neighbours avoid each other, which makes nothing narrower.
    const { lower, upper, value } = slope([[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4]])
    // Sums of squares: 17.5 of x, 14.5 of both, 5.4857 of the residuals.
    expect(value).toBeCloseTo(0.8286, 4)
    expect((upper - lower) / 2).toBeCloseTo(1.96 * Math.sqrt(5.4857 / 4 / 17.5), 2)
  })

  it("of noise around a flat line has an interval around zero; of a climb it lies above", () => {
    const flat = slope(noise(60).map((y, x) => [x, y]))
    expect(flat.lower).toBeLessThan(0)
    expect(flat.upper).toBeGreaterThan(0)
    const climb = slope(noise(60).map((y, x) => [x, y + 0.1 * x]))
    expect(climb.lower).toBeGreaterThan(0.05)
    expect(climb.upper).toBeLessThan(0.15)
  })

  it("is less certain where each sample is about what the one before was", () => {
    const independent = noise(60)
    const walking = independent.map((_, i) => independent.slice(Math.max(0, i - 9), i + 1).reduce((a, b) => a + b, 0))
    const plain = slope(walking.map((y, x) => [x, y]))
    const shuffled = slope(walking.map((_, x) => [x, walking[(x * 37) % 60]!]))
    expect(plain.upper - plain.lower).toBeGreaterThan(1.5 * (shuffled.upper - shuffled.lower))
  })
})

it("spread", () => {
  const values = Array.from({ length: 101 }, (_, i) => 100 - i)
  expect(spread(values)).toEqual({ mean: 50, p50: 50, p90: 90, p99: 99, max: 100 })
})
