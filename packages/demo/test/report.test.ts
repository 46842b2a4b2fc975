import { describe, expect, it } from "vitest"
import { judge } from "../src/checks.js"
import { print } from "../src/report.js"
import type { Summary, TargetSummary } from "../src/summary.js"

const times = { p50: 1, p90: 2, p99: 3.14159, max: 1_234.5 }

const target: TargetSummary = {
  name: "http",
  origin: "http://127.0.0.1:40000",
  requests: {
    planned: 5_000,
    started: 5_000,
    answered: 5_000,
    failed: 0,
    withdrawn: 0,
    interrupted: 0,
    answeredByServer: 5_000
  },
  gaveUp: false,
  statuses: { 200: 5_000 },
  failures: [],
  reusePercent: 99,
  bestReusePercent: 99,
  sockets: { openedByPool: 50, acceptedByServer: 50, mostNeededAtOnce: 50 },
  seconds: 1,
  requestsPerSecond: 5_000,
  connectMilliseconds: times,
  latencyMilliseconds: times,
  heapBytesPerConnection: 2_048
}

const good: Summary = {
  callers: 100,
  maxConnectionsPerOrigin: 50,
  embeddedServers: true,
  stoppedBy: null,
  drain: null,
  targets: [target, { ...target, name: "https", origin: "https://127.0.0.1:40001" }],
  leaks: { socketsOfProcess: 0, socketsAtServer: 0, connectionsOfPool: 0, handlesOfProcess: {}, total: 0 }
}

const withTarget = (change: Partial<TargetSummary>): Summary => ({ ...good, targets: [{ ...target, ...change }] })
const plain = (text: string): string => text
const failed = (summary: Summary): ReadonlyArray<string> =>
  judge(summary).filter(({ ok }) => !ok).map(({ name }) => name)

describe("the checks", () => {
  it("pass when all is well", () => {
    expect(judge(good)).toHaveLength(4)
    expect(failed(good)).toEqual([])
  })

  it.each<[string, Summary]>([
    ["errors", withTarget({ requests: { ...target.requests, failed: 1 } })],
    ["errors", withTarget({ requests: { ...target.requests, interrupted: 1 } })],
    ["leaks", { ...good, leaks: { ...good.leaks, handlesOfProcess: { TLSWrap: 1 }, total: 1 } }],
    ["reuse", withTarget({ reusePercent: 98.64 })],
    ["opened = accepted = needed", withTarget({ sockets: { ...target.sockets, acceptedByServer: 51 } })],
    ["opened = accepted = needed", withTarget({ sockets: { ...target.sockets, acceptedByServer: null } })],
    ["opened = accepted = needed", withTarget({ sockets: { ...target.sockets, mostNeededAtOnce: 49 } })]
  ])("%s can fail", (name, summary) => {
    expect(failed(summary)).toEqual([name])
  })

  it("demand of few requests no more reuse than they can have", () => {
    expect(failed(withTarget({ reusePercent: 90, bestReusePercent: 90 }))).toEqual([])
    expect(failed(withTarget({ reusePercent: 89, bestReusePercent: 90 }))).toEqual(["reuse"])
  })

  it("leave it to a real server when it closes its connections", () => {
    const sockets = { openedByPool: 60, acceptedByServer: null, mostNeededAtOnce: 50 }
    expect(failed({ ...withTarget({ reusePercent: 10, sockets }), embeddedServers: false })).toEqual([])
  })
})

describe("the printed summary", () => {
  it("fits a terminal and holds the figures", () => {
    const text = print(good, judge(good), plain)
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(text).toMatch(/^requests answered +5,000 of 5,000 +5,000 of 5,000$/m)
    expect(text).toMatch(/^latency p99, ms +3\.14 +3\.14$/m)
    expect(text).toMatch(/^latency max, ms +1,235 +1,235$/m)
    expect(text).toMatch(/^heap of an idle connection +2\.0 KB +2\.0 KB$/m)
    expect(text.match(/^ {2}ok {6}/gm)).toHaveLength(4)
    expect(text).not.toContain("NOT ok")
  })

  it("gives the reasons of failures, and says what could not be measured", () => {
    const summary: Summary = {
      ...withTarget({
        requests: { ...target.requests, failed: 2 },
        failures: [{ kind: "ConnectFailed (Dns)", count: 2, message: "no such host" }],
        connectMilliseconds: null
      }),
      leaks: { ...good.leaks, socketsOfProcess: null }
    }
    const text = print(summary, judge(summary), plain)
    expect(text).toContain("http: 2 × ConnectFailed (Dns): no such host")
    expect(text).toMatch(/^connect time p50, ms +not available$/m)
    expect(text).toMatch(/sockets of this process, by \/proc\/self\/fd +not available$/m)
    expect(text).toMatch(/^ {2}NOT ok {2}errors: 2$/m)
  })

  it("colors the verdicts only, and only when told to", () => {
    const painted = print(good, judge(good), (text, color) => `<${color}>${text}</>`)
    expect(painted.match(/<green>/g)).toHaveLength(4)
    expect(painted.replace(/<green>|<\/>/g, "")).toBe(print(good, judge(good), plain))
  })

  it("says how it was stopped", () => {
    const drain = { answered: 3, cutOff: 1, unclosed: 0, elapsed: 12.345 }
    const text = print({ ...good, stoppedBy: "SIGTERM", drain }, [], plain)
    expect(text).toContain(
      "Stopped by SIGTERM. The pool drained in 12.35 ms:\n3 running requests ended, 1 were cut off."
    )
    expect(print({ ...good, stoppedBy: "SIGINT", targets: [] }, [], plain)).toContain("while no request was running")
  })
})
