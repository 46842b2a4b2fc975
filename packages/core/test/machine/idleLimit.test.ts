import { describe, expect, it } from "vitest"
import { IdleLimit } from "../../src/machine/idleLimit.js"

/** A limit that was learned from two closes after so many milliseconds. */
const learned = (after: number): IdleLimit => {
  const limit = new IdleLimit()
  limit.closed(after, after)
  limit.closed(10 * after, after)
  return limit
}

describe("an origin's idle limit", () => {
  it("is not known at first, nor after one close", () => {
    const limit = new IdleLimit()
    expect(limit.value).toBe(Infinity)
    expect(limit.closed(5_000, 5_000)).toBe(false)
    expect(limit.value).toBe(Infinity)
  })

  it("is nine tenths of the shorter of two that are about the same", () => {
    const limit = new IdleLimit()
    limit.closed(0, 5_000)
    expect(limit.closed(60_000, 5_900)).toBe(true)
    expect(limit.value).toBe(4_500)
    expect(learned(1_000).value).toBe(900)
  })

  it("is not told by closes that differ by more than a fifth", () => {
    const limit = new IdleLimit()
    limit.closed(0, 5_000)
    expect(limit.closed(60_000, 6_100)).toBe(false)
    expect(limit.closed(120_000, 4_800)).toBe(false)
    expect(limit.value).toBe(Infinity)
  })

  it("is not told by connections that are closed together: the server may have been restarted", () => {
    const limit = new IdleLimit()
    for (const after of [5_000, 5_100, 5_000]) expect(limit.closed(60_000, after)).toBe(false)
    expect(limit.value).toBe(Infinity)
    expect(limit.closed(61_000, 5_000)).toBe(true)
  })

  it("is not told by closes sooner than a tenth of a second", () => {
    const limit = new IdleLimit()
    for (let i = 0; i < 10; i++) limit.closed(i * 1_000, 99)
    expect(limit.value).toBe(Infinity)
  })

  it("is lowered when the origin keeps connections for a shorter time", () => {
    const limit = learned(5_000)
    limit.closed(100_000, 2_000)
    expect(limit.value).toBe(4_500)
    expect(limit.closed(200_000, 2_000)).toBe(true)
    expect(limit.value).toBe(1_800)
  })

  it("is forgotten slowly: 22 times outlived, it reaches what the origin allowed, and one close tells it again", () => {
    const limit = learned(5_000)
    let times = 0
    for (; limit.value < 5_000; times++) limit.outlived(30_000)
    expect(times).toBe(22)
    expect(limit.closed(200_000, 5_000)).toBe(true)
    expect(limit.value).toBe(4_500)
  })

  it("is not known any more when it reaches the pool's own", () => {
    const limit = learned(5_000)
    for (let i = 0; i < 1_000; i++) limit.outlived(30_000)
    expect(limit.value).toBe(Infinity)
  })
})
