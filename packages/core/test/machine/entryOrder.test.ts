import { describe, expect, it } from "vitest"
import { ConnectionEntry } from "../../src/machine/connectionEntry.js"
import { EntryOrder } from "../../src/machine/entryOrder.js"
import { OriginShelf } from "../../src/machine/originShelf.js"
import { boundless } from "./support/story.js"

const shelf = new OriginShelf("a", boundless)
const entries = (count: number): Array<ConnectionEntry> =>
  Array.from({ length: count }, (_, id) => new ConnectionEntry(id, shelf))

describe("EntryOrder", () => {
  it("knows the oldest and the newest", () => {
    const order = new EntryOrder()
    expect(order.oldest).toBe(undefined)
    expect(order.newest).toBe(undefined)
    const [first, second, third] = entries(3)
    for (const entry of [first!, second!, third!]) order.add(entry.inPool)
    expect(order.oldest).toBe(first)
    expect(order.newest).toBe(third)
  })

  it("lets go of any entry, and of one that is not in it", () => {
    const order = new EntryOrder()
    const [first, second, third, stranger] = entries(4)
    for (const entry of [first!, second!, third!]) order.add(entry.inPool)
    expect(second!.inPool.listed).toBe(true)
    second!.inPool.remove()
    expect(second!.inPool.listed).toBe(false)
    stranger!.inPool.remove()
    second!.inPool.remove()
    first!.inPool.remove()
    expect(order.oldest).toBe(third)
    expect(order.newest).toBe(third)
    third!.inPool.remove()
    expect(order.oldest).toBe(undefined)
    expect(order.newest).toBe(undefined)
  })

  it("takes an entry back at its end", () => {
    const order = new EntryOrder()
    const [first, second] = entries(2)
    order.add(first!.inPool)
    order.add(second!.inPool)
    first!.inPool.remove()
    order.add(first!.inPool)
    expect(order.oldest).toBe(second)
    expect(order.newest).toBe(first)
  })
})
