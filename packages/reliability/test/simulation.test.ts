import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { seedOfRun } from "../src/simulation/random.js"
import { run } from "../src/simulation/run.js"
import { seeds } from "./simulation.seeds.js"

const hashOf = async (seed: number): Promise<string> => {
  const { trace } = await run(seed)
  return createHash("sha256").update(trace.join("\n")).digest("hex")
}

describe("a simulated run", { timeout: 60_000 }, () => {
  it("is the same to the last byte of its trace for the same seed, and another for another", async () => {
    const some = Array.from({ length: 20 }, (_, i) => seedOfRun(11, i))
    const first: Array<string> = []
    for (const seed of some) first.push(await hashOf(seed))
    const again: Array<string> = []
    // In another order, with other runs before each.
    for (const seed of [...some].reverse()) again.unshift(await hashOf(seed))
    expect(again).toEqual(first)
    expect(new Set(first).size).toBe(some.length)
  })

  it("leaves the runtime's own chance as it was", async () => {
    const before = Math.random
    await run(1)
    expect(Math.random).toBe(before)
  })

  it("is as long as its plan: what is to happen happens", async () => {
    const happened = new Map<string, number>()
    for (let i = 0; i < 150; i++) {
      const { ledger } = await run(seedOfRun(5, i))
      for (const kind of ledger.faults.keys()) happened.set(kind, (happened.get(kind) ?? 0) + 1)
      for (const tag of ledger.errors.keys()) happened.set(tag, (happened.get(tag) ?? 0) + 1)
      for (const outcome of ledger.outcomes.keys()) happened.set(outcome, (happened.get(outcome) ?? 0) + 1)
    }
    expect([...happened.keys()].sort()).toEqual(everything)
  })

  for (const [seed, found] of seeds) {
    it(`balances its books with seed ${seed}, which found ${found}`, async () => {
      expect((await run(seed)).problem).toBeUndefined()
    })
  }
})

/** Outcomes, errors that callers get, and faults of the network. */
const everything = [
  "AcquireTimeout",
  "ConnectFailed",
  "ConnectTimeout",
  "ConnectionLost",
  "InvalidRequest",
  "PoolClosed",
  "ProtocolError",
  "QueueFull",
  "RequestBodyFailed",
  "RequestTimeout",
  "ResponseTooLarge",
  "answer before the request's end",
  "answered",
  "body stalls",
  "bytes behind the answer",
  "bytes while idle",
  "close is confirmed late",
  "close of a fresh connection",
  "close right after the answer",
  "close while idle",
  "closed before the answer",
  "closed within the body",
  "connection: close",
  "dead when it is used",
  "dial is refused",
  "dial is slow",
  "dial never ends",
  "failed",
  "garbage for an answer",
  "garbage within the body",
  "interrupted",
  "keep-alive hint",
  "no answer",
  "reset after the headers",
  "reset before the answer",
  "reset within the body",
  "slow answer",
  "slow body"
]
