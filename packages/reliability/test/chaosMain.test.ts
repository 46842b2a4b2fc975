import * as fs from "node:fs"
import { setTimeout } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import type { Summary } from "../src/chaos/campaign.js"
import { zeros } from "../src/chaos/ledger.js"
import { start } from "./support/program.js"

const chaos = (...args: ReadonlyArray<string>) => start("src/chaos.ts", "--seed", "1", ...args)

const childrenOf = (pid: number): ReadonlyArray<number> =>
  fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((text) => text !== "").map(Number)

const familyOf = (pid: number): ReadonlyArray<number> => childrenOf(pid).flatMap((child) => [child, ...familyOf(child)])

/** Neither gone nor waiting for its parent to notice. */
const lives = (pid: number): boolean =>
  fs.existsSync(`/proc/${pid}/stat`) && !fs.readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

describe("npm run chaos", { timeout: 60_000 }, () => {
  it("ends at Ctrl-C with all books balanced and the figures so far, and leaves no process behind", async () => {
    const { child, ended, says } = chaos("--seconds", "20")
    await says("%  ")
    const family = familyOf(child.pid!)
    expect(family.length).toBeGreaterThanOrEqual(4)
    child.kill("SIGINT")
    const { code, stdout } = await ended
    expect(code).toBe(130)
    expect(stdout).toMatch(/\nAll books balance\.\n$/)
    expect(family.filter(lives)).toEqual([])
  })

  it("prints one JSON object, whose figures agree", async () => {
    const { code, stdout } = await chaos("--seconds", "2", "--json").ended
    const summary = JSON.parse(stdout) as Summary
    expect(summary.examples).toEqual([])
    expect(summary.zeros).toEqual(Object.fromEntries(zeros.map((zero) => [zero, 0])))
    const { answered, connections, failures, interrupted, leasesRefused, ownAnswers, requests } = summary
    expect(answered + interrupted + sum(failures) - leasesRefused + sum(ownAnswers)).toBe(requests)
    expect(connections.opened).toBe(connections.closed)
    expect(sum(summary.byKind)).toBe(requests)
    expect(answered).toBeGreaterThan(0)
    expect(Object.keys(summary.acts).length).toBeGreaterThan(1)
    expect([...summary.proxies, ...summary.missingProxies].sort().reverse()).toEqual(["nginx", "haproxy"])
    expect(code).toBe(0)
  })

  it("that is killed takes its servers and proxies with it", async () => {
    const { child, ended, says } = chaos("--seconds", "20")
    await says("%  ")
    const family = familyOf(child.pid!)
    child.kill("SIGKILL")
    await ended
    while (family.some(lives)) await setTimeout(20)
  })

  it("refuses wrong arguments", async () => {
    expect((await chaos("--minutes", "0").ended).code).toBe(2)
  })
})
