// How often each request was seen, by its number, in blocks: a block is taken and forgotten when all its requests have long ended.

/** Requests in a block. */
export const blockSize = 16_384

/** One number for each request of a block; undefined: none was seen. */
export type Counted = Uint8Array | undefined

export const blockOf = (id: number): number => Math.floor(id / blockSize)

export class Sightings {
  private readonly blocks = new Map<number, Uint8Array>()
  /** Up to this block all were taken. */
  private taken = -1

  /** How often it was seen by now; undefined: so late that nobody asks any more. */
  see(id: number): number | undefined {
    const block = blockOf(id)
    if (block <= this.taken) return undefined
    let counts = this.blocks.get(block)
    if (counts === undefined) this.blocks.set(block, counts = new Uint8Array(blockSize))
    return ++counts[id % blockSize]!
  }

  take(block: number): Counted {
    const counts = this.blocks.get(block)
    this.blocks.delete(block)
    this.taken = Math.max(this.taken, block)
    return counts
  }
}
