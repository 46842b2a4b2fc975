import { describe, expect, it } from "vitest"
import { History, most } from "../../page/history.js"
import type { Look } from "../../src/internal/wire.js"

const look = (change: Partial<Look>): Look => ({
  pool: "default",
  run: 1,
  at: 0,
  active: 0,
  idle: 0,
  connecting: 0,
  waiting: 0,
  limit: 10,
  requests: 0,
  opened: 0,
  failed: 0,
  reusePercent: 0,
  p50: null,
  p99: null,
  wait: null,
  leaks: 0,
  origins: [],
  moreOrigins: 0,
  moreConnections: 0,
  ...change
})

describe("the history of the sparklines", () => {
  it("has a rate from two looks on, by the time between them", () => {
    const history = new History()
    history.add(look({ at: 1_000, requests: 100 }))
    expect(history.steadyRate).toBeNull()
    history.add(look({ at: 1_250, requests: 150 }))
    history.add(look({ at: 1_750, requests: 150 }))
    expect(history.rate).toEqual([null, 200, 0])
    expect(history.steadyRate).toBe(100)
  })

  it("begins anew when the pool was started again", () => {
    const history = new History()
    for (const at of [0, 250, 500]) history.add(look({ at, requests: at, waiting: 7 }))
    history.add(look({ at: 750, run: 2, requests: 3 }))
    expect(history.at).toEqual([0.75])
    expect(history.rate).toEqual([null])
    expect(history.waiting).toEqual([0])
  })

  it("is bounded", () => {
    const history = new History()
    for (let i = 0; i < 2 * most; i++) history.add(look({ at: 250 * i }))
    for (const series of [history.at, history.rate, history.p50, history.waiting]) expect(series).toHaveLength(most)
    expect(history.at.at(-1)).toBe((2 * most - 1) / 4)
  })
})
