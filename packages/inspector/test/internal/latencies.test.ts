import { describe, expect, it } from "vitest"
import { Latencies } from "../../src/internal/latencies.js"

describe("percentiles of latencies", () => {
  it("are those of all that came, within 2.5 %", () => {
    const latencies = new Latencies(4)
    for (let i = 1; i <= 1_000; i++) latencies.record(i / 10)
    const [p50, p99] = latencies.take(0.5, 0.99)
    expect(Math.abs(p50! / 50 - 1)).toBeLessThan(0.026)
    expect(Math.abs(p99! / 99 - 1)).toBeLessThan(0.026)
  })

  it("are null where nothing came", () => {
    expect(new Latencies(4).take(0.5, 0.99)).toEqual([null, null])
  })

  it("forget after as many looks as they were told to", () => {
    const latencies = new Latencies(3)
    latencies.record(5)
    const seen = Array.from({ length: 5 }, () => latencies.take(0.5)[0] !== null)
    expect(seen).toEqual([true, true, true, false, false])
  })

  it("take the shortest and the longest there are", () => {
    const latencies = new Latencies(1)
    latencies.record(0)
    expect(latencies.take(1)[0]).toBeCloseTo(0.01)
    latencies.record(1e12)
    expect(latencies.take(1)[0]).toBeGreaterThan(8 * 3_600_000 / 2)
  })
})
