import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { IdTable } from "../../src/machine/idTable.js"

const slotsOf = (table: IdTable<object>): ReadonlyArray<object | undefined> =>
  (table as unknown as { readonly members: ReadonlyArray<object | undefined> }).members

describe("a table of numbers", () => {
  it("does what a Map does, whatever comes and goes", () => {
    const step = fc.tuple(fc.constantFrom("set", "delete", "get", "clear"), fc.nat({ max: 300 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: "max" }), fc.nat({ max: 2 ** 20 }), (steps, offset) => {
        const table = new IdTable<object>()
        const map = new Map<number, object>()
        const found = steps.map(([what, number]) => {
          const id = number + offset * 1_000
          const member = { id }
          if (what === "set") {
            table.set(id, member)
            map.set(id, member)
          } else if (what === "clear" && number === 300) {
            table.clear()
            map.clear()
          }
          const deleted = what === "delete" && table.delete(id) !== map.delete(id)
          return !deleted && table.get(id) === map.get(id) && table.has(id) === map.has(id) && table.size === map.size
        })
        expect(found).not.toContain(false)
        const members = [...map].sort(([one], [other]) => one - other).map(([, member]) => member)
        expect(table.values()).toEqual(members)
        const met: Array<object> = []
        table.forEach((member) => met.push(member))
        expect([met.length, new Set(met)]).toEqual([members.length, new Set(members)])
      })
    )
  })

  it("finds all of many that follow each other, also beyond 32 bits", () => {
    for (const start of [0, 2 ** 31 - 500, 2 ** 40]) {
      const table = new IdTable<number>()
      for (let id = start; id < start + 1_000; id++) table.set(id, id)
      for (let id = start; id < start + 1_000; id += 2) table.delete(id)
      for (let id = start; id < start + 1_000; id++) expect(table.get(id)).toBe((id - start) % 2 === 0 ? undefined : id)
    }
  })

  it("holds nothing of what was taken out, and shrinks when a crowd has left", () => {
    const table = new IdTable<object>()
    for (let id = 0; id < 10_000; id++) table.set(id, {})
    expect(slotsOf(table).length).toBe(32_768)
    const grown = slotsOf(table)
    for (let id = 0; id < 10_000; id++) table.delete(id)
    expect([table.size, slotsOf(table).length]).toEqual([0, 64])
    for (const slots of [grown, slotsOf(table)]) expect(slots.every((member) => member === undefined)).toBe(true)
  })

  it("does not grow while as many leave as come", () => {
    const table = new IdTable<object>()
    for (let id = 0; id < 20; id++) table.set(id, {})
    const slots = slotsOf(table)
    for (let id = 20; id < 100_000; id++) {
      table.delete(id - 20)
      table.set(id, {})
    }
    expect(slotsOf(table)).toBe(slots)
    expect(slots.filter((member) => member !== undefined).length).toBe(20)
  })
})
