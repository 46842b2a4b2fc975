import { describe, expect, it } from "vitest"
import { OriginShelf } from "../../src/machine/originShelf.js"
import { Waiter, WaitQueue } from "../../src/machine/waitQueue.js"
import { boundless } from "./support/story.js"

const shelf = new OriginShelf("a", boundless)
const waiter = (id: number): Waiter => new Waiter(id, shelf, Infinity)

/** Read from both ends, which must agree. */
const ids = (queue: WaitQueue): Array<number> => {
  const forth: Array<number> = []
  let last: Waiter | undefined
  for (let one = queue.first; one !== undefined; one = one.next) {
    forth.push(one.id)
    last = one
  }
  const back: Array<number> = []
  for (let one = last; one !== undefined; one = one.prev) back.unshift(one.id)
  expect(back).toEqual(forth)
  expect(queue.size).toBe(forth.length)
  return forth
}

describe("WaitQueue", () => {
  it("is first come, first served", () => {
    const queue = new WaitQueue()
    expect(ids(queue)).toEqual([])
    expect(queue.first).toBe(undefined)
    for (const id of [1, 2, 3]) queue.push(waiter(id))
    expect(ids(queue)).toEqual([1, 2, 3])
  })

  it("takes a waiter back at its head, into an empty queue too", () => {
    const queue = new WaitQueue()
    queue.unshift(waiter(2))
    expect(ids(queue)).toEqual([2])
    queue.unshift(waiter(1))
    queue.push(waiter(3))
    expect(ids(queue)).toEqual([1, 2, 3])
  })

  it("lets go of the first, one in the middle, the last and the only one", () => {
    const queue = new WaitQueue()
    const all = [0, 1, 2, 3].map(waiter)
    for (const one of all) queue.push(one)
    queue.remove(all[1]!)
    expect(ids(queue)).toEqual([0, 2, 3])
    queue.remove(all[0]!)
    expect(ids(queue)).toEqual([2, 3])
    queue.remove(all[3]!)
    expect(ids(queue)).toEqual([2])
    queue.remove(all[2]!)
    expect(ids(queue)).toEqual([])
    queue.push(all[3]!)
    queue.push(all[1]!)
    expect(ids(queue)).toEqual([3, 1])
  })

  it("forgets the neighbours of who has left", () => {
    const queue = new WaitQueue()
    const all = [0, 1, 2].map(waiter)
    for (const one of all) queue.push(one)
    queue.remove(all[1]!)
    expect(all[1]!.prev).toBe(undefined)
    expect(all[1]!.next).toBe(undefined)
    queue.unshift(all[1]!)
    expect(ids(queue)).toEqual([1, 0, 2])
  })
})
