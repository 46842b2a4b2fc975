import type { WireRequest } from "@connection-pool/core/Connection"
import type { Writable } from "node:stream"
import { describe, expect, it } from "vitest"
import { wholeOf, writeChunk, writeLastChunk, writeParts, writeWhole } from "../../src/internal/requestWriter.js"
import { request } from "../support/recorder.js"
import { Wire } from "../support/wire.js"

/** As a connection does it. */
const writeRequest = (socket: Writable, request: WireRequest) => {
  const whole = wholeOf(request)
  if (whole === undefined) return writeParts(socket, request)
  writeWhole(socket, whole)
  return "nothing"
}

const written = (fields: Parameters<typeof request>[0]) => {
  const wire = new Wire()
  const remaining = writeRequest(wire, request(fields))
  return { remaining, text: wire.written, writes: wire.writes }
}

describe("a request", () => {
  it("is its line, host, headers in their order, and framing, in one write with its body", () => {
    const { remaining, text, writes } = written({
      method: "POST",
      target: "/a?b=c",
      authority: "example.com:8080",
      headers: ["Content-Type", "application/json", "x-empty", ""],
      body: "{\"a\":1}"
    })
    expect(text).toBe(
      "POST /a?b=c HTTP/1.1\r\nhost: example.com:8080\r\nContent-Type: application/json\r\nx-empty: \r\n" +
        "content-length: 7\r\n\r\n{\"a\":1}"
    )
    expect(writes).toBe(1)
    expect(remaining).toBe("nothing")
  })

  it("says connection: close where it is the last of its connection", () => {
    expect(written({ keepAlive: false }).text).toBe("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
  })

  it("has a text body in UTF-8 and a head in latin1, in one write", () => {
    const { text, writes } = written({ method: "PUT", headers: ["a", "é"], body: "é€" })
    expect(text).toBe("PUT / HTTP/1.1\r\nhost: test\r\na: \xe9\r\ncontent-length: 5\r\n\r\n\xc3\xa9\xe2\x82\xac")
    expect(writes).toBe(1)
  })

  it("has a byte body as it is, in one write up to 64 KiB", () => {
    const { text, writes } = written({ method: "PUT", body: new Uint8Array([0, 255, 10]) })
    expect(text.endsWith("content-length: 3\r\n\r\n\0\xff\n")).toBe(true)
    expect(writes).toBe(1)
    expect(written({ method: "PUT", body: new Uint8Array(64 * 1024) }).writes).toBe(1)
  })

  it.each([
    ["bytes", new Uint8Array(100_000).fill(120)],
    ["ASCII text", "x".repeat(100_000)],
    ["other text", "é".repeat(50_000)]
  ])("has a large body of %s behind its head", (_, body) => {
    const { text } = written({ method: "PUT", body })
    expect(text).toContain("content-length: 100000\r\n\r\n")
    expect(text.length - text.indexOf("\r\n\r\n") - 4).toBe(100_000)
  })

  it.each(["POST", "PUT", "PATCH"])("says content-length: 0 where %s has no body", (method) => {
    for (const body of [undefined, "", new Uint8Array(0)]) {
      expect(written({ method, body }).text).toBe(`${method} / HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n`)
    }
  })

  it.each(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])("says nothing where %s has no body", (method) => {
    for (const body of [undefined, "", new Uint8Array(0)]) {
      expect(written({ method, body }).text).toBe(`${method} / HTTP/1.1\r\nhost: test\r\n\r\n`)
    }
  })

  it.each(["GET", "DELETE"])("says the length where %s has a body", (method) => {
    expect(written({ method, body: "x" }).text).toContain("content-length: 1\r\n\r\nx")
  })

  it("with a streamed body says its length, or that it comes in chunks", () => {
    expect(written({ method: "POST", body: { contentLength: 3 } })).toMatchObject({ remaining: 3 })
    expect(written({ method: "POST", body: { contentLength: 0 } }).text).toContain("content-length: 0\r\n\r\n")
    const chunked = written({ method: "POST", body: { contentLength: undefined } })
    expect(chunked.remaining).toBe("chunks")
    expect(chunked.text).toContain("\r\ntransfer-encoding: chunked\r\n\r\n")
    for (const contentLength of [-1, 0.5, NaN, Infinity]) {
      expect(() => written({ body: { contentLength } })).toThrow("content length")
    }
  })
})

describe("a request that could be two", () => {
  const bad = ["\r", "\n", "\0", "\u010a", "\u010d", "\u0100", "\x7f", "\x1b"]

  it.each([
    ["method", (text: string) => ({ method: `GET${text}` })],
    ["target", (text: string) => ({ target: `/a${text}b` })],
    ["authority", (text: string) => ({ authority: `a${text}b` })],
    ["header name", (text: string) => ({ headers: ["a", "b", `c${text}d`, "e"] })],
    ["header value", (text: string) => ({ headers: ["a", `b${text}c`] })]
  ])("by its %s is never written", (part, fields) => {
    for (const text of bad) {
      const wire = new Wire()
      expect(() => writeRequest(wire, request(fields(text)))).toThrow(`invalid ${part}`)
      expect(wire.writes).toBe(0)
    }
  })

  it.each([
    ["method", { method: "GET /x" }],
    ["method", { method: "" }],
    ["target", { target: "/a HTTP/1.1" }],
    ["target", { target: "" }],
    ["header name", { headers: ["a b", "c"] }],
    ["header name", { headers: ["a:", "c"] }],
    ["header name", { headers: ["", "c"] }],
    ["header value", { headers: ["a"] }]
  ])("or is none, by its %s, is never written: %j", (part, fields) => {
    expect(() => written(fields)).toThrow(`invalid ${part}`)
  })

  it("is not one whose values have tabs, blanks and latin1 letters", () => {
    expect(written({ headers: ["a", "b\tc \xff"] }).text).toContain("a: b\tc \xff\r\n")
  })
})

it("a chunk leaves as one write", () => {
  const wire = new Wire()
  writeChunk(wire, Buffer.from("0123456789abcdef"))
  writeLastChunk(wire)
  expect(wire.written).toBe("10\r\n0123456789abcdef\r\n0\r\n\r\n")
  expect(wire.writes).toBe(2)
})
