import { describe, expect, it } from "vitest"
import { latencyCurves } from "../src/charts.js"
import { contenders } from "../src/contenders/all.js"

describe("the picture of latencies, with everybody in it", () => {
  const titles = contenders.map(({ title }) => title)
  const latencyCurve = [{ milliseconds: 1, percent: 0 }, { milliseconds: 10, percent: 100 }]
  const lines = titles.map((title) => ({ title, latencyCurve }))
  const picture = latencyCurves({ workload: "rpc", callers: 50, lines })

  it("has a line of a colour of its own for each contender", () => {
    const curves = [...picture.matchAll(/<path [^>]*stroke="(#\w+)" stroke-width="(?:3|1\.5)"/g)]
    expect(curves.length).toBe(titles.length)
    expect(new Set(curves.map(([, color]) => color)).size).toBe(titles.length)
  })

  it("names them beside the lines, not on them", () => {
    const right = Math.max(...[...picture.matchAll(/<path d="M56 [\d.]+L([\d.]+) /g)].map(([, x]) => Number(x)))
    expect(right).toBeGreaterThan(500)
    for (const title of titles) {
      const [, x] = new RegExp(`<text [^>]*translate\\(([\\d.]+) [^>]*>${title}<`).exec(picture) ?? []
      expect(Number(x)).toBeGreaterThan(right)
    }
  })
})
