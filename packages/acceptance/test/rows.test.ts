// Each verdict can be a miss.
import { describe, expect, it } from "vitest"
import { cleanUpRow } from "../src/measures/cleanUps.js"
import type { Played } from "../src/measures/load.js"
import { growthRow, leaksRow, loads, reuseRow } from "../src/measures/load.js"
import type { SiteReport } from "../src/server/messages.js"

const report: SiteReport = { port: 1, accepted: 50, open: 0, mostOpen: 50, answered: 6_000, sockets: [] }

describe("reuse", () => {
  const played: Played = {
    load: loads[1]!,
    requests: 6_000,
    reused: 5_950,
    failures: [],
    poolReuse: 5_950 / 6_000,
    poolLeaks: 0,
    server: report
  }

  it("is good when all counts agree on enough of it", () => {
    expect(reuseRow(played, 60)).toMatchObject({ good: true, now: "99.17 % of 6,000" })
  })

  it.each([
    ["too many sockets were opened", { reused: 5_900, poolReuse: 5_900 / 6_000, server: { ...report, accepted: 100 } }],
    ["there were too few operations", {
      requests: 5_389,
      reused: 5_389,
      poolReuse: 1,
      server: { ...report, accepted: 0, answered: 5_389 }
    }],
    ["a call failed", { failures: ["Error: gone"] }],
    ["the answers say something else than the server", { reused: 5_949 }],
    ["the pool says something else than the server", { poolReuse: 1 }]
  ])("is missed when %s", (_, change) => {
    expect(reuseRow({ ...played, ...change }, 60).good).toBe(false)
  })
})

describe("leaked sockets", () => {
  const left = {
    atRest: { system: 26, servers: 26, pools: 26 },
    atEnd: { system: 0, servers: 0 },
    resources: {},
    reported: 0
  }

  it("are none when nobody knows of one", () => {
    expect(leaksRow(left)).toMatchObject({ good: true, now: "0" })
    const silent = { ...left, atRest: { ...left.atRest, system: undefined }, atEnd: { system: undefined, servers: 0 } }
    expect(leaksRow(silent).good).toBe(true)
    expect(leaksRow(silent).profile[0]).toContain("an unknown number by")
  })

  it.each([
    ["the system has one more than the pools at rest", { atRest: { system: 27, servers: 26, pools: 26 } }],
    ["a server has one more than the pools at rest", { atRest: { system: 26, servers: 27, pools: 26 } }],
    ["the system has one at the end", { atEnd: { system: 1, servers: 0 } }],
    ["a server has one at the end", { atEnd: { system: 0, servers: 1 } }],
    ["a pool reports one", { reported: 1 }]
  ])("are seen when %s", (_, change) => {
    expect(leaksRow({ ...left, ...change })).toMatchObject({ good: false, now: "1" })
  })

  it("are not all that may be left", () => {
    expect(leaksRow({ ...left, resources: { Timeout: 1 } }).good).toBe(false)
  })
})

describe("heap growth", () => {
  /** Sixty samples in as many seconds, each some kilobytes away from the line. */
  const heap = (perSecond: number, noise = 4_000): ReadonlyArray<readonly [number, number]> =>
    Array.from({ length: 60 }, (_, i) => [i, 9_000_000 + perSecond * i + noise * Math.sin(i * 12.9898)])

  const row = (heap: ReadonlyArray<readonly [number, number]>) => growthRow(heap, 60, 18_000)

  it("is none when it is flat, falls, or is less than an object for each call", () => {
    expect(row(heap(0)).good).toBe(true)
    expect(row(heap(-6_000))).toMatchObject({ good: true, now: expect.stringMatching(/^−0\.3\d MB/) })
    expect(row(heap(3_000)).good).toBe(true)
  })

  it("is seen when it is there, and when it cannot be excluded", () => {
    expect(row(heap(6_000))).toMatchObject({ good: false, now: expect.stringMatching(/^0\.36 MB/) })
    expect(row(heap(0, 4_000_000)).good).toBe(false)
  })
})

describe("a clean-up", () => {
  const closing = (...after: ReadonlyArray<number | undefined>): SiteReport => ({
    ...report,
    sockets: Array.from({ length: 10 }, (_, i) => ({
      number: i + 1,
      requests: 1,
      lastAnswerAt: 5_000,
      closedAt: i in after ? (after[i] === undefined ? undefined : 5_000 + after[i]) : 6_001
    }))
  })
  const row = (report: SiteReport) => cleanUpRow("idle expiry", report, 1_000, "10 connections", "")

  it("is good within a tenth", () => {
    expect(row(closing(920, 1_090))).toMatchObject({ good: true, now: "9.00 % away" })
  })

  it("is missed by one that is early, late, or never closed", () => {
    expect(row(closing(890)).good).toBe(false)
    expect(row(closing(1_110)).good).toBe(false)
    expect(row(closing(undefined))).toMatchObject({ good: false, now: "1 still open" })
    expect(row({ ...closing(), sockets: [] }).good).toBe(false)
  })
})
