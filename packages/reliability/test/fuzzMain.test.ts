import { describe, expect, it } from "vitest"
import { start } from "./support/program.js"

const fuzz = (...args: ReadonlyArray<string>) => start("src/fuzz.ts", ...args)

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
    const { signal, stderr } = await start("test/fixtures/standing-still.ts").ended
    expect(signal).toBe("SIGKILL")
    expect(stderr).toContain("stood still for 0.5 s, in the cases of this test")
  })
})
