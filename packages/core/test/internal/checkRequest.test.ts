import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Duration, Stream } from "effect"
import type { CheckedRequest } from "../../src/internal/checkRequest.js"
import { checkRequest } from "../../src/internal/checkRequest.js"
import { InvalidRequest } from "../../src/PoolError.js"
import type { PoolRequest } from "../../src/PoolRequest.js"

const url = "http://server.test/"

const defaults = { keepAlive: true, acceptEncoding: undefined }

const checked = (request: PoolRequest, keepAlive = true): CheckedRequest => {
  const result = checkRequest(request, { keepAlive, acceptEncoding: undefined })
  if (result instanceof InvalidRequest) throw result
  return result
}

describe("checkRequest", () => {
  it("makes of a URL alone what is sent", () => {
    const { stream, target, timeout, wire } = checked({ url: "http://server.test:8080/a?b#c" })
    deepStrictEqual({ ...wire }, {
      method: "GET",
      target: "/a?b",
      authority: "server.test:8080",
      headers: [],
      body: undefined,
      keepAlive: true
    })
    deepStrictEqual([target.origin.href, stream, timeout], ["http://server.test:8080", undefined, undefined])
  })

  it("keeps the names, the order and the repetitions of headers, without those that are the pool's", () => {
    const headers: Array<readonly [string, string]> = [["X-B", "1"], ["x-a", "2"], ["X-B", "3"], ["Host", "h:1"], [
      "Connection",
      "close"
    ]]
    const { wire } = checked({ url, headers })
    deepStrictEqual(wire.headers, ["X-B", "1", "x-a", "2", "X-B", "3"])
    deepStrictEqual([wire.authority, wire.keepAlive], ["h:1", false])
  })

  it("lets a request not keep alive what the pool does, but not the other way round", () => {
    const keepAlive = (connection: string | undefined, pool: boolean) =>
      checked({ url, headers: { connection } }, pool).wire.keepAlive
    deepStrictEqual(
      [keepAlive(undefined, true), keepAlive("close", true), keepAlive("keep-alive", false), keepAlive("CLOSE", true)],
      [true, false, false, false]
    )
    strictEqual(checked({ url, headers: { connection: ["close", "keep-alive"] } }).wire.keepAlive, false)
  })

  it("takes every character that a header value may have", () => {
    const value = "\t !~\u0080\u00ff"
    deepStrictEqual(checked({ url, headers: { "x-a": value, "!#$%&'*+-.^_`|~09": "" } }).wire.headers, [
      "x-a",
      value,
      "!#$%&'*+-.^_`|~09",
      ""
    ])
    for (let code = 0; code < 0x120; code++) {
      const allowed = code === 9 || (code >= 0x20 && code <= 0x7e) || (code >= 0x80 && code <= 0xff)
      const result = checkRequest({ url, headers: { a: String.fromCharCode(code) } }, defaults)
      strictEqual(!(result instanceof InvalidRequest), allowed, `character ${code}`)
    }
  })

  it("takes every character that a token may have, in methods and names, and no other", () => {
    for (let code = 0; code < 0x120; code++) {
      const character = String.fromCharCode(code)
      const allowed = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character)
      strictEqual(!(checkRequest({ url, method: character }, defaults) instanceof InvalidRequest), allowed)
      strictEqual(!(checkRequest({ url, headers: { [character]: "" } }, defaults) instanceof InvalidRequest), allowed)
    }
  })

  it("gives a stream its declared length", () => {
    const body = Stream.empty
    const plain = checked({ url, body })
    strictEqual(plain.stream, body)
    deepStrictEqual(plain.wire.body, { contentLength: undefined })
    deepStrictEqual(checked({ url, body, headers: { "content-length": "5" } }).wire.body, { contentLength: 5 })
    deepStrictEqual(checked({ url, body, headers: { "content-length": "0" } }).wire.body, { contentLength: 0 })
  })

  it("decodes durations, and none", () => {
    const { acquireTimeout, bodyTimeout, headersTimeout, timeout } = checked({
      url,
      timeout: "5 seconds",
      acquireTimeout: 0,
      headersTimeout: Duration.minutes(1),
      bodyTimeout: "none"
    })
    deepStrictEqual([timeout, acquireTimeout, headersTimeout, bodyTimeout], [5000, 0, 60_000, Infinity])
    strictEqual(checked({ url, timeout: Duration.infinity }).timeout, Infinity)
    deepStrictEqual(
      [checked({ url, maxResponseSize: 0 }), checked({ url, maxResponseSize: "none" })].map((request) =>
        request.maxResponseSize
      ),
      [0, Infinity]
    )
  })

  it("C11 remembers URLs, but not for ever", () => {
    const first = checked({ url: `${url}kept` }).target
    strictEqual(checked({ url: `${url}kept` }).target, first)
    strictEqual(checked({ url: new URL(`${url}kept`) }).target, first)
    for (let i = 0; i < 1000; i++) checked({ url: `${url}${i}` })
    assertTrue(checked({ url: `${url}kept` }).target !== first)
  })

  it("C11 does not remember long URLs, with which somebody could fill the memory", () => {
    const long = `${url}${"x".repeat(5_000)}`
    assertTrue(checked({ url: long }).target !== checked({ url: long }).target)
  })

  it("C11 takes 1 MiB of headers and 1 MiB of URL, and no more", () => {
    const mebibyte = 2 ** 20
    const fieldOf = (request: PoolRequest) => {
      const result = checkRequest(request, defaults)
      return result instanceof InvalidRequest ? result.field : "none"
    }
    const half = "x".repeat(mebibyte / 2 - 1)
    strictEqual(fieldOf({ url, headers: { a: half, b: half } }), "none")
    strictEqual(fieldOf({ url, headers: { a: half, b: `${half}x` } }), "headers")
    strictEqual(fieldOf({ url, headers: { a: [half, half, ""] } }), "headers")
    const path = "x".repeat(mebibyte - 1)
    strictEqual(fieldOf({ url: `${url}${path}` }), "none")
    strictEqual(fieldOf({ url: `${url}${path}x` }), "url")
    strictEqual(fieldOf({ url: `http://${path}@server.test/` }), "url")
  })

  it("names the origin in what is wrong, once it is known", () => {
    const error = checkRequest({ url, method: "a b" }, defaults)
    assertTrue(error instanceof InvalidRequest)
    strictEqual(error.origin, "http://server.test")
    const without = checkRequest({ url: "nowhere" }, defaults)
    assertTrue(without instanceof InvalidRequest)
    strictEqual(without.origin, "")
  })
})
