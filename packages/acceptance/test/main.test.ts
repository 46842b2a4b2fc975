// The run in a process of its own. It goes through tsx, as no user's does, and other tests run beside it: the figures are of no use.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const start = (imports: ReadonlyArray<string>, ...args: ReadonlyArray<string>) => {
  const preloads = imports.flatMap((path) => ["--import", at(path)])
  const command = ["--import", tsx, ...preloads, at("../src/main.ts"), ...args]
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
  const ended = once(child, "close").then(([code]: Array<unknown>) => ({ code, stdout, stderr }))
  const says = async (word: string): Promise<void> => {
    while (!stderr.includes(word)) await once(child.stderr, "data")
  }
  return { child, ended, says }
}

describe.concurrent("npm run acceptance", { timeout: 60_000 }, () => {
  it("fails when a row is missed, and says what there was to see", async () => {
    const { code, stdout } = await start(["fixtures/nagle.ts"], "--quick", "--only", "variables").ended
    expect(code).toBe(1)
    expect(stdout).toMatch(/^TCP_NO_DELAY +effective .* MISSED$/m)
    expect(stdout).toMatch(/\nTCP_NO_DELAY:\n  Uploads of small pieces: /)
    expect(stdout).toMatch(/\n\w+ of 9 rows (is|are) missed\.\n$/)
  })

  it("prints one JSON object, and nothing else", async () => {
    const { code, stderr, stdout } = await start([], "--json", "--quick", "--only", "concurrency,clean-ups").ended
    expect(stderr).toBe("")
    expect(stdout).toMatch(/^\{.*\}\n$/)
    const { good, measured, rows } = JSON.parse(stdout)
    expect(code).toBe(good ? 0 : 1)
    expect(measured).toBe("sources")
    expect(rows).toMatchObject([
      { name: "100 calls at once", good: true },
      { name: "idle expiry", target: "within 10 % of 1.000 s" },
      { name: "unused endpoint, two periods", target: "within 10 % of 1.000 s" }
    ])
  })

  it("ends early at Ctrl-C, without a verdict and without a document", async () => {
    const { child, ended, says } = start([], "--quick", "--seconds", "5", "--only", "load,latency")
    await says("%")
    child.kill("SIGINT")
    const { code, stdout } = await ended
    expect(code).toBe(130)
    expect(stdout).toMatch(/\nNothing was measured to its end\.\n$/)
  })

  it("says what is wrong with its arguments", async () => {
    const { code, stderr } = await start([], "--only", "lantency").ended
    expect(code).toBe(2)
    expect(stderr).toMatch(/"lantency" is none of heap, load, /)
  })
})
