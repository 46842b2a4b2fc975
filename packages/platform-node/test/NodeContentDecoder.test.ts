import type { Decoding, DecodingObserver } from "@connection-pool/core/ContentDecoder"
import { ContentDecoder } from "@connection-pool/core/ContentDecoder"
import * as Effect from "effect/Effect"
import * as crypto from "node:crypto"
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"
import { beforeEach, describe, expect, it, vi } from "vitest"
import * as NodeContentDecoder from "../src/NodeContentDecoder.js"

/** The decoding streams that the test has opened. */
const { opened } = vi.hoisted(() => ({ opened: [] as Array<Transform> }))

vi.mock("node:zlib", async (importOriginal) => {
  const real = await importOriginal<typeof zlib>()
  const watched = <Options>(make: (options?: Options) => Transform) => (options?: Options) => {
    const stream = make(options)
    opened.push(stream)
    return stream
  }
  return {
    ...real,
    createGunzip: watched(real.createGunzip),
    createInflate: watched(real.createInflate),
    createInflateRaw: watched(real.createInflateRaw),
    createBrotliDecompress: watched(real.createBrotliDecompress)
  }
})

beforeEach(() => {
  opened.length = 0
})

const { decode } = NodeContentDecoder.make
const KiB = 1024
const MiB = 1024 * KiB

/** One body that is decoded, and what is told of it: `p`ieces, the `e`nd, a `f`ailure, a `d`rain. */
class Body implements DecodingObserver {
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
const brotli = (bytes: Uint8Array): Uint8Array =>
  zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } })

const encoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  "x-gzip": (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  br: brotli,
  identity: (bytes) => bytes
}

const encode = (codings: ReadonlyArray<string>, bytes: Uint8Array): Uint8Array =>
  codings.reduce((encoded, coding) => encoders[coding]!(encoded), bytes)

const cut = (bytes: Uint8Array, size: number): Array<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

