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

/** Colours that can be told apart, as many as there are contenders. */
const ourColors = ["#1f6feb", "#0b3d91", "#00a6a6", "#7b2ff7", "#d6219c", "#5ab4ff"]
const otherColors = [
  ...["#24292f", "#8c959f", "#d1242f", "#fb8f44", "#bf8700", "#1a7f37", "#94d82d"],
  ...["#a0522d", "#ff9da7", "#6e5494", "#c9b458", "#5c7c7a", "#b0b0d8"]
]

/** In the order of the lines; who is ours stands out. */
const colorsOf = (titles: ReadonlyArray<string>): Array<string> => {
  const left = { ours: [...ourColors], others: [...otherColors] }
  return titles.map((title) => left[isOurs(title) ? "ours" : "others"].shift() ?? others)
}

interface Latencies extends Pick<Throughput, "callers" | "workload"> {
  readonly lines: ReadonlyArray<Pick<Throughput["lines"][number], "latencyCurve" | "title">>
}

/** The part of the requests that were answered within a time. */
export const latencyCurves = ({ callers, lines, workload }: Latencies): string =>
  draw({
    title: { text: `${workload}, ${callers} callers: answered within a time` },
    color: colorsOf(lines.map(({ title }) => title)),
    legend: { orient: "vertical", left: 700, top: 48, itemGap: 9, icon: "rect", itemHeight: 3 },
    grid: { left: 56, right: 284, top: 48, bottom: 56 },
    xAxis: { type: "log", name: "ms", nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "value", max: 100, axisLabel: { formatter: "{value} %" } },
    series: lines.map(({ latencyCurve, title }) => ({
      name: title,
      type: "line",
      showSymbol: false,
      lineStyle: { width: isOurs(title) ? 3 : 1.5 },
      data: latencyCurve.map(({ milliseconds, percent }) => [milliseconds, percent])
    }))
  }, { width: 960, height: 520 })

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
