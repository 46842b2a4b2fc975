import * as fs from "node:fs"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { page } from "../../src/internal/page.js"
import { directory, hashOf } from "../support/pictures.js"

describe("the page", () => {
  it("is the one that the pictures in docs/inspector show; if not, run `npm run screenshots`", () => {
    expect(fs.readFileSync(path.join(directory, "page.sha256"), "utf8").trim()).toBe(hashOf(page.html))
    for (const name of ["light", "dark", "phone"]) {
      expect(fs.statSync(path.join(directory, `${name}.png`)).size, name).toBeLessThan(150 * 1_024)
    }
  })

  it("names no other file and no other host", () => {
    const { html } = page
    expect(html.match(/<(?:script|link|img|iframe|object|embed)\b[^>]*>/g)).toEqual([
      "<link rel=\"icon\" href=\"data:,\">",
      "<script type=\"module\">"
    ])
    expect(html.match(/url\(|@import|https?:\/\/[\w.]+/g)).toBeNull()
  })
})
