import { ContentDecoder } from "@connection-pool/core/ContentDecoder"
import * as Effect from "effect/Effect"
import * as crypto from "node:crypto"
import * as zlib from "node:zlib"
import { describe, expect, it, vi } from "vitest"
import * as NodeContentDecoder from "../src/NodeContentDecoder.js"
import { Body, brotli, chains, compressed, cut, encode, hello, MiB, settle } from "./support/decodingBody.js"
import { opened } from "./support/watchedZlib.js"

vi.mock("node:zlib", async (importOriginal) => (await import("./support/watchedZlib.js")).watch(await importOriginal()))

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
