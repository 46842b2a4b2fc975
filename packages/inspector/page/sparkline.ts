// A small chart without axes, redrawn when the theme or its width changes.
import uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import { most } from "./history.js"

const height = 44

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** With one line its area is filled; a second is dashed. */
const seriesOf = (lines: number): Array<uPlot.Series> =>
  Array.from({ length: lines }, (_, index): uPlot.Series => ({
    stroke: color(`--series-${index + 1}`),
    width: 1.5,
    points: { show: false },
    ...(index === 0 ? { fill: color("--fill") } : { dash: [4, 3] })
  }))

const scales: Readonly<Record<"linear" | "logarithmic", uPlot.Scale>> = {
  linear: { range: (_, __, highest) => [0, 1.08 * Math.max(1, highest ?? 1)] },
  // Where one line may be a thousand times the other.
  logarithmic: { distr: 3, range: (_, lowest, highest) => [(lowest ?? 1) / 1.5, 1.5 * (highest ?? 10)] }
}

export class Sparkline {
  private readonly place: HTMLElement
  private readonly lines: number
  private readonly scale: uPlot.Scale
  private chart: uPlot | undefined = undefined
  private data: uPlot.AlignedData = [[]]

  constructor(id: string, lines: number, scale: keyof typeof scales = "linear") {
    this.scale = scales[scale]
    this.place = document.getElementById(id)!
    this.lines = lines
    this.place.setAttribute("role", "img")
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.build())
    new ResizeObserver(() => this.chart?.setSize({ width: this.place.clientWidth, height })).observe(this.place)
    this.build()
  }

  draw(data: uPlot.AlignedData, label: string): void {
    this.data = data
    this.place.setAttribute("aria-label", label)
    this.chart!.setData(data)
  }

  private build(): void {
    this.chart?.destroy()
    const options: uPlot.Options = {
      width: Math.max(1, this.place.clientWidth),
      height,
      padding: [3, 2, 1, 0],
      legend: { show: false },
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        // Always the same width of time, so that the line moves and is not squeezed.
        x: { time: false, range: (_, __, last) => [last - most / 4, last] },
        y: this.scale
      },
      series: [{}, ...seriesOf(this.lines)]
    }
    this.chart = new uPlot(options, this.data, this.place)
  }
}
