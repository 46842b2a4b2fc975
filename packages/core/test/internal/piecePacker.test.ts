import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { concat } from "../../src/internal/bodyBuffer.js"
import { PiecePacker } from "../../src/internal/piecePacker.js"
import { bytes } from "../support/pool.js"

const pack = (pieces: ReadonlyArray<Uint8Array>) => {
  const packer = new PiecePacker()
  const packed: Array<Uint8Array> = []
  for (const piece of pieces) packer.add(packed, piece)
  return packed
}

/** Bytes of memory that pieces hold, each buffer once. */
const held = (pieces: ReadonlyArray<Uint8Array>) =>
  Array.from(new Set(pieces.map(({ buffer }) => buffer)), ({ byteLength }) => byteLength).reduce((a, b) => a + b, 0)

describe("PiecePacker", () => {
  it("keeps large pieces as they came", () => {
    const pieces = [bytes(1024), bytes(5000)]
    const packed = pack(pieces)
    assertTrue(packed.length === 2 && packed[0] === pieces[0] && packed[1] === pieces[1])
  })

  it("keeps the order of small pieces, large ones and none", () => {
    const lengths = [1, 2, 0, 2000, 3, 1023, 1024, 1, 0, 500, 600, 700]
    const pieces = lengths.map((length, i) => bytes(length, i))
    deepStrictEqual(concat(pack(pieces)), concat(pieces))
  })

  it("goes on in a new list where the last was taken, and leaves what was taken alone", () => {
    const packer = new PiecePacker()
    const first: Array<Uint8Array> = []
    packer.add(first, Uint8Array.of(1))
    packer.add(first, Uint8Array.of(2))
    const second: Array<Uint8Array> = []
    packer.add(second, Uint8Array.of(3))
    packer.add(second, Uint8Array.of(4))
    deepStrictEqual([first, second], [[Uint8Array.of(1, 2)], [Uint8Array.of(3, 4)]])
  })

  const cuts: Readonly<Record<string, (i: number) => number>> = {
    "single bytes": () => 1,
    "pieces just too small": () => 1023,
    "small and large ones in turn": (i) => i % 2 === 0 ? 1 : 1024
  }
  for (const [name, lengthOf] of Object.entries(cuts)) {
    it(`holds ${name} in memory and in a number of pieces that are in proportion to their bytes`, () => {
      // Each in a buffer of its own, as of a peer who sends nothing else for a while: 64 KiB may hang on every byte.
      const pieces = Array.from({ length: 4000 }, (_, i) => new Uint8Array(new ArrayBuffer(4096), 0, lengthOf(i)))
      const packed = pack(pieces)
      const size = concat(pieces).length
      strictEqual(concat(packed).length, size)
      assertTrue(packed.length <= size / 500 + 10, `${packed.length} pieces`)
      const small = packed.filter(({ length }) => length !== 1024)
      assertTrue(held(small) <= 2 * size + 16 * 1024, `${held(small)} of ${size} bytes`)
    })
  }
})
