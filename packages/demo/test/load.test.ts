import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { PoolError } from "@connection-pool/core/PoolError"
import { ConnectFailed, PoolClosed } from "@connection-pool/core/PoolError"
import type { PoolRequest } from "@connection-pool/core/PoolRequest"
import type { PoolResponse } from "@connection-pool/core/PoolResponse"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import * as Load from "../src/load.js"

const origin = "http://127.0.0.1:1"
const target: Load.Target = { name: "http", url: new URL(origin), embedded: true }
const refused = new ConnectFailed({ origin, progress: "not-sent", reason: "Refused" })

const answer = (json: unknown): PoolResponse => {
  const timings = { queued: 0, connect: 1, firstByte: 2, total: 2 }
  const used: Partial<PoolResponse> = { status: 200, reused: false, latency: 2, timings, json: Effect.succeed(json) }
  return used as PoolResponse
}

const load = async (
  planned: number,
  callers: number,
  execute: (id: number, tally: Load.Tally) => Effect.Effect<PoolResponse, PoolError>
): Promise<Load.Tally> => {
  const tally = new Load.Tally(planned, callers)
  const pool = {
    execute: ({ body }: PoolRequest) => Effect.suspend(() => execute(JSON.parse(String(body)).id, tally))
  } as ConnectionPool.Service
  await Effect.runPromise(Load.run(pool, target, callers, tally))
  return tally
}

describe("the load", () => {
  it("is sent to the last request, each with an id of its own", async () => {
    const ids: Array<number> = []
    const tally = await load(100, 7, (id) => {
      ids.push(id)
      return Effect.as(Effect.yieldNow(), answer({ id, result: "0x1" }))
    })
    expect(new Set(ids).size).toBe(100)
    expect(tally).toMatchObject({ started: 100, answered: 100, failed: 0, inFlight: 0, mostInFlight: 7 })
    expect(tally.latencies.percentiles).toMatchObject({ p50: expect.closeTo(2, 2), max: expect.closeTo(2, 2) })
  })

  it("finds an answer that belongs to another request", async () => {
    const tally = await load(3, 1, (id) => Effect.succeed(answer({ id: id === 2 ? 1 : id, result: "0x1" })))
    expect(tally).toMatchObject({ answered: 2, failed: 1 })
    expect([...tally.failures.values()]).toMatchObject([{ kind: "WrongAnswer", count: 1 }])
  })

  it("keeps the first message of each kind of failure", async () => {
    const tally = await load(
      5,
      1,
      (id) => id % 2 === 0 ? Effect.succeed(answer({ id, result: 1 })) : Effect.fail(refused)
    )
    expect([...tally.failures.values()]).toEqual([
      { kind: "ConnectFailed (Refused)", count: 3, message: refused.message }
    ])
    expect(tally.gaveUp).toBe(false)
  })

  it("gives up soon when no answer ever came", async () => {
    const tally = await load(1_000, 5, () => Effect.fail(refused))
    expect(tally.gaveUp).toBe(true)
    expect(tally.failed).toBeLessThan(20)
  })

  it("gives up later when answers had come", async () => {
    const tally = await load(
      1_000,
      5,
      (id) => id < 10 ? Effect.succeed(answer({ id, result: 1 })) : Effect.fail(refused)
    )
    expect(tally.gaveUp).toBe(true)
    expect(tally.failed).toBe(20)
  })

  it("tells requests that the drain sent back from those that it cut off", async () => {
    const tally = await load(10, 3, (_id, tally) => {
      tally.stopped = true
      const progress = tally.started === 1 ? "maybe-sent" : "not-sent"
      return Effect.andThen(Effect.yieldNow(), Effect.fail(new PoolClosed({ origin, progress })))
    })
    expect(tally).toMatchObject({ started: 1, failed: 1, withdrawn: 0, gaveUp: false })
    const other = new Load.Tally(10, 3)
    other.start()
    other.stopped = true
    other.failedWith(new PoolClosed({ origin, progress: "not-sent" }))
    expect(other).toMatchObject({ started: 1, failed: 0, withdrawn: 1, inFlight: 0 })
  })
})
