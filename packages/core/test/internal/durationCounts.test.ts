import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as fc from "fast-check"
import { describe, it } from "vitest"
import { DurationCounts } from "../../src/internal/durationCounts.js"

const counted = (durations: ReadonlyArray<number>) => {
  const [counts] = DurationCounts.three()
  for (const duration of durations) counts.add(duration)
  return counts.snapshot()
}

const within = (told: number, truth: number) => Math.abs(told - truth) <= truth / 8

describe("DurationCounts", () => {
  it("are 0 where nothing was counted", () => {
    deepStrictEqual(counted([]), { count: 0, average: 0, p50: 0, p90: 0, p99: 0 })
  })

  it("tell percentiles within an eighth, whatever the durations", () => {
    const duration = fc.double({ min: -5, max: 15, noNaN: true }).map((power) => 2 ** power)
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (durations) => {
        const sorted = [...durations].sort((a, b) => a - b)
        const { count, p50, p90, p99 } = counted(durations)
        strictEqual(count, durations.length)
        for (const [part, told] of [[0.5, p50], [0.9, p90], [0.99, p99]] as const) {
          const truth = sorted[Math.ceil(part * sorted.length) - 1]!
          // What is hardly longer than the shortest is printed to the microsecond.
          if (truth > 0.04) strictEqual(within(told, truth), true, `${part}: ${told} of ${truth}`)
        }
      }),
      { numRuns: 200 }
    )
  })

  it("tell the exact average", () => {
    strictEqual(counted([1, 2, 6]).average, 3)
    strictEqual(counted([0.0004, 0.0007]).average, 0.001)
  })

  it("count what is too short as 0, and what is too long as 33 s", () => {
    deepStrictEqual(counted([0, -1, 0.03]), { count: 3, average: -0.323, p50: 0, p90: 0, p99: 0 })
    const { p50, p99 } = counted([40_000, 10_000_000, Infinity])
    deepStrictEqual([p50, p99], [32_768, 32_768])
  })

  it("do not mix the three kinds", () => {
    const [connects, waits, reuses] = DurationCounts.three()
    connects.add(100_000)
    waits.add(0)
    waits.add(10)
    deepStrictEqual([connects, waits, reuses].map(({ count }) => count), [1, 2, 0])
    strictEqual(waits.snapshot().p50, 0)
    strictEqual(within(waits.snapshot().p99, 10), true)
    strictEqual(reuses.snapshot().p99, 0)
  })
})
