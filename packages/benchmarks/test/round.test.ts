import { describe, expect, it } from "vitest"
import { contenders } from "../src/contenders/all.js"
import { playerOf } from "../src/player.js"
import { RawServer } from "../src/rawServer.js"
import { Round } from "../src/round.js"
import { workloads } from "../src/workloads.js"

const [rpc] = workloads

describe("a round", () => {
  it("counts, and lasts as long as it should, from the last of the answers with which it gets going", () => {
    let counting = 0
    const round = new Round(3, 400, 6, () => counting++)
    for (let i = 0; i < 5; i++) expect(round.answered(round.startedAt)).toBeLessThan(round.deadline)
    expect([counting, round.deadline, round.latencies]).toEqual([0, Infinity, []])
    const begun = round.answered(round.startedAt)
    expect([counting, round.uncounted, round.latencies]).toEqual([1, 6, []])
    expect(round.deadline).toBe(begun + 400)
    const end = round.answered(begun)
    expect([counting, round.uncounted, round.latencies]).toEqual([1, 6, [end - begun]])
    expect(round.deadline).toBe(begun + 400)
  })

  it("of no time counts from its beginning", () => {
    let counting = 0
    const round = new Round(3, 0, 0, () => counting++)
    round.answered(round.startedAt)
    expect([counting, round.uncounted, round.latencies.length]).toEqual([1, 0, 1])
    expect(round.deadline).toBe(round.startedAt)
  })

  it("of any client tells the answers that did not count, so that all that the server was asked is accounted for", async () => {
    const server = new RawServer(workloads)
    const origins = [`http://127.0.0.1:${await server.listen()}`]
    try {
      for (const name of ["floor", "dispatch", "request", "execute"]) {
        const contender = contenders.find((it) => it.name === name)!
        const setup = { origins, ca: undefined, workload: rpc, connections: 4, idleFor: undefined }
        const player = await playerOf(contender, setup)
        const { latencies, uncounted } = await player.play(8, 20)
        expect(uncounted, name).toBe(16)
        expect(latencies.length, name).toBeGreaterThanOrEqual(7)
        expect(server.take().requests, name).toBe(latencies.length + uncounted)
        const profile = await player.profile(8, 20)
        expect(server.take().requests, name).toBe(profile.requests + 16)
        await player.close()
        server.take()
      }
    } finally {
      await server.close()
    }
  })
})
