import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import type { Listed } from "../../src/internal/callList.js"
import { CallList } from "../../src/internal/callList.js"

class Item implements Listed<Item> {
  before: Item | undefined = undefined
  after: Item | undefined = undefined
}

describe("a list of calls", () => {
  it("holds what a Set would, in the same order, whatever comes and goes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (steps) => {
        const items = Array.from({ length: 10 }, () => new Item())
        const list = new CallList<Item>()
        const model = new Set<Item>()
        for (const step of steps) {
          const item = items[step]!
          if (model.delete(item)) {
            list.remove(item)
          } else {
            model.add(item)
            list.add(item)
          }
          expect(list.toArray()).toEqual([...model])
          expect(list.size).toBe(model.size)
        }
      })
    )
  })

  it("lets go of what is taken out, and takes nothing out twice", () => {
    const [a, b, c] = [new Item(), new Item(), new Item()] as const
    const list = new CallList<Item>()
    for (const item of [a, b, c]) list.add(item)
    list.remove(b)
    list.remove(b)
    expect([b.before, b.after]).toEqual([undefined, undefined])
    expect(list.toArray()).toEqual([a, c])
    expect(list.size).toBe(2)
    new CallList<Item>().remove(a)
    expect(a.after).toBe(c)
  })
})
