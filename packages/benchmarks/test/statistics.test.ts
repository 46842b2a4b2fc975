import { describe, expect, it } from "vitest"
import { latenciesOf } from "../src/percentiles.js"
import { ratios, spread } from "../src/statistics.js"

describe("spread", () => {
  it("takes the middle and the middle half, between two values where there are two", () => {
    expect(spread([5, 1, 4, 2, 3])).toEqual({ median: 3, lower: 2, upper: 4, min: 1, max: 5 })
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, lower: 1.75, upper: 3.25, min: 1, max: 4 })
    expect(spread([10, 9, 100])).toMatchObject({ median: 10, min: 9, max: 100 })
  })

  it("of one value is that value", () => {
    expect(spread([7])).toEqual({ median: 7, lower: 7, upper: 7, min: 7, max: 7 })
  })

  it("leaves what it was given in its order", () => {
    const values = [3, 1, 2]
    spread(values)
    expect(values).toEqual([3, 1, 2])
  })
})

describe("ratios", () => {
  it("are taken round by round: a machine that slows both down changes nothing", () => {
    expect(ratios([200, 20, 2], [100, 10, 1])).toMatchObject({ median: 2, min: 2, max: 2 })
  })
})

describe("percentiles", () => {
  it("are those of all rounds together, in milliseconds", () => {
    const latencies = Array.from({ length: 1_000 }, (_, index) => index + 1)
    const found = latenciesOf([latencies.slice(0, 300), latencies.slice(300)]).percentiles
    for (const [key, expected] of Object.entries({ p50: 500, p90: 900, p99: 990, p999: 999, max: 1_000 })) {
      const value = found[key as keyof typeof found]
      expect(Math.abs(value / expected - 1), key).toBeLessThan(0.002)
    }
  })

  it("has room for what took less than a microsecond, and for an hour", () => {
    expect(latenciesOf([[0, 0, 0]]).percentiles.p50).toBe(0.001)
    expect(latenciesOf([[3_600_000]]).percentiles.max / 3_600_000).toBeCloseTo(1, 2)
  })
})
