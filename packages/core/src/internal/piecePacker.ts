/**
 * Puts small pieces of a body together. A peer may cut a body into single bytes, and each piece that is kept costs a hundred
 * bytes of its own and holds the memory that it came in: what is kept has to be in proportion to the bytes of the body.
 *
 * @internal
 */

/** From this size on a piece is kept as it came. */
const smallPiece = 1024

const largestArena = 16 * 1024

const noBytes = new Uint8Array(0)

export class PiecePacker {
  /** Where small pieces are copied to, one behind the other; it has room from `end` on. */
  private arena = noBytes
  private start = 0
  private end = 0
  /** The copy of the last pieces, from `start` to `end`. */
  private run: Uint8Array | undefined = undefined

  /** Adds a piece to a list: by itself, or to the small ones at the list's end. */
  add(pieces: Array<Uint8Array>, piece: Uint8Array): void {
    if (piece.length >= smallPiece) return void pieces.push(piece)
    if (this.end + piece.length > this.arena.length) this.renew()
    const goesOn = this.run !== undefined && pieces[pieces.length - 1] === this.run
    if (!goesOn) this.start = this.end
    this.arena.set(piece, this.end)
    this.end += piece.length
    this.run = this.arena.subarray(this.start, this.end)
    if (goesOn) pieces[pieces.length - 1] = this.run
    else pieces.push(this.run)
  }

  /** The first is small: most bodies of several small pieces are. */
  private renew(): void {
    this.arena = new Uint8Array(Math.min(largestArena, Math.max(smallPiece, 2 * this.arena.length)))
    this.end = 0
    this.run = undefined
  }
}
