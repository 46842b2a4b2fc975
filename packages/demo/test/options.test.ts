import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { parse } from "../src/options.js"

const defaults = { url: undefined, requests: 5_000, callers: 100, connections: 50, json: false, inspect: undefined }

describe("the command line", () => {
  it("may be empty", () => {
    expect(Either.getOrThrow(parse([]))).toEqual(defaults)
  })

  it("has its options before or behind the URL", () => {
    const expected = {
      url: new URL("https://h/p"),
      requests: 7,
      callers: 3,
      connections: 2,
      json: true,
      inspect: undefined
    }
    const options = ["--requests", "7", "--callers=3", "--connections", "2", "--json"]
    expect(Either.getOrThrow(parse(["https://h/p", ...options]))).toEqual(expected)
    expect(Either.getOrThrow(parse([...options, "https://h/p"]))).toEqual(expected)
  })

  it("asks for the page, and then for less load unless it says how much", () => {
    expect(Either.getOrThrow(parse(["--inspect"]))).toMatchObject({ inspect: 9_091, callers: 40, connections: 6 })
    expect(Either.getOrThrow(parse(["--inspect", "--inspect-port", "0", "--callers", "100"])))
      .toMatchObject({ inspect: 0, callers: 100, connections: 6 })
  })

  it.each([
    [["--inspect", "--requests", "7"], "'--inspect' cannot be used with option '-n, --requests <number>'"],
    [["--inspect", "--json"], "'--inspect' cannot be used with option '--json'"],
    [["--inspect", "--inspect-port", "65536"], "It must be a whole number from 0 to 65,535."],
    [["--bogus"], "unknown option '--bogus'"],
    [["--requests", "x"], "It must be a whole number from 1 to 10,000,000."],
    [["--requests", "0"], "It must be a whole number from 1 to 10,000,000."],
    [["--callers", "1.5"], "It must be a whole number from 1 to 10,000."],
    [["--connections", "-1"], "It must be a whole number from 1 to 1,024."],
    [["--callers"], "argument missing"],
    [["ftp://h/"], "the URL must be an absolute http or https one"],
    [["h/p"], "the URL must be an absolute http or https one"],
    [["http://a/", "http://b/"], "too many arguments"]
  ])("%j is refused", (args, reason) => {
    const { exitCode, text } = Either.getOrThrow(Either.flip(parse(args)))
    expect(exitCode).toBe(2)
    expect(text).toContain(reason)
    expect(text).toContain("--help")
  })

  it("is not repeated where it may hold a secret", () => {
    const { text } = Either.getOrThrow(Either.flip(parse(["htps://user:secret@h/key"])))
    expect(text).not.toContain("secret")
    expect(text).not.toContain("key")
  })

  it("can ask for help", () => {
    const { exitCode, text } = Either.getOrThrow(Either.flip(parse(["--help"])))
    expect(exitCode).toBe(0)
    for (const option of ["--requests", "--callers", "--connections", "--json"]) expect(text).toContain(option)
  })
})
