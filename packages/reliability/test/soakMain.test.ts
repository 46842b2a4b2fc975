import * as fs from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { slopeOf } from "../src/chaos/regression.js"
import type { Summary } from "../src/soak/soak.js"
import { grows, secondsBetweenRests } from "../src/soak/soak.js"
import { start } from "./support/program.js"

it("a soak rests after each second, and in long phases 180 times at most", () => {
  for (const seconds of [1, 20, 180]) expect(secondsBetweenRests(seconds)).toBe(1)
  for (const seconds of [181, 600, 3_601]) {
    expect(Math.ceil(seconds / secondsBetweenRests(seconds))).toBeLessThanOrEqual(180)
  }
})

it("a soak calls it growth when something of each second is kept, and not when V8 takes a few bytes once", () => {
  const heap = (bytesAt: (second: number) => number) =>
    slopeOf(Array.from({ length: 10 }, (_, second) => ({ x: second, y: 43_000_000 + bytesAt(second) })))!
  expect(grows(heap(() => 0))).toBe(false)
  // As found: one list of V8's that grew by 64 bytes in ten seconds.
  expect(grows(heap((second) => second < 5 ? 0 : 64))).toBe(false)
  expect(grows(heap((second) => 16 * second))).toBe(true)
  expect(grows(heap((second) => 24 * second + 64 * (second % 2)))).toBe(true)
  expect(grows(heap((second) => -24 * second))).toBe(false)
})

describe("npm run soak", { timeout: 60_000 }, () => {
  it("plays three loads, counts connections as the system does, and draws them", async () => {
    const { code, stderr, stdout } = await start("src/soak.ts", "--seconds", "3", "--json").ended
    expect(stderr).toBe("")
    const summary = JSON.parse(stdout) as Summary
    expect(summary.phases.map(({ name }) => name)).toEqual(["steady", "full speed", "bursts"])
    const [steady, fullSpeed, bursts] = summary.phases
    expect(steady).toMatchObject({ requests: 90, answered: 90, opened: 1 })
    expect(fullSpeed).toMatchObject({ requests: fullSpeed!.answered, opened: 49 })
    expect(bursts).toMatchObject({ requests: 100, answered: 100, opened: 0, reuse: 1 })
    expect(summary.rests.map(({ connections, sockets }) => [connections, sockets])).toEqual([[1, 1], [50, 50], [
      50,
      50
    ]])
    expect(summary).toMatchObject({ leaks: 0, failed: 0 })
    // So short a run has opened a connection for so few requests.
    expect(code).toBe(summary.good ? 0 : 1)
    expect(await fs.readFile("reports/soak.svg", "utf8")).toMatch(/^<svg [^]*sockets, by the system[^]*<\/svg>\n$/)
  })
})
