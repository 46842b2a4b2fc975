// The whole benchmark in processes of its own. It goes through tsx, as no user's does: its figures are of no use, and it says so.
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as net from "node:net"
import { fileURLToPath, pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"
import type { Outcome } from "../src/bench.js"

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href
const entry = fileURLToPath(new URL("../src/main.ts", import.meta.url))

const timeout = 120_000

const start = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--import", tsx, entry, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
  const ended = once(child, "close").then(([code]: Array<unknown>) => ({ code, stdout, stderr }))
  /** Waits until it has said so on stderr. */
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(stderr)
      if (match !== null) return match
      await once(child.stderr, "data")
    }
  }
  const server = async () => {
    const [, origin = "", pid] = await said(/^server: (\S+), process (\d+)$/m)
    return { origin, pid: Number(pid) }
  }
  return { child, ended, said, server }
}

/** Of every child of a process. */
const childrenOf = (pid: number | undefined): ReadonlyArray<number> =>
  fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((id) => {
    try {
      return new RegExp(`\\) \\S ${pid} `).test(fs.readFileSync(`/proc/${id}/stat`, "utf8"))
    } catch {
      return false // it has ended
    }
  })

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const refused = async (origin: string): Promise<void> => {
  const { hostname, port } = new URL(origin)
  await expect(once(net.connect(Number(port), hostname), "connect")).rejects.toThrow("ECONNREFUSED")
}

describe.concurrent("npm run bench", () => {
  it("with --json prints the figures of those that were named, and nothing else", { timeout }, async () => {
    const args = [
      "--quick",
      "--json",
      "--only",
      "execute,dispatch",
      "--rounds",
      "2",
      "--workload",
      "rpc",
      "--parts",
      "throughput"
    ]
    const { code, stderr, stdout } = await start(...args, "--callers", "8,60").ended
    expect(stderr).toBe("")
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\{.*\}\n$/)
    const { goals, measured, server, tables }: Outcome = JSON.parse(stdout)
    expect(measured).toBe("sources")
    expect(tables.map(({ callers, workload }) => `${workload} ${callers}`)).toEqual(["rpc 8", "rpc 60"])
    for (const { callers, lines } of tables) {
      expect(lines.map(({ name }) => name)).toEqual(["dispatch", "execute"])
      for (
        const { comparisons, connections, cpuMicroseconds, latencyMilliseconds, name, perSecond, requests } of lines
      ) {
        if (name === "execute") expect(connections).toBe(Math.min(50, callers))
        // Two rounds of 0.15 s, and a little longer: the last answers are awaited.
        expect(requests / (perSecond.min * 0.3)).toBeGreaterThanOrEqual(1)
        expect(cpuMicroseconds.min).toBeGreaterThan(0)
        expect(latencyMilliseconds.p50).toBeGreaterThan(0)
        expect(latencyMilliseconds.max).toBeGreaterThanOrEqual(latencyMilliseconds.p999)
        expect(comparisons.map(({ to }) => to)).toEqual(["dispatch", "execute"])
      }
      expect(lines[0]?.comparisons[0]?.perSecond).toMatchObject({ min: 1, max: 1 })
    }
    expect(goals).toEqual([]) // of 50 and of 200 callers
    await refused(server)
  })

  it(
    "finds what a pool does beside its requests: every waiter gives up, and every idle connection ends",
    { timeout },
    async () => {
      const { code, stderr, stdout } = await start("--quick", "--json", "--parts", "chores").ended
      expect(stderr).toBe("")
      expect(code).toBe(0)
      const { chores, goals, tables }: Outcome = JSON.parse(stdout)
      expect(tables).toEqual([])
      expect(chores?.cancelled.map(({ waiters }) => waiters)).toEqual([500, 5_000])
      for (const { microseconds } of chores?.cancelled ?? []) expect(microseconds).toBeGreaterThan(0)
      expect(chores?.idleEnds.connections).toBe(500)
      expect(goals.map(({ bound, goal }) => `${bound} ${goal}`)).toEqual(["< 5", "≤ 2"])
    }
  )

  it(
    "finds whose code the time of a request goes to, Effect's where answers are Effects only",
    { timeout },
    async () => {
      const args = ["--quick", "--json", "--parts", "layers", "--only", "dispatch,execute"]
      const { code, stderr, stdout } = await start(...args).ended
      expect(stderr).toBe("")
      expect(code).toBe(0)
      const { goals, layers }: Outcome = JSON.parse(stdout)
      expect(goals).toEqual([])
      expect(layers.map(({ callers, name, workload }) => `${workload} ${callers} ${name}`)).toEqual([
        "rpc 50 dispatch",
        "rpc 50 execute",
        "get 50 dispatch",
        "get 50 execute"
      ])
      for (const { cpuMicroseconds, name, shares } of layers) {
        expect(cpuMicroseconds).toBeGreaterThan(0)
        expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1)
        expect(shares.write).toBeGreaterThan(0)
        expect(shares.client).toBeGreaterThan(0)
        expect(shares.Effect > 0).toBe(name === "execute")
      }
    }
  )

  it("prints a table, the goals and plain lines of progress", { timeout }, async () => {
    const { code, stderr, stdout } = await start(
      "--quick",
      "--rounds",
      "1",
      "--workload",
      "rpc",
      "--parts",
      "throughput",
      "--only",
      "request,execute"
    ).ended
    expect(code).toBe(0)
    expect(stderr.split("\n").slice(1)).toEqual([
      "rpc, 50 callers: warm-up 1 of 3",
      "rpc, 50 callers: warm-up 2 of 3",
      "rpc, 50 callers: warm-up 3 of 3",
      "rpc, 50 callers: round 1 of 1",
      ""
    ])
    expect(stdout).toMatch(/^undici Pool\.request +request +[\d,]+ /m)
    expect(stdout).toMatch(/^execute \/ request, rpc, 50 callers +(NOT )?reached +\d+\.\d\d +≥ 1\.30/m)
    expect(stdout).toContain("WARNING: this is not what users get")
  })

  it("leaves no process when it is stopped or killed", { timeout }, async ({ expect }) => {
    for (const [signal, expected] of [["SIGINT", 130], ["SIGKILL", null]] as const) {
      const { child, ended, said, server } = start("--only", "floor", "--workload", "rpc", "--parts", "throughput")
      await said(/round 1 of/)
      const { origin } = await server()
      const children = childrenOf(child.pid)
      expect(children.length).toBeGreaterThanOrEqual(2) // server, contender, and what tsx needs
      child.kill(signal)
      expect((await ended).code).toBe(expected)
      await expect.poll(() => children.filter(isRunning), { timeout: 5_000 }).toEqual([])
      await refused(origin)
    }
  })

  it("fails when its server does", { timeout }, async ({ expect }) => {
    const { ended, said, server } = start("--only", "floor", "--workload", "rpc", "--parts", "throughput")
    await said(/round 1 of/)
    process.kill((await server()).pid, "SIGKILL")
    const { code, stderr, stdout } = await ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(/^The run is broken: floor: /m)
  })

  it("says what is wrong with its arguments", { timeout }, async () => {
    const { code, stderr, stdout } = await start("--only", "execute,nobody").ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr).toMatch(/"nobody" is none of floor, .*\nTry: /)
  })
})
