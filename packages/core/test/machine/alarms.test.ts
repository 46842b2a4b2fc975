import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Alarm } from "../../src/machine/alarms.js"
import { Alarms } from "../../src/machine/alarms.js"

const alarm = (): Alarm => ({ at: Infinity, slot: -1 })

const takeAll = (alarms: Alarms<Alarm>): Array<number> => {
  const times: Array<number> = []
  for (let due = alarms.takeDue(Infinity); due !== undefined; due = alarms.takeDue(Infinity)) times.push(due.at)
  return times
}

describe("Alarms", () => {
  it("is empty at first", () => {
    const alarms = new Alarms<Alarm>()
    expect(alarms.size).toBe(0)
    expect(alarms.next).toBe(Infinity)
    expect(alarms.takeDue(Infinity)).toBe(undefined)
  })

  it("gives the earliest, and only when it is due", () => {
    const alarms = new Alarms<Alarm>()
    const [late, early] = [alarm(), alarm()]
    alarms.set(late, 20)
    alarms.set(early, 10)
    expect(alarms.next).toBe(10)
    expect(alarms.takeDue(9)).toBe(undefined)
    expect(alarms.takeDue(10)).toBe(early)
    expect(early.slot).toBe(-1)
    expect(alarms.next).toBe(20)
    expect(alarms.size).toBe(1)
    expect(alarms.takeDue(10)).toBe(undefined)
    expect(alarms.takeDue(25)).toBe(late)
  })

  it("moves an alarm that is set again, both ways", () => {
    const alarms = new Alarms<Alarm>()
    const all = [1, 2, 3, 4, 5, 6, 7].map((at) => {
      const one = alarm()
      alarms.set(one, at)
      return one
    })
    alarms.set(all[0]!, 10)
    expect(alarms.next).toBe(2)
    alarms.set(all[6]!, 0)
    expect(alarms.next).toBe(0)
    expect(alarms.size).toBe(7)
    expect(takeAll(alarms)).toEqual([0, 2, 3, 4, 5, 6, 10])
  })

  it("clears an alarm that is set to Infinity, and takes no notice of one that is not set", () => {
    const alarms = new Alarms<Alarm>()
    const [one, other] = [alarm(), alarm()]
    alarms.set(one, 1)
    alarms.set(one, Infinity)
    alarms.clear(one)
    alarms.clear(other)
    alarms.set(other, Infinity)
    expect(one.slot).toBe(-1)
    expect(alarms.size).toBe(0)
  })

  it("clears the last of the heap and one in its middle", () => {
    const alarms = new Alarms<Alarm>()
    // The middle one's place goes to the last, which must climb: its new parent is later.
    const all = [1, 10, 2, 11, 12, 3, 4].map((at) => {
      const one = alarm()
      alarms.set(one, at)
      return one
    })
    alarms.clear(all[3]!)
    expect(alarms.size).toBe(6)
    alarms.clear(all[2]!)
    alarms.clear(all[6]!)
    expect(takeAll(alarms)).toEqual([1, 3, 10, 12])
  })

  it("agrees with a sorted list, whatever is set, moved and cleared", () => {
    const step = fc.tuple(fc.nat(15), fc.constantFrom("set", "set", "set", "clear", "take"), fc.nat(20))
    const play = (steps: ReadonlyArray<readonly [number, string, number]>): void => {
      const alarms = new Alarms<Alarm>()
      const all = Array.from({ length: 16 }, alarm)
      const set = new Map<Alarm, number>()
      for (const [which, what, at] of steps) {
        const one = all[which]!
        if (what === "set") {
          alarms.set(one, at)
          set.set(one, at)
        } else if (what === "clear") {
          alarms.clear(one)
          set.delete(one)
        } else {
          const due = alarms.takeDue(at)
          if ((due === undefined) !== (Math.min(...set.values()) > at)) {
            throw new Error("the earliest is due, or none is")
          }
          if (due !== undefined) set.delete(due)
        }
        if (alarms.size !== set.size) throw new Error("the size is wrong")
        if (alarms.next !== Math.min(...set.values())) throw new Error("the earliest is wrong")
        if (all.some((each) => each.slot >= 0 !== set.has(each))) throw new Error("an alarm is in the wrong place")
      }
      expect(takeAll(alarms)).toEqual([...set.values()].sort((a, b) => a - b))
    }
    fc.assert(fc.property(fc.array(step, { maxLength: 80, size: "max" }), play), { numRuns: 500 })
  })
})
