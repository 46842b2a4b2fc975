/**
 * The pieces of an answer's body between the connection and whoever reads them.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PoolError } from "../PoolError.js"
import { PiecePacker } from "./piecePacker.js"

/** Unread bytes from which on the connection is told to wait; a body that is not longer is taken in whether it is read or not. */
export const bodyHighWater = 64 * 1024

type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<PoolError>>

/** Told when the reader wants more, and when it has taken everything. */
export interface BodySource {
  onWanted(): void
  onTaken(): void
}

/** No list is held while nothing has come. */
const noPieces: Array<Uint8Array> = []

export class BodyBuffer {
  /** Bytes that wait for the reader. */
  unread = 0
  /** Somebody has begun to read. */
  reading = false
  private pieces = noPieces
  private packer: PiecePacker | undefined = undefined
  /** Everything has come. */
  ended = false
  private failure: PoolError | undefined = undefined
  private reader: ((effect: Pull) => void) | undefined = undefined
  private readonly source: BodySource

  constructor(source: BodySource) {
    this.source = source
  }

  /** The reader waits for more. */
  get wanted(): boolean {
    return this.reader !== undefined
  }

  push(piece: Uint8Array): void {
    this.unread += piece.length
    if (this.pieces === noPieces) this.pieces = [piece]
    else (this.packer ??= new PiecePacker()).add(this.pieces, piece)
    this.serve()
  }

  end(): void {
    this.ended = true
    this.serve()
  }

  fail(error: PoolError): void {
    this.failure = error
    this.serve()
  }

  /** Everything so far, as one array, to be shown as `owned` only; for the only reader of a body that is complete. */
  takeAll(): Uint8Array {
    return concat(this.pieces)
  }

  /** The pieces that are there, or the next one; a failure is told after the pieces before it, `None` is the end. */
  pull(): Pull {
    return Effect.async((resume) => {
      this.reader = resume
      this.serve()
      if (this.reader === undefined) return
      this.source.onWanted()
      return Effect.sync(() => {
        this.reader = undefined
      })
    })
  }

  private serve(): void {
    const { reader } = this
    if (reader === undefined) return
    if (this.pieces.length > 0) {
      const pieces = this.pieces.map(owned)
      this.pieces = noPieces
      this.unread = 0
      this.reader = undefined
      reader(Effect.succeed(Chunk.unsafeFromArray(pieces)))
      this.source.onTaken()
    } else if (this.failure !== undefined) {
      this.reader = undefined
      reader(Effect.fail(Option.some(this.failure)))
    } else if (this.ended) {
      this.reader = undefined
      reader(Effect.fail(Option.none()))
    }
  }
}

/** An array that can be shown: what has come may share its memory with what has come for others. */
export const owned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)

/** One array of all the pieces; the piece itself where there is only one. */
export const concat = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  if (pieces.length === 1) return pieces[0]!
  let length = 0
  for (const piece of pieces) length += piece.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
