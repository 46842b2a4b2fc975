import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { table, tableOptions } from "../src/internal/poolSettings.js"

const readme = fs.readFileSync(new URL("../../../README.md", import.meta.url), "utf8")

/** The cells of the row that begins with this name, without their quotes. */
const rowOf = (name: string) => {
  const line = readme.split("\n").find((text) => text.startsWith(`| \`${name}\``))
  return line?.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", ""))
}

const printBytes = (bytes: number) => bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`

const printDefault = (option: (typeof tableOptions)[number]) => {
  const { default: value } = table[option]
  if (value === undefined) return "the same"
  return typeof value === "number" && value >= 10_240 ? printBytes(value) : String(value)
}

describe("the README", () => {
  it.each(tableOptions)("tells the name, the variables and the default of %s as they are", (option) => {
    const { fallback, perOrigin, variable } = table[option]
    expect(rowOf(option)?.slice(0, 3)).toEqual([
      perOrigin === true ? `${option} *` : option,
      fallback === undefined ? variable : `${variable} (${fallback})`,
      printDefault(option)
    ])
  })

  it("has no option that does not exist", () => {
    const section = readme.slice(readme.indexOf("| option |"), readme.indexOf("`NodeConnectionPool` takes one more"))
    const named = [...section.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1])
    expect(new Set(named)).toEqual(new Set([...tableOptions, "origins", "warmUp"]))
  })

  it("has every error", () => {
    const source = fs.readFileSync(new URL("../src/PoolError.ts", import.meta.url), "utf8")
    const tags = [...source.matchAll(/TaggedError\("(\w+)"\)/g)].map((match) => match[1]!)
    expect(tags.length).toBe(12)
    const section = readme.slice(readme.indexOf("## Errors"), readme.indexOf("## How it differs"))
    const rows = [...section.matchAll(/^\| `([A-Z]\w+)` \|/gm)].map((match) => match[1]!)
    expect(new Set(rows)).toEqual(new Set(tags))
  })
})
