// The report's pictures, as SVG.
import type { EChartsOption } from "echarts"
import * as echarts from "echarts"
import type { Dimension, Growth } from "./growth.js"
import type { Throughput } from "./throughput.js"

export interface Size {
  readonly width: number
  readonly height: number
}

/** White behind it, so that it can be read where a page is dark. */
export const draw = (option: EChartsOption, { height, width }: Size): string => {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height })
  try {
    chart.setOption({ animation: false, backgroundColor: "#fff", ...option })
    return `${chart.renderToSVGString()}\n`
  } finally {
    chart.dispose()
  }
}

const ours = "#1f6feb"
const others = "#8c959f"

const isOurs = (title: string): boolean => title.startsWith("ours")

/** Requests a second, the most at the top. */
export const throughputBars = ({ callers, lines, workload }: Throughput): string => {
  const sorted = [...lines].sort((one, other) => one.perSecond.median - other.perSecond.median)
  return draw({
    title: { text: `${workload}, ${callers} callers: requests a second` },
    // What draws here cannot measure text, and thinks that it is narrower than it is.
    grid: { left: 48, right: 80, top: 48, bottom: 8, containLabel: true },
    xAxis: { type: "value" },
    yAxis: { type: "category", data: sorted.map(({ title }) => title) },
    series: [{
      type: "bar",
      label: { show: true, position: "right", formatter: ({ value }) => Number(value).toLocaleString("en-US") },
      data: sorted.map(({ perSecond, title }) => ({
        value: Math.round(perSecond.median),
        itemStyle: { color: isOurs(title) ? ours : others }
      }))
    }]
  }, { width: 860, height: 80 + 30 * lines.length })
}

/** The part of the requests that were answered within a time. */
export const latencyCurves = ({ callers, lines, workload }: Throughput): string =>
  draw({
    title: { text: `${workload}, ${callers} callers: answered within a time` },
    legend: { bottom: 0, type: "plain", itemGap: 32 },
    grid: { left: 56, right: 24, top: 48, bottom: 100 },
    xAxis: { type: "log", name: "ms", nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "value", max: 100, axisLabel: { formatter: "{value} %" } },
    series: lines.map(({ latencyCurve, title }) => ({
      name: title,
      type: "line",
      showSymbol: false,
      lineStyle: { width: isOurs(title) ? 3 : 1.5 },
      data: latencyCurve.map(({ milliseconds, percent }) => [milliseconds, percent])
    }))
  }, { width: 860, height: 520 })

/** The cost of a request, to the cost where there is the least beside it. */
export const growthCurves = (growths: ReadonlyArray<Growth>, dimension: Dimension): string => {
  const shown = growths.filter((growth) => growth.dimension === dimension)
  const most = Math.max(1.15, ...shown.flatMap(({ points }) => points.map(({ ratio }) => ratio.median)))
  return draw({
    title: { text: `CPU time of a request against ${dimension}` },
    legend: { bottom: 0, itemGap: 32 },
    grid: { left: 56, right: 24, top: 48, bottom: 80 },
    xAxis: { type: "log", name: dimension, nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "value", min: 0, max: Math.ceil(most * 10) / 10 },
    series: shown.map(({ points, title }, index) => ({
      name: title,
      type: "line",
      lineStyle: { width: isOurs(title) ? 3 : 1.5 },
      data: points.map(({ ratio, size }) => [size, ratio.median]),
      ...(index === 0 && {
        markLine: {
          symbol: "none",
          data: [{ yAxis: 1.15, name: "goal" }],
          label: { formatter: "goal 1.15", position: "insideStartTop" }
        }
      })
    }))
  }, { width: 860, height: 440 })
}