const hello = Buffer.from("hello")
const compressed = ["gzip", "deflate", "br"]
const chains = [
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
const settle = async (): Promise<void> => {
  const body = await new Body(["gzip", "br"]).whole([encode(["gzip", "br"], hello)])
  expect(body.outline).toBe("pe")
}

describe("the decoder", () => {
  it("asks for gzip, deflate and br, and takes x-gzip and identity, too", () => {
    const { codings, supports } = NodeContentDecoder.make
    expect(codings).toEqual(["gzip", "deflate", "br"])
    for (const coding of ["gzip", "x-gzip", "deflate", "br", "identity"]) expect(supports(coding)).toBe(true)
    for (const coding of ["", "GZIP", "compress", "zstd", "constructor"]) expect(supports(coding)).toBe(false)
  })

  it("is the one in the layer", async () => {
    const decoder = await Effect.runPromise(Effect.provide(ContentDecoder, NodeContentDecoder.layer))
    expect(decoder).toBe(NodeContentDecoder.make)
  })

  it("refuses a coding that it does not support", () => {
    expect(() => new Body(["zstd"])).toThrow("zstd")
  })
})

describe.each(chains.map((codings) => [codings.join(", "), codings] as const))("a body in %j", (_, codings) => {
  it("is decoded, however it is cut", async () => {
    const bytes = Buffer.concat([crypto.randomBytes(3000), Buffer.alloc(100_000, "abcdefg")])
    const encoded = encode(codings, bytes)
    for (const size of [1 + (encoded.length >> 12), 1000, encoded.length]) {
      const body = await new Body(codings).whole(cut(encoded, size))
      expect(body.outline).toBe("pe")
      expect(Buffer.concat(body.pieces).equals(bytes)).toBe(true)
    }
  })

  it("that is empty is complete, and asks nothing of zlib", async () => {
    for (const pieces of [[], [new Uint8Array(0)]]) {
      const body = await new Body(codings).whole(pieces)
      await settle()
      expect(body.calls).toBe("e")
    }
    expect(opened.length).toBe(4)
  })

  it("of nothing, encoded, is complete", async () => {
    const body = await new Body(codings).whole([encode(codings, new Uint8Array(0))])
    expect(body.calls).toBe("e")
  })

  it("takes empty pieces anywhere", async () => {
    const pieces = cut(encode(codings, hello), 2).flatMap((piece) => [new Uint8Array(0), piece, new Uint8Array(0)])
    const body = await new Body(codings).whole(pieces)
    expect(body.outline).toBe("pe")
    expect(body.text).toBe("hello")
  })

  it("has no end before it is told of it", async () => {
    const body = new Body(codings)
    await body.feed([encode(codings, hello)])
    await settle()
    await body.until(() => body.text === "hello")
    expect(body.outline).toBe("p")
    body.end()
    await body.until(() => body.over)
    await settle()
    expect(body.outline).toBe("pe")
    expect(opened.every((stream) => stream.destroyed)).toBe(true)
  })

  it("comes in pieces that may be kept", async () => {
    const bytes = crypto.randomBytes(300_000)
    const body = new Body(codings)
    const copies: Array<Buffer> = []
    body.onPieceDo = (piece) => copies.push(Buffer.from(piece))
    await body.whole(cut(encode(codings, bytes), 777))
    expect(Buffer.concat(body.pieces).equals(bytes)).toBe(true)
    expect(body.pieces.every((piece, i) => copies[i]!.equals(piece))).toBe(true)
  })
})

describe("deflate", () => {
  it.each([0, 1, 6, 9])("is decoded with and without zlib's frame: level %d", async (level) => {
    const bytes = Buffer.from("hello, hello, hello and good bye ".repeat(40))
    for (const encoded of [zlib.deflateSync(bytes, { level }), zlib.deflateRawSync(bytes, { level })]) {
      const body = await new Body(["deflate"]).whole(cut(encoded, 1))
      expect(body.outline).toBe("pe")
      expect(body.text).toBe(bytes.toString())
    }
  })

  it("is decoded without the frame as any of several codings", async () => {
    const first = zlib.gzipSync(zlib.deflateRawSync(hello))
    const last = zlib.deflateRawSync(zlib.gzipSync(hello))
    for (const [codings, encoded] of [[["deflate", "gzip"], first], [["gzip", "deflate"], last]] as const) {
      const body = await new Body(codings).whole([encoded])
      expect([body.outline, body.text]).toEqual(["pe", "hello"])
    }
  })
})

describe("a broken body", () => {
  const broken: ReadonlyArray<readonly [string, Uint8Array]> = [
    ...compressed.map((coding) => [coding, encode([coding], hello)] as const),
    ["deflate", zlib.deflateRawSync(hello)]
  ]

  it.each(broken)("in %s that lacks any of its last bytes fails, once", async (coding, encoded) => {
    for (let length = 1; length < encoded.length; length++) {
      const body = await new Body([coding]).whole([encoded.subarray(0, length)])
      await settle()
      expect(body.outline).toMatch(/^p?f$/)
      expect(body.failure).toMatchObject({ code: "Z_BUF_ERROR" })
    }
    expect(opened.every((stream) => stream.destroyed)).toBe(true)
  })

  it.each(compressed)("in %s that is no such thing fails, once, and takes more without a word", async (coding) => {
    const body = new Body([coding])
    body.write(Buffer.alloc(100, 0xff))
    await body.until(() => body.over)
    expect(body.write(Buffer.alloc(MiB, 0xff))).toBe(true)
    body.end()
    await settle()
    expect(body.calls).toBe("f")
    expect(body.failure).toBeInstanceOf(Error)
    expect(opened.every((stream) => stream.destroyed)).toBe(true)
  })

  it("whose checksum is wrong fails, behind its pieces", async () => {
    const encoded = Buffer.from(zlib.gzipSync(hello))
    encoded.writeUInt8(encoded.readUInt8(encoded.length - 8) ^ 1, encoded.length - 8)
    const body = await new Body(["gzip"]).whole(cut(encoded, 1))
    expect(body.outline).toBe("pf")
  })

  it.each(["outer", "inner"])("fails once where the %s coding of two is truncated, and frees both", async (which) => {
    const inner = zlib.gzipSync(crypto.randomBytes(100_000))
    const encoded = which === "inner"
      ? brotli(inner.subarray(0, -1))
      : brotli(inner).subarray(0, -1)
    const body = await new Body(["gzip", "br"]).whole(cut(encoded, 1000))
    await settle()
    expect(body.outline).toBe("pf")
    expect(opened.length).toBe(4)
    expect(opened.every((stream) => stream.destroyed)).toBe(true)
  })
})

it("a coding of two that is broken while the other has more to come frees both", async () => {
  const body = new Body(["gzip", "br"])
  await body.feed([brotli(crypto.randomBytes(100_000)).subarray(0, 50_000)])
  await body.until(() => body.over)
  await settle()
  expect(body.outline).toBe("f")
  expect(opened.every((stream) => stream.destroyed)).toBe(true)
})

describe("behind the end of a coding", () => {
  const zeros = Buffer.alloc(3)
  const text = Buffer.from("no header")
  const cases: ReadonlyArray<readonly [string, string, Uint8Array, string]> = [
    ["gzip", "another member is part of the body", zlib.gzipSync(" again"), "hello again"],
    ["gzip", "zeros are padding", zeros, "hello"],
    ["gzip", "anything else fails", text, "fails"],
    ["gzip", "a truncated member fails", zlib.gzipSync("x").subarray(0, 5), "fails"],
    ...["deflate", "br"].flatMap((coding) => [
      [coding, "zeros are ignored", zeros, "hello"] as const,
      [coding, "anything else is ignored", text, "hello"] as const
    ])
  ]

  it.each(cases)("%s: %s", async (coding, _, behind, expected) => {
    const encoded = encode([coding], hello)
    for (
      const pieces of [[encoded, behind], [Buffer.concat([encoded, behind])], cut(Buffer.concat([encoded, behind]), 1)]
    ) {
      const body = await new Body([coding]).whole(pieces)
      await settle()
      if (expected === "fails") expect(body.outline).toMatch(/^p?f$/)
      else expect([body.outline, body.text]).toEqual(["pe", expected])
      expect(opened.every((stream) => stream.destroyed)).toBe(true)
    }
  })

  it.each(["deflate", "br"])("%s: much more is taken, and does not end the body before its time", async (coding) => {
    const body = new Body([coding])
    await body.feed([Buffer.concat([encode([coding], hello), Buffer.alloc(MiB)])])
    expect(opened.map((stream) => stream.destroyed)).toEqual([true])
    await body.feed(Array.from({ length: 5 }, () => Buffer.alloc(MiB)))
    await settle()
    expect([body.outline, body.text]).toEqual(["p", "hello"])
    await body.whole([])
    expect(body.outline).toBe("pe")
  })

  it.each(compressed)("%s: much more that comes out of another coding does not stop it", async (coding) => {
    const much = Buffer.concat([encode([coding], hello), Buffer.alloc(MiB)])
    const body = await new Body([coding, "gzip"]).whole(cut(zlib.gzipSync(much, { level: 0 }), 10_000))
    expect([body.outline, body.text]).toEqual(["pe", "hello"])
  })
})

describe("a stream of events", () => {
  const servers: ReadonlyArray<readonly [string, () => zlib.Gzip | zlib.BrotliCompress, number]> = [
    ["gzip", () => zlib.createGzip(), zlib.constants.Z_SYNC_FLUSH],
    ["deflate", () => zlib.createDeflate(), zlib.constants.Z_SYNC_FLUSH],
    ["deflate", () => zlib.createDeflateRaw(), zlib.constants.Z_SYNC_FLUSH],
    ["br", () => zlib.createBrotliCompress(), zlib.constants.BROTLI_OPERATION_FLUSH]
  ]

  it.each(servers)("in %s has each event as soon as the server has flushed it", async (coding, makeServer, flush) => {
    const server = makeServer()
    const body = new Body([coding])
    let sent = ""
    for (let i = 0; i < 20; i++) {
      const event = `data: ${i}\n\n`
      sent += event
      server.write(event)
      await new Promise<void>((resolve) => server.flush(flush, resolve))
      await body.feed([server.read() as Buffer])
      await body.until(() => body.text.length >= sent.length)
      expect(body.text).toBe(sent)
      expect(body.over).toBe(false)
    }
    body.decoding.close()
  })
})

describe("back-pressure", { timeout: 30_000 }, () => {
  const zeros = Buffer.alloc(64 * MiB)
  const bomb = zlib.gzipSync(zeros)
  const few = 256 * KiB

  const held = (streams: ReadonlyArray<Transform>): number =>
    streams.reduce((bytes, stream) => bytes + stream.readableLength + stream.writableLength, 0)

  /** Another bomb goes off as a whole: one that were not held would have, too. */
  const detonate = async (): Promise<void> => {
    const other = new Body(["gzip"])
    other.keeps = false
    await other.whole(cut(bomb, KiB))
    expect(other.size).toBe(64 * MiB)
  }

  it("holds a bomb to a few KiB, taken, decoded and delivered", async () => {
    const body = new Body(["gzip"])
    body.onPieceDo = () => body.decoding.pause()
    let taken = 0
    const bombs = function*() {
      for (let i = 0; i < 16; i++) {
        for (const piece of cut(bomb, KiB)) {
          taken += piece.length
          yield piece
        }
      }
    }
    // It will never have room for all of them.
    void body.feed(bombs())
    await detonate()
    expect(body.size).toBeGreaterThan(0)
    expect(body.size).toBeLessThanOrEqual(few)
    expect(taken).toBeLessThanOrEqual(few)
    expect(held(opened.slice(0, 1))).toBeLessThanOrEqual(few)
    expect(body.write(bomb)).toBe(false)
    expect(body.write(new Uint8Array(0))).toBe(false)
    body.decoding.close()
    expect(opened.every((stream) => stream.destroyed)).toBe(true)
  })

  const nested: ReadonlyArray<readonly [string, ReadonlyArray<string>, () => Uint8Array]> = [
    ["two layers", ["gzip", "gzip"], () => zlib.gzipSync(bomb)],
    ["two layers, large between them", ["gzip", "gzip"], () => zlib.gzipSync(zlib.gzipSync(zeros, { level: 0 }))],
    ["three layers", ["br", "gzip", "gzip"], () => encode(["br", "gzip", "gzip"], zeros)]
  ]

  it.each(nested)("holds a bomb of %s, of which everything was taken at once", async (_, codings, make) => {
    const body = new Body(codings)
    body.keeps = false
    body.onPieceDo = () => body.decoding.pause()
    body.write(make())
    body.end()
    await detonate()
    expect(body.size).toBeGreaterThan(0)
    expect(body.size).toBeLessThanOrEqual(few)
    expect(held(opened)).toBeLessThanOrEqual(few)
    body.onPieceDo = undefined
    body.decoding.resume()
    await body.until(() => body.over)
    expect(body.size).toBe(64 * MiB)
    expect(body.outline).toBe("pe")
  })

  it("that comes and goes loses nothing, lets few pieces through, and holds the end back", async () => {
    const bytes = crypto.randomBytes(MiB)
    for (const codings of [["gzip"], ["identity"], ["gzip", "deflate", "br"]]) {
      const body = new Body(codings)
      /** For each pause, the pieces that came in spite of it. */
      const late: Array<number> = []
      let paused = false
      body.onPieceDo = () => {
        if (paused) {
          late[late.length - 1]!++
          return
        }
        paused = true
        late.push(0)
        body.decoding.pause()
        setImmediate(() => {
          paused = false
          body.decoding.resume()
        })
      }
      await body.whole(cut(encode(codings, bytes), 10_000))
      expect(paused).toBe(false)
      expect(Buffer.concat(body.pieces).equals(bytes)).toBe(true)
      expect(body.drains).toBeGreaterThan(0)
      expect(late.length).toBeGreaterThan(10)
      expect(Math.max(...late)).toBeLessThanOrEqual(2)
    }
  })

  it("holds from before the first byte", async () => {
    for (const codings of chains) {
      for (const bytes of [hello, new Uint8Array(0)]) {
        const body = new Body(codings)
        body.decoding.pause()
        body.write(bytes.length === 0 ? bytes : encode(codings, bytes))
        body.end()
        await settle()
        expect(body.calls).toBe("")
        body.decoding.resume()
        expect(body.calls).toBe("")
        await body.until(() => body.over)
        expect(Buffer.concat(body.pieces)).toEqual(Buffer.from(bytes))
      }
    }
  })
})

describe("close", () => {
  const bytes = crypto.randomBytes(MiB)

  const closedTwice = (body: Body): void => {
    body.decoding.close()
    body.decoding.close()
  }

  /** All that the pool could still call on its way out. */
  const disturb = (body: Body): void => {
    expect(body.write(hello)).toBe(true)
    body.decoding.pause()
    body.decoding.resume()
    body.end()
    body.decoding.close()
  }

  it.each(chains.map((codings) => [codings]))(
    "of %j frees everything, and nothing is told any more",
    async (codings) => {
      const encoded = encode(codings, bytes)
      const moments: ReadonlyArray<(body: Body) => Promise<unknown> | void> = [
        () => {},
        (body) => void body.write(encoded),
        (body) => {
          body.write(encoded)
          body.end()
        },
        (body) => {
          body.write(encoded)
          return body.until(() => body.size > 0)
        },
        (body) => {
          body.end()
        }
      ]
      for (const moment of moments) {
        const body = new Body(codings)
        await moment(body)
        const { calls } = body
        closedTwice(body)
        expect(opened.every((stream) => stream.destroyed)).toBe(true)
        disturb(body)
        await settle()
        expect(body.calls).toBe(calls)
      }
      expect(opened.every((stream) => stream.destroyed)).toBe(true)
    }
  )

  it.each(chains.map((codings) => [codings]))("inside the first piece of %j is the last word", async (codings) => {
    const body = new Body(codings)
    body.onPieceDo = () => closedTwice(body)
    body.write(encode(codings, bytes))
    body.end()
    await body.until(() => body.size > 0)
    disturb(body)
    await settle()
    expect(body.calls).toBe("p")
    expect(opened.every((stream) => stream.destroyed)).toBe(true)
  })

  it.each(["gzip", "deflate", "identity"])(
    "inside one of many waiting pieces of %s is the last word",
    async (coding) => {
      const body = new Body([coding])
      body.decoding.pause()
      for (const piece of cut(encode([coding], bytes.subarray(0, 10_000)), 1000)) body.write(piece)
      await settle()
      body.onPieceDo = () => closedTwice(body)
      body.decoding.resume()
      await body.until(() => body.size > 0)
      expect(body.size).toBeLessThan(10_000)
      await settle()
      expect(body.calls).toBe("p")
    }
  )

  it("keeps a failure back that has happened and is not told yet", async () => {
    const body = new Body(["gzip"])
    body.write(hello)
    opened[0]!.destroy(new Error("corrupt"))
    body.decoding.close()
    await settle()
    expect(body.calls).toBe("")
  })

  it.each([["the end", hello], ["a failure", Buffer.alloc(9)]])("changes nothing behind %s", async (_, content) => {
    for (const codings of [["gzip"], ["gzip", "br"]]) {
      const encoded = content === hello ? encode(codings, hello) : content
      const body = await new Body(codings).whole([encoded])
      const { calls } = body
      closedTwice(body)
      disturb(body)
      await settle()
      expect(body.calls).toBe(calls)
      expect(opened.every((stream) => stream.destroyed)).toBe(true)
    }
  })
})
