import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const start = (file: string, ...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--import", tsx, at(file), ...args], { stdio: ["ignore", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
  const ended = once(child, "close").then(([code, signal]: Array<unknown>) => ({ code, signal, stdout, stderr }))
  const says = (word: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => stderr.includes(word) && resolve()
      child.stderr.on("data", look)
      void ended.then(() => reject(new Error(`it ended without saying ${word}: ${stderr}`)))
    })
  return { child, ended, says }
}

const fuzz = (...args: ReadonlyArray<string>) => start("../src/fuzz.ts", ...args)

describe("npm run fuzz", { timeout: 60_000 }, () => {
  it("prints one JSON object with what it counted", async () => {
    const { code, stdout } = await fuzz("--cases", "100", "--seed", "5", "--json").ended
    expect(code).toBe(0)
    const { found, total } = JSON.parse(stdout) as { found: Array<unknown>; total: Record<string, number> }
    expect(found).toEqual([])
    const { bothAccept, bothRefuse, cases, failures, intended, onlyUndiciAccepts } = total
    expect([cases, failures]).toEqual([100, 0])
    expect(bothAccept! + bothRefuse! + intended! + onlyUndiciAccepts!).toBe(100)
  })

  it("ends early at Ctrl-C, with the report of what there is", async () => {
    const { child, ended, says } = fuzz("--cases", "5000")
    await says("10 %")
    child.kill("SIGINT")
    const { code, stdout } = await ended
    expect(code).toBe(130)
    expect(stdout).toMatch(/of 5,000 cases .* 0 failures, .* s; ended early$/m)
  })

  it("refuses wrong arguments", async () => {
    expect((await fuzz("--cases", "0").ended).code).toBe(2)
  })
})

describe("the watchdog", { timeout: 60_000 }, () => {
  it("kills a process whose event loop stands still, and says in which cases", async () => {
    const { signal, stderr } = await start("./fixtures/standing-still.ts").ended
    expect(signal).toBe("SIGKILL")
    expect(stderr).toContain("stood still for 0.5 s, in the cases of this test")
  })
})
