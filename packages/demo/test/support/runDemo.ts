// The demo in a process of its own, as `npm start` runs it.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href
const entry = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  /** Resolves with the match as soon as stderr says so; rejects when the demo ends without. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<Ended>
}

export const startDemo = (...args: ReadonlyArray<string>): Running => {
  const { FORCE_COLOR: _color, ...env } = process.env
  const child = spawn(process.execPath, ["--import", tsx, entry, ...args], { stdio: ["ignore", "pipe", "pipe"], env })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal, stdout, stderr }))
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stderr)
        if (match === null) return
        child.stderr.off("data", look)
        resolve(match)
      }
      child.stderr.on("data", look)
      void ended.then(() => reject(new Error(`the demo ended and did not say ${pattern}: ${stderr}`)))
      look()
    })
  return { says, ended, kill: (signal) => void child.kill(signal) }
}
