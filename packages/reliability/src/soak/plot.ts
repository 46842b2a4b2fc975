// Heap, sockets and latency over the time of a soak, as a picture.
import { draw } from "@connection-pool/benchmarks/charts"
import type { Rest, Summary } from "./soak.js"

const panels = ["heap, MiB", "sockets", "latency, ms"] as const

const height = 180

/** Where one load gives way to the next. */
const changes = (rests: ReadonlyArray<Rest>): ReadonlyArray<{ readonly xAxis: number; readonly name: string }> =>
  rests.filter(({ load }, index) => load !== rests[index - 1]?.load).map(({ at, load }) => ({ xAxis: at, name: load }))

export const plot = ({ rests }: Summary): string => {
  const line = (name: string, panel: number, valueOf: (rest: Rest) => number | undefined) => ({
    name,
    type: "line" as const,
    xAxisIndex: panel,
    yAxisIndex: panel,
    showSymbol: false,
    data: rests.map((rest): [number, number | null] => [rest.at, valueOf(rest) ?? null])
  })
  const marks = { symbol: "none", data: [...changes(rests)], label: { formatter: "{b}" } }
  return draw({
    legend: { bottom: 0 },
    grid: panels.map((_, index) => ({ left: 64, right: 24, top: 40 + index * (height + 50), height })),
    xAxis: panels.map((_, index) => ({ type: "value" as const, gridIndex: index, name: "s" })),
    yAxis: panels.map((name, index) => ({
      type: "value" as const,
      gridIndex: index,
      name,
      scale: index === 0
    })),
    series: [
      { ...line("heap", 0, ({ heap }) => heap / 2 ** 20), markLine: marks },
      line("sockets, by the system", 1, ({ sockets }) => sockets),
      line("connections, by the pool", 1, ({ connections }) => connections),
      line("p50", 2, ({ p50 }) => p50),
      line("p99", 2, ({ p99 }) => p99)
    ]
  }, { width: 900, height: 60 + panels.length * (height + 50) })
}
