import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { Outcome } from "../src/bench.js"
import { write } from "../src/document.js"
import { latenciesOf } from "../src/percentiles.js"
import { print } from "../src/report.js"
import { spread } from "../src/statistics.js"
import type { Line } from "../src/throughput.js"

let directory: string

beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), "benchmark-document-"))
})

afterEach(() => fs.rm(directory, { recursive: true }))

const line = (name: string, title: string, perSecond: number): Line => {
  const { curve, percentiles } = latenciesOf([[1, 2, 3]])
  return {
    name,
    title,
    requests: 100,
    connections: 50,
    perSecond: spread([perSecond]),
    cpuMicroseconds: spread([20]),
    latencyMilliseconds: percentiles,
    latencyCurve: curve,
    comparisons: []
  }
}

const outcome: Outcome = {
  machine: { cpu: "a processor", cores: 2, node: "v20.0.0", system: "a system", placed: true, load: 0.1 },
  settings: { rounds: 9, warmUps: 3, warmUpRequests: 1, leadIn: 100, round: 400 },
  server: "http://127.0.0.1:1",
  measured: "dist",
  tables: [{
    workload: "rpc",
    title: "a call",
    callers: 50,
    connections: 50,
    lines: [line("dispatch", "undici Pool.dispatch", 31_234), line("execute", "ours: execute", 45_678)]
  }],
  missing: ["nginx"],
  layers: [{
    name: "execute",
    title: "ours: execute",
    workload: "get",
    callers: 50,
    cpuMicroseconds: 20,
    shares: { write: 0.3, "Node.js": 0.25, parser: 0.05, client: 0.2, Effect: 0.1, garbage: 0.05, caller: 0.05 }
  }],
  growth: [{
    name: "execute",
    title: "ours: execute",
    dimension: "idle connections",
    points: [10, 1_000].map((size) => ({ size, cpuMicroseconds: spread([21.5]), ratio: spread([size / 970]) }))
  }],
  costs: [{
    name: "execute",
    title: "ours: execute",
    connections: 2_000,
    idle: { heap: 2_819, external: 7 },
    active: { heap: 9_999, external: 8 },
    profile: { requests: 10, bytesAllocated: 10_310, gcMicroseconds: 2.68, loopDelay: { p50: 0, p99: 4.74, max: 9 } },
    expiry: { asked: 1_500, first: 1_511, last: 1_523, closed: 50 }
  }],
  chores: {
    cancelled: [{ waiters: 1_000, microseconds: 2.5 }, { waiters: 100_000, microseconds: 3.5 }],
    idleEnds: { connections: 10_000, loopDelay: 4.25 }
  },
  goals: [
    { what: "execute / dispatch", bound: "≥", goal: 1.1, found: 1.46, reached: true, foundByCpu: 1.5 },
    { what: "bytes", bound: "<", goal: 3_072, found: 4_096, reached: false, foundByCpu: undefined }
  ]
}

it("the report has every figure of the run, and pictures that are there; those of an earlier run have gone", async () => {
  await fs.mkdir(path.join(directory, "benchmarks"))
  await fs.writeFile(path.join(directory, "benchmarks", "old.svg"), "<svg/>")
  const file = await write(outcome, directory, new Date("2026-11-27T12:00:00Z"))
  const text = await fs.readFile(file, "utf8")
  for (
    const expected of [
      "2026-11-27, a processor, 2 cores, a system, Node v20.0.0; load 0.10 before the run.",
      "| execute / dispatch | reached | 1.46 | ≥ 1.10 | 1.50 |",
      "| bytes | NOT reached | 4,096 | < 3,072 |  |",
      "| 100,000 waiters give up at the same time | 3.50 µs each |",
      "| 10,000 connections that became idle together are closed | the event loop is held up for 4.25 ms at most, in the median |",
      "| ours: execute | execute | get | 50 | 20.0 | 6.0 | 5.0 | 1.0 | 4.0 | 2.0 | 1.0 | 1.0 |",
      "| ours: execute | execute | 45,678 | 45,678..45,678 | 20.0 |",
      "Left out, since nginx is not installed: nginx.",
      "| ours: execute | execute | 1,000 idle connections | 21.5 | 1.03 | 1.03..1.03 |",
      "| ours: execute | execute | 2,819 | 7 | 9,999 | 8 | 10,310 | 2.68 | 4.74 | 9.00 | 1,511..1,523 |"
    ]
  ) expect(text).toContain(expected)
  expect(text).not.toContain("busy")
  const pictures = [...text.matchAll(/\]\(benchmarks\/(.*?)\)/g)].map(([, name]) => name).sort()
  expect(pictures).toEqual(["growth-idle-connections.svg", "rpc-50-latency.svg", "rpc-50-throughput.svg"])
  expect((await fs.readdir(path.join(directory, "benchmarks"))).sort()).toEqual(pictures)
  for (const picture of pictures) {
    const svg = await fs.readFile(path.join(directory, "benchmarks", picture!), "utf8")
    expect(svg).toMatch(/^<svg [^]*ours: execute[^]*<\/svg>\n$/)
  }
})

it("the report says when its figures are worth little", async () => {
  const busy: Outcome = { ...outcome, measured: "sources", machine: { ...outcome.machine, load: 3 } }
  const text = await fs.readFile(await write(busy, directory), "utf8")
  expect(text).toContain("**The machine was busy")
  expect(text).toContain("**Our packages were run from their sources")
})

it("what is printed has the same figures", () => {
  const text = print(outcome)
  expect(text).toMatch(/^ours: execute +execute +1,000 idle connections +21\.5 +1\.03/m)
  expect(text).toMatch(/^ours: execute +execute +2,819 +7 +9,999 /m)
})
