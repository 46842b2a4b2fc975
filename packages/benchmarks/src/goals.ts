// What docs/DESIGN.md, §10, asks of a run like this one.
import type { Reference, Throughput } from "./throughput.js"

interface Goal {
  readonly name: string
  readonly to: Reference
  readonly atLeast: number
  readonly callers: ReadonlyArray<number>
}

export interface Verdict {
  readonly name: string
  readonly to: Reference
  readonly callers: number
  readonly atLeast: number
  /** Requests a second, to the other's; the median of the rounds. */
  readonly found: number
  readonly reached: boolean
  /** The same for a second of CPU time, which other programs disturb less. */
  readonly foundByCpu: number
}

const goals: ReadonlyArray<Goal> = [
  { name: "execute", to: "dispatch", atLeast: 1.1, callers: [50, 200] },
  { name: "execute", to: "request", atLeast: 1.3, callers: [50, 200] },
  { name: "core", to: "execute", atLeast: 0.87, callers: [50, 200] },
  { name: "httpClientSpans", to: "layerUndici", atLeast: 6, callers: [50] },
  { name: "httpClientSpans", to: "request", atLeast: 0.8, callers: [50] }
]

/** One for each goal and each table that it can be read from. */
export const judge = (tables: ReadonlyArray<Throughput>): ReadonlyArray<Verdict> =>
  goals.flatMap(({ atLeast, callers, name, to }) =>
    tables
      .filter((table) => table.workload === "rpc" && callers.includes(table.callers))
      .flatMap((table) => {
        const line = table.lines.find((line) => line.name === name)
        const comparison = line?.comparisons.find((comparison) => comparison.to === to)
        if (comparison === undefined) return []
        const found = comparison.perSecond.median
        const foundByCpu = comparison.perCpuSecond.median
        return [{ name, to, callers: table.callers, atLeast, found, reached: found >= atLeast, foundByCpu }]
      })
  )
