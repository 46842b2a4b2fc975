import { describe, expect, it } from "vitest"
import type { Figures } from "../src/repeats/proof.js"
import { start } from "./support/program.js"

const requests = 1_000

describe("npm run repeats", { timeout: 60_000 }, () => {
  it("C6: what may be sent twice never fails, the rest is never sent twice, as connections close when they are used", async () => {
    const { code, stdout } = await start("src/repeats.ts", "--requests", String(requests), "--json").ended
    const { kinds } = JSON.parse(stdout) as { kinds: ReadonlyArray<Figures> }
    const [idempotent, post] = kinds
    expect(kinds.map(({ problems }) => problems)).toEqual([[], []])
    expect(idempotent).toMatchObject({ requests, answered: requests, failures: {} })
    expect(idempotent!.repeated).toBeGreaterThan(0)
    expect(post).toMatchObject({ requests, seenTwice: 0 })
    expect(requests - post!.answered).toBeGreaterThan(0)
    expect(code).toBe(0)
  })

  it("ends early at Ctrl-C, with the figures of what there is", async () => {
    const { child, ended, says } = start("src/repeats.ts", "--requests", "10000")
    await says("%  ")
    child.kill("SIGINT")
    const { code, stdout } = await ended
    expect(code).toBe(130)
    expect(stdout).toMatch(/\nEverything holds \(C6\)\.\n$/)
  })
})
