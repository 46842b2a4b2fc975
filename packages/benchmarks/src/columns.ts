// The figures of each table, as people read them.
import type { Chores } from "./chores.js"
import type { Cost, Held } from "./costs.js"
import type { Verdict } from "./goals.js"
import type { Growth, Point } from "./growth.js"
import type { LayerLine } from "./layers.js"
import { layers } from "./shares.js"
import type { Line, Reference } from "./throughput.js"
import { references } from "./throughput.js"

export interface Column<A> {
  readonly label: string
  /** To the left; figures are to the right. */
  readonly isText?: true
  readonly cell: (line: A) => string
}

export const count = (value: number): string => Math.round(value).toLocaleString("en-US")

export const ratio = (value: number): string => value.toFixed(2)

const milliseconds = (value: number): string => value < 100 ? value.toFixed(2) : count(value)

const against = (to: Reference): Column<Line> => ({
  label: `/ ${to}`,
  cell: ({ comparisons }) => {
    const found = comparisons.find((comparison) => comparison.to === to)
    return found === undefined ? "" : ratio(found.perSecond.median)
  }
})

const latency = (key: keyof Line["latencyMilliseconds"], label: string = key): Column<Line> => ({
  label,
  cell: ({ latencyMilliseconds }) => milliseconds(latencyMilliseconds[key])
})

interface Named {
  readonly name: string
  readonly title: string
}

const named: ReadonlyArray<Column<Named>> = [
  { label: "", isText: true, cell: ({ title }) => title },
  { label: "name", isText: true, cell: ({ name }) => name }
]

export const columns: ReadonlyArray<Column<Line>> = [
  ...named,
  { label: "requests/s", cell: ({ perSecond }) => count(perSecond.median) },
  { label: "middle half", cell: ({ perSecond }) => `${count(perSecond.lower)}..${count(perSecond.upper)}` },
  { label: "CPU µs", cell: ({ cpuMicroseconds }) => cpuMicroseconds.median.toFixed(1) },
  ...references.map(against),
  latency("p50", "p50 ms"),
  latency("p90"),
  latency("p99"),
  latency("p999", "p99.9"),
  latency("max")
]

export const growthColumns: ReadonlyArray<Column<Omit<Growth, "points"> & Point>> = [
  ...named,
  { label: "beside it", isText: true, cell: ({ dimension, size }) => `${count(size)} ${dimension}` },
  { label: "CPU µs", cell: ({ cpuMicroseconds }) => cpuMicroseconds.median.toFixed(1) },
  { label: "times", cell: ({ ratio: { median } }) => ratio(median) },
  { label: "middle half", cell: ({ ratio: { lower, upper } }) => `${ratio(lower)}..${ratio(upper)}` }
]

export const layerColumns: ReadonlyArray<Column<LayerLine>> = [
  ...named,
  { label: "workload", isText: true, cell: ({ workload }) => workload },
  { label: "callers", cell: ({ callers }) => count(callers) },
  { label: "CPU µs", cell: ({ cpuMicroseconds }) => cpuMicroseconds.toFixed(1) },
  ...layers.map((layer): Column<LayerLine> => ({
    label: layer,
    cell: ({ cpuMicroseconds, shares }) => (cpuMicroseconds * shares[layer]).toFixed(1)
  }))
]

const held = (label: string, of: (cost: Cost) => Held, key: keyof Held): Column<Cost> => ({
  label,
  cell: (cost) => count(of(cost)[key])
})

export const costColumns: ReadonlyArray<Column<Cost>> = [
  ...named,
  held("idle: heap", ({ idle }) => idle, "heap"),
  held("external", ({ idle }) => idle, "external"),
  held("active: heap", ({ active }) => active, "heap"),
  held("external", ({ active }) => active, "external"),
  { label: "allocated", cell: ({ profile }) => count(profile.bytesAllocated) },
  { label: "GC µs", cell: ({ profile }) => profile.gcMicroseconds.toFixed(2) },
  { label: "loop p99 ms", cell: ({ profile }) => milliseconds(profile.loopDelay.p99) },
  { label: "max", cell: ({ profile }) => milliseconds(profile.loopDelay.max) },
  {
    label: "idle end ms",
    cell: ({ expiry: { closed, first, last } }) => closed === 0 ? "none" : `${count(first)}..${count(last)}`
  }
]

/** A ratio, or bytes, or milliseconds. */
const figure = (value: number): string => Math.abs(value) < 100 ? ratio(value) : count(value)

export const goalColumns: ReadonlyArray<Column<Verdict>> = [
  { label: "goal", isText: true, cell: ({ what }) => what },
  { label: "", isText: true, cell: ({ reached }) => reached ? "reached" : "NOT reached" },
  { label: "found", cell: ({ found }) => figure(found) },
  { label: "asked", cell: ({ bound, goal }) => `${bound} ${figure(goal)}` },
  { label: "by CPU time", cell: ({ foundByCpu }) => foundByCpu === undefined ? "" : ratio(foundByCpu) }
]

/** Something that was done, and what it took. */
interface Chore {
  readonly what: string
  readonly took: string
}

export const choresOf = ({ cancelled, idleEnds }: Chores): ReadonlyArray<Chore> => [
  ...cancelled.map(({ microseconds, waiters }) => ({
    what: `${count(waiters)} waiters give up at the same time`,
    took: `${microseconds.toFixed(2)} µs each`
  })),
  {
    what: `${count(idleEnds.connections)} connections that became idle together are closed`,
    took: `the event loop is held up for ${milliseconds(idleEnds.loopDelay)} ms at most, in the median`
  }
]

export const choreColumns: ReadonlyArray<Column<Chore>> = [
  { label: "", isText: true, cell: ({ what }) => what },
  { label: "", isText: true, cell: ({ took }) => took }
]
