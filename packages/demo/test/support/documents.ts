// The programs in documents: found, type-checked and run.
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as ts from "typescript"

export const root = fileURLToPath(new URL("../../../../", import.meta.url))

export interface Fence {
  /** What stands behind the three quotes, such as `ts`. */
  readonly kind: string
  readonly text: string
}

export const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")

export const fencesOf = (file: string): ReadonlyArray<Fence> =>
  [...read(file).matchAll(/^```(\w.*)\n([\s\S]*?)^```$/gm)].map(([, kind = "", text = ""]) => ({ kind, text }))

/** What the comments behind `console.log(…)` say that is printed, in the order of the lines. */
export const saidToPrint = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/console\.log\(.*\).* \/\/ (.*)/g)].map(([, said = ""]) => said)

/** Runs a program with Node.js, its types erased. */
export const run = (file: string) =>
  new Promise<{ readonly code: number | null; readonly printed: string }>((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", "--unhandled-rejections=strict", file], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"]
    })
    let printed = ""
    child.stdout.on("data", (piece) => (printed += String(piece)))
    child.once("close", (code) => resolve({ code, printed }))
  })

export const typeErrors = (files: ReadonlyArray<string>) => {
  const program = ts.createProgram(files, {
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
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    file: file?.fileName,
    text: ts.flattenDiagnosticMessageText(messageText, "\n")
  }))
}
