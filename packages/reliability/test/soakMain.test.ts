import * as fs from "node:fs/promises"
import { describe, expect, it } from "vitest"
import type { Summary } from "../src/soak/soak.js"
import { secondsBetweenRests } from "../src/soak/soak.js"
import { start } from "./support/program.js"

it("a soak rests after each second, and in long phases 180 times at most", () => {
  for (const seconds of [1, 20, 180]) expect(secondsBetweenRests(seconds)).toBe(1)
  for (const seconds of [181, 600, 3_601]) {
    expect(Math.ceil(seconds / secondsBetweenRests(seconds))).toBeLessThanOrEqual(180)
  }
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
