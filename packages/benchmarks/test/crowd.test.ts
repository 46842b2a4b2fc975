// What is measured with many connections at the same time, with a few of them, on a server in this process.
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { contenders } from "../src/contenders/all.js"
import * as costs from "../src/costs.js"
import * as crowd from "../src/crowd.js"
import * as growth from "../src/growth.js"
import { playerOf } from "../src/player.js"
import { RawServer } from "../src/rawServer.js"
import type { Crowded } from "../src/server.js"
import { workloads } from "../src/workloads.js"

const [rpc] = workloads
const named = (...names: ReadonlyArray<string>) => contenders.filter(({ name }) => names.includes(name))
const [execute] = named("execute")

let server: RawServer
let servers: Crowded
let origins: ReadonlyArray<string>

beforeEach(async () => {
  server = new RawServer(workloads)
  origins = await Promise.all([1, 2, 3].map(async () => `http://127.0.0.1:${await server.listen()}`))
  servers = {
    serverFor: async (workload) => ({
      origins: origins.slice(0, workload.origins),
      ca: undefined,
      take: async () => server.take()
    }),
    hold: async () => server.hold(),
    held: async () => server.held,
    release: async () => server.release(),
    idleEnds: async () => server.takeIdleEnds()
  }
})

afterEach(() => server.close())

describe("a crowd", () => {
  it("is as many connections at the same time as were asked for", async () => {
    const setup = { origins: origins.slice(0, 1), ca: undefined, workload: rpc, connections: 300, idleFor: 60_000 }
    const player = await playerOf(execute!, setup)
    await crowd.gather(player, servers, 300)
    expect(server.held).toBe(300)
    expect(server.take()).toEqual({ requests: 0, connections: 0 })
    await crowd.release(player, servers)
    expect(server.held).toBe(0)
    expect(server.take()).toEqual({ requests: 300, connections: 300 })
    expect((await player.play(1, 5)).latencies.length).toBeGreaterThan(0) // it is not held any more
    await player.close()
  })
})

describe("the growth of the cost", () => {
  it("is told of each contender and size, in proportion to the smallest", { timeout: 60_000 }, async () => {
    const turns: Array<string> = []
    const plan: growth.Plan = {
      contenders: named("floor", "dispatch", "execute"),
      workload: rpc,
      sizes: { "idle connections": [4, 40], origins: [1, 3] },
      callers: 2,
      rounds: 2,
      leadIn: 5,
      round: 20,
      onTurn: (text) => turns.push(text)
    }
    const found = await growth.measure(plan, servers, playerOf)
    expect(found.map(({ dimension, name }) => `${name}, ${dimension}`)).toEqual([
      "floor, idle connections",
      "dispatch, idle connections",
      "execute, idle connections",
      "dispatch, origins", // the floor has one
      "execute, origins"
    ])
    for (const { dimension, points } of found) {
      expect(points.map(({ size }) => size)).toEqual(dimension === "origins" ? [1, 3] : [4, 40])
      expect(points[0]?.ratio.median).toBe(1)
      expect(points[1]?.ratio.median).toBeGreaterThan(0)
    }
    expect(turns).toHaveLength(growth.turnsOf(plan))
  })
})

describe("the costs", () => {
  it("are told of connections, garbage, event loop and idle timers", { timeout: 60_000 }, async () => {
    const turns: Array<string> = []
    const plan: costs.Plan = {
      contenders: named("request", "execute"),
      workload: rpc,
      connections: 100,
      callers: 4,
      round: 50,
      onTurn: (text) => turns.push(text)
    }
    const found = await costs.measure(plan, servers, playerOf)
    expect(found.map(({ name }) => name)).toEqual(["request", "execute"])
    for (const { active, expiry, idle, name, profile } of found) {
      // The server's sockets are in this process too.
      expect(idle.heap, name).toBeGreaterThan(500)
      expect(active.heap, name).toBeGreaterThan(idle.heap)
      expect(profile.requests, name).toBeGreaterThan(4)
      expect(profile.bytesAllocated, name).toBeGreaterThan(500)
      expect(expiry.closed, name).toBe(50)
      expect(expiry.first, name).toBeGreaterThan(0.9 * expiry.asked)
    }
    expect(turns).toHaveLength(costs.turnsOf(plan))
  })
})
