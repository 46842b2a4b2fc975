/** Bodies that are decoded, and what is told of them. */
import type { Decoding, DecodingObserver } from "@connection-pool/core/ContentDecoder"
import * as zlib from "node:zlib"
import { beforeEach, expect } from "vitest"
import * as NodeContentDecoder from "../../src/NodeContentDecoder.js"
import { opened } from "./watchedZlib.js"

/** The decoding streams that the test has opened. */
beforeEach(() => {
  opened.length = 0
})

export const { decode } = NodeContentDecoder.make
export const KiB = 1024
export const MiB = 1024 * KiB

/** One body that is decoded, and what is told of it: `p`ieces, the `e`nd, a `f`ailure, a `d`rain. */
export class Body implements DecodingObserver {
  calls = ""
  size = 0
  keeps = true
  readonly pieces: Array<Uint8Array> = []
  failure: unknown = undefined
  onPieceDo: ((piece: Uint8Array) => void) | undefined = undefined
  readonly decoding: Decoding
  private inside = false
  private wake: () => void = () => {}

  constructor(codings: ReadonlyArray<string>) {
    this.decoding = decode(codings, this)
  }

  write(piece: Uint8Array): boolean {
    this.inside = true
    const more = this.decoding.write(piece)
    this.inside = false
    return more
  }

  end(): void {
    this.inside = true
    this.decoding.end()
    this.inside = false
  }

  /** Resolves behind the call that makes this true. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.wake = resolve))
  }

  /** Writes as a connection does: no more before there is room. */
  async feed(pieces: Iterable<Uint8Array>): Promise<void> {
    for (const piece of pieces) {
      const drains = this.drains
      if (!this.write(piece)) await this.until(() => this.drains > drains || this.over)
    }
  }

  async whole(pieces: Iterable<Uint8Array>): Promise<this> {
    await this.feed(pieces)
    this.end()
    await this.until(() => this.over)
    return this
  }

  get over(): boolean {
    return /[ef]/.test(this.calls)
  }

  get drains(): number {
    return this.calls.split("d").length - 1
  }

  /** The calls, without the drains and with many pieces as one. */
  get outline(): string {
    return this.calls.replaceAll("d", "").replace(/p+/g, "p")
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString()
  }

  onDecoded(piece: Uint8Array): void {
    this.size += piece.length
    if (this.keeps) this.pieces.push(piece)
    this.told("p")
    this.onPieceDo?.(piece)
  }
  onDecodedEnd(): void {
    this.told("e")
  }
  onDecodeFailure(cause: unknown): void {
    this.failure = cause
    this.told("f")
  }
  onDecodeDrain(): void {
    this.told("d")
  }

  private told(call: string): void {
    if (this.inside) throw new Error(`${call} is called inside write or end`)
    this.calls += call
    this.wake()
  }
}

/** The default is too slow for large bodies. */
export const brotli = (bytes: Uint8Array): Uint8Array =>
  zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } })

export const encoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  "x-gzip": (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  br: brotli,
  identity: (bytes) => bytes
}

export const encode = (codings: ReadonlyArray<string>, bytes: Uint8Array): Uint8Array =>
  codings.reduce((encoded, coding) => encoders[coding]!(encoded), bytes)

export const cut = (bytes: Uint8Array, size: number): Array<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

export const hello = Buffer.from("hello")
export const compressed = ["gzip", "deflate", "br"]
export const chains = [
  ["gzip"],
  ["x-gzip"],
  ["deflate"],
  ["br"],
  ["identity"],
  ["identity", "gzip"],
  ["br", "identity"],
  ["gzip", "gzip"],
  ["deflate", "gzip", "br"],
  []
]

/** Another body goes from end to end: whatever was under way has had its chance. */
export const settle = async (): Promise<void> => {
  const body = await new Body(["gzip", "br"]).whole([encode(["gzip", "br"], hello)])
  expect(body.outline).toBe("pe")
}
