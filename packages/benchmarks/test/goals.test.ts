import { describe, expect, it } from "vitest"
import type { Found } from "../src/goals.js"
import { judge } from "../src/goals.js"
import { latenciesOf } from "../src/percentiles.js"
import { spread } from "../src/statistics.js"
import type { Comparison, Line, Throughput } from "../src/throughput.js"

const nothing: Found = { tables: [], growth: [], costs: [], chores: undefined }

const line = (name: string, latencies: ReadonlyArray<number>, comparisons: ReadonlyArray<Comparison> = []): Line => {
  const { curve, percentiles } = latenciesOf([latencies])
  return {
    name,
    title: name,
    requests: latencies.length,
    connections: 1,
    perSecond: spread([1]),
    cpuMicroseconds: spread([1]),
    latencyMilliseconds: percentiles,
    latencyCurve: curve,
    comparisons
  }
}

const table = (workload: string, callers: number, ...lines: ReadonlyArray<Line>): Throughput => ({
  workload,
  title: workload,
  callers,
  connections: 50,
  lines
})

const toDispatch = (perSecond: number, perCpuSecond: number): Comparison => ({
  to: "dispatch",
  perSecond: spread([perSecond]),
  perCpuSecond: spread([perCpuSecond])
})

const growth = (ratio: number): Found["growth"][number] => ({
  name: "execute",
  title: "",
  dimension: "origins",
  points: [10, 1_000].map((size) => ({ size, cpuMicroseconds: spread([1]), ratio: spread([size === 10 ? 1 : ratio]) }))
})

const cost = (heap: number, first: number, last: number): Found["costs"][number] => ({
  name: "execute",
  title: "",
  connections: 1,
  idle: { heap, external: 0 },
  active: { heap, external: 0 },
  profile: { requests: 1, bytesAllocated: 1, gcMicroseconds: 1, loopDelay: { p50: 0, p99: 0, max: 0 } },
  expiry: { asked: 1_500, first, last, closed: 1 }
})

const reached = (found: Partial<Found>) => judge({ ...nothing, ...found }).map(({ reached }) => reached)

describe("a goal", () => {
  it("of throughput is judged by the median of the rounds, for each table that it is asked of", () => {
    const of = (perSecond: number) => line("execute", [1], [toDispatch(perSecond, 2)])
    const tables = [
      table("rpc", 50, of(1.1)),
      table("get", 200, of(1.09)),
      table("tls", 50, of(1)),
      table("rpc", 1, of(1))
    ]
    expect(judge({ ...nothing, tables })).toEqual([
      { what: "execute / dispatch, rpc, 50 callers", bound: "≥", goal: 1.1, found: 1.1, reached: true, foundByCpu: 2 },
      {
        what: "execute / dispatch, get, 200 callers",
        bound: "≥",
        goal: 1.1,
        found: 1.09,
        reached: false,
        foundByCpu: 2
      }
    ])
    expect(reached({ tables: [table("up64m", 4, of(0.9)), table("down64m", 4, of(0.89))] })).toEqual([true, false])
  })

  it("of latency is judged by the tail with a thousand callers", () => {
    const of = (...latencies: ReadonlyArray<number>) => line("execute", latencies)
    const dispatch = line("dispatch", [10])
    expect(reached({ tables: [table("rpc", 1_000, of(10), dispatch)] })).toEqual([true])
    expect(reached({ tables: [table("rpc", 1_000, of(1, 11), dispatch)] })).toEqual([false])
    expect(reached({ tables: [table("rpc", 200, of(11), dispatch)] })).toEqual([])
  })

  it("of growth is judged by the largest size", () => {
    expect(reached({ growth: [growth(1.15)] })).toEqual([true])
    expect(reached({ growth: [growth(1.16)] })).toEqual([false])
  })

  it("of a connection is judged by its heap, and by when it ends where it is idle", () => {
    expect(reached({ costs: [cost(3_071, 1_350, 1_550)] })).toEqual([true, true, true])
    expect(reached({ costs: [cost(3_072, 1_349, 1_551)] })).toEqual([false, false, false])
    expect(reached({ costs: [cost(1, NaN, NaN)] })).toEqual([true, false, false])
  })

  it("of what is done beside the requests is judged by the event loop's delay, and by how the cost grows", () => {
    const chores = (loopDelay: number, microseconds: number): Found["chores"] => ({
      cancelled: [{ waiters: 10, microseconds: 1 }, { waiters: 100, microseconds }],
      idleEnds: { connections: 100, loopDelay }
    })
    expect(reached({ chores: chores(4.9, 2) })).toEqual([true, true])
    expect(reached({ chores: chores(5, 2.1) })).toEqual([false, false])
  })
})
