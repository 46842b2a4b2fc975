import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as ts from "typescript"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")
const examplesOf = (file: string) => [...read(file).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!)

/** The examples of the READMEs as files, beside the packages that they import. */
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "readme-"))
const examples = ["README.md", "packages/platform-node/README.md"].flatMap((file) =>
  examplesOf(file).map((text, index) => ({ name: `${file}, example ${index + 1}`, text }))
).map(({ name, text }, index) => ({ name, text, file: path.join(directory, `example${index}.ts`) }))

beforeAll(() => {
  fs.symlinkSync(path.join(root, "packages/demo/node_modules"), path.join(directory, "node_modules"))
  fs.writeFileSync(path.join(directory, "package.json"), `{"type":"module"}`)
  for (const { file, text } of examples) fs.writeFileSync(file, text)
})
afterAll(() => fs.rmSync(directory, { recursive: true }))

const run = (file: string) =>
  new Promise<{ readonly code: number | null; readonly printed: string }>((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", file], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"]
    })
    let printed = ""
    child.stdout.on("data", (piece) => (printed += String(piece)))
    child.once("close", (code) => resolve({ code, printed }))
  })

describe("the READMEs", () => {
  it("have examples that compile", { timeout: 60_000 }, () => {
    expect(examples.length).toBe(4)
    const program = ts.createProgram(examples.map(({ file }) => file), {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.esnext.disposable.d.ts"],
      types: [path.join(root, "node_modules/@types/node")]
    })
    const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) =>
      `${examples.find((example) => example.file === file?.fileName)?.name}: ${
        ts.flattenDiagnosticMessageText(messageText, "\n")
      }`
    )
    expect(found).toEqual([])
  })

  it("have an example without sockets that prints what it says", { timeout: 30_000 }, async () => {
    const example = examples.find(({ text }) => text.includes("TestConnector.layer"))!
    const said = /console\.log\(.*\) \/\/ (.*)/.exec(example.text)?.[1]
    expect(await run(example.file)).toEqual({ code: 0, printed: `${said}\n` })
  })
})
