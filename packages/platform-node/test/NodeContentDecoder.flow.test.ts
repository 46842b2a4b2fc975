import * as crypto from "node:crypto"
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"
import { describe, expect, it, vi } from "vitest"
import { Body, chains, cut, encode, hello, KiB, MiB, settle } from "./support/decodingBody.js"
import { opened } from "./support/watchedZlib.js"

vi.mock("node:zlib", async (importOriginal) => (await import("./support/watchedZlib.js")).watch(await importOriginal()))

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
  const few = 192 * KiB

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
