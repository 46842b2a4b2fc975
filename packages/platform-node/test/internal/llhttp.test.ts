import { createRequire } from "node:module"
import { describe, expect, it } from "vitest"
import * as Llhttp from "../../src/internal/llhttp.js"

const require = createRequire(import.meta.url)

const builds = ["undici/lib/llhttp/llhttp_simd-wasm.js", "undici/lib/llhttp/llhttp-wasm.js"]

describe("what we take from undici", () => {
  it("is of the version that was examined", () => {
    expect((require("undici/package.json") as { version: string }).version).toBe("7.30.2")
    const own = require("../../package.json") as { dependencies: Record<string, string> }
    expect(own.dependencies["undici"]).toBe("7.30.2")
  })

  it.each(builds)("is WebAssembly with the exports and imports that are used: %s", (path) => {
    const module = new WebAssembly.Module(require(path) as Uint8Array<ArrayBuffer>)
    const exports = new Map(WebAssembly.Module.exports(module).map(({ kind, name }) => [name, kind]))
    const used: ReadonlyArray<keyof Llhttp.LlhttpExports> = [
      "malloc",
      "free",
      "llhttp_alloc",
      "llhttp_free",
      "llhttp_reset",
      "llhttp_resume",
      "llhttp_execute",
      "llhttp_finish",
      "llhttp_get_error_pos",
      "llhttp_get_error_reason",
      "llhttp_get_http_major",
      "llhttp_get_http_minor",
      "llhttp_should_keep_alive",
      "llhttp_message_needs_eof"
    ]
    for (const name of used) expect([name, exports.get(name)]).toEqual([name, "function"])
    expect(exports.get("memory")).toBe("memory")
    const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`)
    expect(imports.sort()).toEqual(Object.keys(Llhttp.callbacks).map((name) => `env.${name}`).sort())
  })

  it("has the numbers that are used", () => {
    const constants = require("undici/lib/llhttp/constants.js") as {
      readonly ERROR: Record<string, number>
      readonly TYPE: Record<string, number>
    }
    expect(Llhttp.errno).toEqual({ ok: constants.ERROR["OK"], paused: constants.ERROR["PAUSED"] })
    expect(Llhttp.typeResponse).toBe(constants.TYPE["RESPONSE"])
  })
})

describe("compile", () => {
  const invalid = new Uint8Array([1, 2, 3])

  it("falls back to the next build where one cannot be compiled", () => {
    const plain = require(builds[1]!) as Uint8Array<ArrayBuffer>
    expect(Llhttp.compile([invalid, plain])).toBeInstanceOf(WebAssembly.Module)
  })

  it("fails where none can", () => {
    expect(() => Llhttp.compile([invalid])).toThrow("no build of llhttp")
  })
})

describe("parsers", () => {
  const silent: Llhttp.ParserCallbacks = {
    onHeaderName: () => 0,
    onHeaderValue: () => 0,
    onHeadersComplete: () => 0,
    onBody: () => 0,
    onMessageComplete: () => Llhttp.verdict.pause
  }
  const answer = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

  it("may be so many that the memory grows", () => {
    const parsers = Array.from({ length: 20_000 }, () => Llhttp.alloc())
    expect(new Set(parsers).size).toBe(parsers.length)
    for (const parser of [parsers[0]!, parsers[19_999]!]) {
      expect(Llhttp.execute(parser, silent, answer, 0, answer.length)).toBe(Llhttp.errno.paused)
      expect(Llhttp.stopPosition()).toBe(answer.length)
    }
    parsers.forEach(Llhttp.free)
  })

  it("that are freed are used again", () => {
    const first = Llhttp.alloc()
    Llhttp.free(first)
    const second = Llhttp.alloc()
    expect(second).toBe(first)
    Llhttp.free(second)
  })
})
