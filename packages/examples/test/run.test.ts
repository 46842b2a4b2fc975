// Every example as its README says, in a process of its own: it prints what it found, complains of nothing, and ends.
import { describe, expect, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
const listed = [...readme.matchAll(/^\| \[(.+)\]\(src\/\1\) \|.*\| `npx tsx (packages\/examples\/src\/\1)` \|$/gm)]

const lastLines: Readonly<Record<string, string>> = {
  "httpApi.ts": "9 requests, 2 connections",
  "rpc.ts": "5 requests, 2 connections",
  "jsonRpc.ts": "5 calls, 1 HTTP request",
  "download.ts": "67108864 bytes came, 67108864 are in the file",
  "tenants.ts": "requests 1, connections 1",
  "app.ts": "4 requests, 1 connection",
  "unixSocket.ts": "10 requests, 2 connections",
  "twoPools.ts": "pool export: requests 10, connections 2",
  "safeRetry.ts": "POST /g: 204, the server received it 3 times",
  "otlp.ts": "10 requests have a span"
}

const run = (file: string) =>
  promisify(execFile)(process.execPath, ["--import", "tsx", file], { cwd: root, timeout: 120_000 })

it("the README lists every example", () => {
  const files = readdirSync(new URL("../src/", import.meta.url)).filter((name) => name.endsWith(".ts"))
  expect(listed.map(([, name]) => name).sort()).toEqual(files.sort())
})

describe.concurrent("as a program", () => {
  for (const [, name = "", file = ""] of listed) {
    it(name, { timeout: 120_000 }, async () => {
      const { stderr, stdout } = await run(file)
      expect(stderr).toBe("")
      expect(stdout.trimEnd().split("\n").at(-1)).toContain(lastLines[name])
    })
  }
})
