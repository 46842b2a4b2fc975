import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fencesOf, root, run, typeErrors } from "./support/documents.js"

/** The examples of the READMEs as files, beside the packages that they import. */
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "readme-"))
const examples = ["README.md", "packages/inspector/README.md", "packages/platform-node/README.md"].flatMap((file) =>
  fencesOf(file).filter(({ kind }) => kind === "ts").map(({ text }, index) => ({
    name: `${file}, example ${index + 1}`,
    text
  }))
).map(({ name, text }, index) => ({ name, text, file: path.join(directory, `example${index}.ts`) }))

beforeAll(() => {
  fs.symlinkSync(path.join(root, "packages/demo/node_modules"), path.join(directory, "node_modules"))
  fs.writeFileSync(path.join(directory, "package.json"), `{"type":"module"}`)
  for (const { file, text } of examples) fs.writeFileSync(file, text)
})
afterAll(() => fs.rmSync(directory, { recursive: true }))

describe("the READMEs", () => {
  it("have examples that compile", { timeout: 60_000 }, () => {
    expect(examples.length).toBe(9)
    const found = typeErrors(examples.map(({ file }) => file)).map(({ file, text }) =>
      `${examples.find((example) => example.file === file)?.name}: ${text}`
    )
    expect(found).toEqual([])
  })

  it("have an example without sockets that prints what it says", { timeout: 30_000 }, async () => {
    const example = examples.find(({ text }) => text.includes("TestConnector.layer"))!
    const said = /console\.log\(.*\) \/\/ (.*)/.exec(example.text)?.[1]
    expect(await run(example.file)).toEqual({ code: 0, printed: `${said}\n` })
  })
})
