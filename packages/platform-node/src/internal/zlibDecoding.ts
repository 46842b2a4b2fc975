/**
 * Decodes bodies with the streams of `node:zlib`. Each coding is a `Decoding` of its own, so that a chain of codings is
 * made of the same parts.
 *
 * What stands behind the end of a coding is treated as Node and undici do: more gzip members are part of the body, zeros
 * behind a gzip member are padding, anything else there fails; behind deflate and br it is ignored.
 *
 * @since 0.1.0
 */
import type { Decoding, DecodingObserver } from "@connection-pool/core/ContentDecoder"
import { Transform } from "node:stream"
import * as zlib from "node:zlib"

/**
 * Makes the stream for a body that starts with this byte. A stream may tell nothing inside its `write` and `end`.
 *
 * @internal
 */
export type OpenStream = (firstByte: number) => Transform

/** What a stream holds back, the same on every Node.js: its default is 16 KiB in 20 and 64 KiB in 22. */
const buffers = { chunkSize: 16 * 1024, highWaterMark: 16 * 1024 }

const identity = (): Transform =>
  new Transform({ ...buffers, transform: (piece, _, done) => process.nextTick(done, undefined, piece) })

const ignore = (): Transform => new Transform({ transform: (_piece, _, done) => done() })

/**
 * The deflate of HTTP is in zlib's format (RFC 9110, 8.4.1.2), but many servers leave its frame out. The low half of the
 * frame's first byte is 8; raw deflate starts with it only where the padding of a stored block is not zero.
 */
const inflate: OpenStream = (firstByte) =>
  (firstByte & 0x0f) === 0x08 ? zlib.createInflate(buffers) : zlib.createInflateRaw(buffers)

const streams: ReadonlyMap<string, OpenStream> = new Map<string, OpenStream>([
  ["gzip", () => zlib.createGunzip(buffers)],
  ["x-gzip", () => zlib.createGunzip(buffers)],
  ["deflate", inflate],
  ["br", () => zlib.createBrotliDecompress(buffers)],
  ["identity", identity]
])

/**
 * Whether there is a stream for a coding, in lower case.
 *
 * @internal
 */
export const supports = (coding: string): boolean => streams.has(coding)

/**
 * One coding. Back-pressure is the stream's own: while it is paused it fills its buffers, and then takes no more.
 *
 * @internal
 */
export class StreamDecoding implements Decoding {
  private readonly open: OpenStream
  private readonly observer: DecodingObserver
  /** Opened by the first byte. */
  private stream: Transform | undefined = undefined
  private paused = false
  private ended = false
  private closed = false

  constructor(open: OpenStream, observer: DecodingObserver) {
    this.open = open
    this.observer = observer
  }

  write(piece: Uint8Array): boolean {
    const first = piece[0]
    if (this.closed || first === undefined) return this.stream?.writableNeedDrain !== true
    this.stream ??= this.start(this.open(first))
    return this.stream.write(piece)
  }

  end(): void {
    if (this.closed) return
    this.ended = true
    // Servers name a coding for an empty body, too. For zlib it would be a truncated one.
    this.stream ??= this.start(identity())
    this.stream.end()
  }

  pause(): void {
    this.paused = true
    this.stream?.pause()
  }

  resume(): void {
    this.paused = false
    this.stream?.resume()
  }

  close(): void {
    this.closed = true
    this.stream?.destroy()
  }

  /** A destroyed stream may still tell what it had begun to tell. */
  private start(stream: Transform): Transform {
    if (this.paused) stream.pause()
    return stream
      .on("data", (piece: Uint8Array) => {
        if (!this.closed) this.observer.onDecoded(piece)
      })
      .on("drain", () => {
        if (!this.closed) this.observer.onDecodeDrain()
      })
      .on("end", () => {
        if (!this.closed) this.onEnd(stream)
      })
      .on("error", (cause) => {
        if (this.closed) return
        this.close()
        this.observer.onDecodeFailure(cause)
      })
  }

  private onEnd(stream: Transform): void {
    if (this.ended && !this.paused) {
      this.close()
      this.observer.onDecodedEnd()
      return
    }
    // Too early: the stream ends in spite of a pause behind its last piece, and at bytes behind the coding's end, where
    // it takes no more. An empty stream in its place ends when it may.
    const drained = stream.writableNeedDrain
    stream.destroy()
    this.stream = this.start(ignore())
    if (this.ended) this.stream.end()
    if (drained) this.observer.onDecodeDrain()
  }
}

/** `outer` was applied last, so it is decoded first. */
const chain = (outer: string, inner: ReadonlyArray<string>, observer: DecodingObserver): Decoding => {
  const first = decodingOf([outer], {
    onDecoded: (piece) => {
      if (!rest.write(piece)) first.pause()
    },
    onDecodedEnd: () => rest.end(),
    onDecodeFailure: (cause) => {
      rest.close()
      observer.onDecodeFailure(cause)
    },
    onDecodeDrain: () => observer.onDecodeDrain()
  })
  const rest = decodingOf(inner, {
    onDecoded: (piece) => observer.onDecoded(piece),
    onDecodedEnd: () => observer.onDecodedEnd(),
    onDecodeFailure: (cause) => {
      first.close()
      observer.onDecodeFailure(cause)
    },
    onDecodeDrain: () => first.resume()
  })
  return {
    write: (piece) => first.write(piece),
    end: () => first.end(),
    pause: () => rest.pause(),
    resume: () => rest.resume(),
    close: () => {
      first.close()
      rest.close()
    }
  }
}

/**
 * Decodes a body of these codings, the one that was applied first at the front. No codings at all are `identity`.
 *
 * @internal
 */
export const decodingOf = (codings: ReadonlyArray<string>, observer: DecodingObserver): Decoding => {
  const last = codings.at(-1) ?? "identity"
  if (codings.length > 1) return chain(last, codings.slice(0, -1), observer)
  const open = streams.get(last)
  if (open === undefined) throw new Error(`The coding ${last} is not supported`)
  return new StreamDecoding(open, observer)
}
