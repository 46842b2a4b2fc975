import { describe, expect, it } from "vitest"
import { count, duration, plural, rate } from "../../page/figures.js"

describe("the page writes figures", () => {
  it.each([
    [0.0123, "0.01 ms"],
    [1.26, "1.3 ms"],
    [42.4, "42 ms"],
    [1_234, "1.2 s"],
    [61_900, "1 min 1 s"],
    [3_720_000, "1 h 2 min"],
    [400_000_000, "4 days"]
  ])("a duration of %d ms as %s", (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text)
  })

  it("rates with a decimal only where it matters", () => {
    expect([0, 3, 3.25, 12.5, 12_345].map(rate)).toEqual(["0", "3", "3.3", "13", "12,345"])
  })

  it("counts in groups, and names in the right number", () => {
    expect([count(1_234_567), plural(1, "origin"), plural(0, "origin")]).toEqual(["1,234,567", "1 origin", "0 origins"])
  })
})
