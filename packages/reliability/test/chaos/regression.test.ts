import { describe, expect, it } from "vitest"
import { fewestSamples, slopeOf } from "../../src/chaos/regression.js"

/** Around y = 2x + 3; the errors cancel each other out, so that the slope is exact. */
const around = (errors: ReadonlyArray<number>) => errors.map((error, x) => ({ x, y: 2 * x + 3 + error }))

describe("the slope of samples", () => {
  it("is exact, and sure, where they lie on a line", () => {
    const { high, low, samples, slope } = slopeOf(around(new Array<number>(10).fill(0)))!
    for (const value of [slope, low, high]) expect(value).toBeCloseTo(2, 10)
    expect(samples).toBe(10)
  })

  it("has the confidence interval of Student's distribution", () => {
    // Symmetric errors of 1: residues of 8, 6 degrees of freedom, a spread of 42, and a quantile of 2.4469.
    const { high, low, slope } = slopeOf(around([1, -1, -1, 1, 1, -1, -1, 1]))!
    const margin = 2.4469 * Math.sqrt(8 / 6 / 42)
    expect(slope).toBeCloseTo(2, 10)
    expect(high - slope).toBeCloseTo(margin, 3)
    expect(slope - low).toBeCloseTo(margin, 3)
  })

  it("is less sure where each sample resembles the one before", () => {
    const { high, slope } = slopeOf(around([1, 1, -1, -1, -1, -1, 1, 1]))!
    const plain = slopeOf(around([1, -1, -1, 1, 1, -1, -1, 1]))!
    expect(high - slope).toBeGreaterThan(1.3 * (plain.high - plain.slope))
  })

  it("is not told from too few", () => {
    expect(slopeOf(around(new Array<number>(fewestSamples - 1).fill(0)))).toBeUndefined()
  })
})
