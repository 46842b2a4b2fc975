import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

const tsx = createRequire(import.meta.url).resolve("tsx")
const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Runs a TypeScript file of this package in a process of its own. */
export const start = (file: string, ...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--import", tsx, at(file), ...args], { stdio: ["ignore", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
  const ended = once(child, "close").then(([code, signal]: Array<unknown>) => ({ code, signal, stdout, stderr }))
  /** Resolves when it has written `word` to stderr. */
  const says = (word: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => stderr.includes(word) && resolve()
      child.stderr.on("data", look)
      void ended.then(() => reject(new Error(`it ended without saying ${word}: ${stderr}`)))
    })
  return { child, ended, says }
}
