// The circular-import check finds circles, and only those that exist at run time.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { it } from "node:test"
import { fromRoot } from "./workspace.mjs"

const check = (files) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "circular-"))
  try {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text)
    return spawnSync(process.execPath, [fromRoot("scripts", "circular.mjs"), dir], { encoding: "utf8" })
  } finally {
    fs.rmSync(dir, { recursive: true })
  }
}

it("fails on a circle through imports and re-exports", () => {
  const result = check({
    "a.ts": "import { b } from \"./b.js\"",
    "b.ts": "export * from \"./c.js\"",
    "c.ts": "import \"./a.js\""
  })
  assert.equal(result.status, 1)
  assert.match(result.stderr, /a\.ts → .*b\.ts → .*c\.ts → .*a\.ts/)
})

it("lets type imports go in circles", () => {
  const result = check({ "a.ts": "import { b } from \"./b.js\"", "b.ts": "import type { A } from \"./a.js\"" })
  assert.equal(result.status, 0)
})
