import { describe, expect, it } from "vitest"
import { HeaderText } from "../../src/internal/headerText.js"

/** A buffer that tells how much of it was decoded. */
const watched = (text: string) => {
  const chunk = Buffer.from(text, "latin1")
  const decoded: Array<number> = []
  const toString = chunk.toString.bind(chunk)
  chunk.toString = (encoding, start = 0, end = chunk.length) => {
    decoded.push(end - start)
    return toString(encoding, start, end)
  }
  return { chunk, decoded }
}

/** All of the lines of a head, asked for one after another. */
const read = (text: HeaderText, { chunk }: ReturnType<typeof watched>, head: string): Array<string> => {
  const parts: Array<string> = []
  let start = 0
  for (const line of head.split("\n")) {
    parts.push(text.of(chunk, start, start + line.length))
    start += line.length + 1
  }
  text.complete()
  text.clear()
  return parts
}

describe("the text of headers", () => {
  const head = ["content-type", "text/plain", "x-name", "caf\xe9"].join("\n")
  const body = "b".repeat(60_000)

  it("is decoded at once, and after the first answer without the body behind it", () => {
    const text = new HeaderText()
    const first = watched(head + body)
    expect(read(text, first, head)).toEqual(head.split("\n"))
    expect(first.decoded).toEqual([2048])
    const second = watched(head + body)
    expect(read(text, second, head)).toEqual(head.split("\n"))
    expect(second.decoded).toEqual([head.length + 32])
  })

  it("counts of a head in two chunks what the second has", () => {
    const text = new HeaderText()
    const second = "x-name\ncaf\xe9"
    const early = watched(`${"p".repeat(500)}content-type`)
    expect(text.of(early.chunk, 500, 512)).toBe("content-type")
    text.clear()
    expect(read(text, watched(second), second)).toEqual(second.split("\n"))
    const next = watched(second + body)
    expect(read(text, next, second)).toEqual(second.split("\n"))
    expect(next.decoded).toEqual([second.length + 32])
  })

  it("is right where headers are longer than those before", () => {
    const text = new HeaderText()
    read(text, watched(head), head)
    const longer = [head, "x-long", "l".repeat(5_000), "x-last", "z"].join("\n")
    const chunk = watched(longer + body)
    expect(read(text, chunk, longer)).toEqual(longer.split("\n"))
    expect(chunk.decoded.length).toBeGreaterThan(1)
    const again = watched(longer + body)
    expect(read(text, again, longer)).toEqual(longer.split("\n"))
    expect(Math.max(...again.decoded)).toBe(5_000)
  })
})
