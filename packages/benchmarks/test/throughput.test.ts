// The measuring itself, on a server in this process.
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Contender } from "../src/contender.js"
import { contenders } from "../src/contenders/all.js"
import { promises } from "../src/drivers.js"
import { playerOf } from "../src/player.js"
import { RawServer } from "../src/rawServer.js"
import type { Plan, Throughput } from "../src/throughput.js"
import { measure } from "../src/throughput.js"
import { check, workloads } from "../src/workloads.js"

const floor = contenders.find(({ name }) => name === "floor")!
const rpc = workloads.find(({ name }) => name === "rpc")!

let server: RawServer
let origin: string
let closed: Array<string>

beforeEach(async () => {
  server = new RawServer(workloads)
  origin = `http://127.0.0.1:${await server.listen()}`
  closed = []
})

afterEach(() => server.close())

const measureWith = (plan: Partial<Plan>): Promise<Throughput> =>
  measure({
    contenders,
    workload: rpc,
    callers: 6,
    connections: 4,
    warmUps: 0,
    warmUpRequests: 0,
    rounds: 1,
    leadIn: 5,
    round: 20,
    onTurn: () => {},
    ...plan
  }, {
    origin,
    take: async () => server.take()
  }, playerOf)

const closing = (contender: Contender): Contender => ({
  ...contender,
  open: async (setup) => {
    const client = await contender.open(setup)
    const close = async (): Promise<void> => {
      closed.push(contender.name)
      await client.close()
    }
    return { ...client, close }
  }
})

const broken = (call: (url: string) => Promise<unknown>): Contender => ({
  name: "broken",
  title: "broken",
  open: async ({ workload }) => ({
    play: promises(async () => check(workload, await call(`${origin}${workload.path}`))),
    close: async () => {}
  })
})

const post = async (url: string): Promise<unknown> => (await fetch(url, { method: "POST", body: "{}" })).json()

describe("every contender", () => {
  it.each(workloads.map((workload) => [workload.name, workload] as const))(
    "gets right answers to %s, on as many connections as it may open",
    { timeout: 60_000 },
    async (_, workload) => {
      const { lines } = await measureWith({ workload })
      expect(lines.map(({ name }) => name)).toEqual(contenders.map(({ name }) => name))
      for (const { comparisons, connections, name, requests } of lines) {
        expect(requests, name).toBeGreaterThanOrEqual(6)
        expect(connections, name).toBe(4)
        expect(comparisons, name).toHaveLength(4)
      }
    }
  )
})

describe("a run is broken by a contender that", () => {
  it.each([
    ["answers wrongly", "wrong answer to rpc: {\"id\":8", async (url: string) => ({ id: 8, was: await post(url) })],
    ["fails", "out of order", () => Promise.reject(new Error("out of order"))],
    ["does not ask the server", /answers, but the server was asked 0 times/, async () => JSON.parse(rpc.answer.body)],
    ["opens too many connections", /connections where 4 were allowed/, post]
  ])("%s, and everybody is closed", async (_, message, call) => {
    const run = measureWith({ contenders: [closing(floor), closing(broken(call))], callers: 12 })
    await expect(run).rejects.toThrow(message)
    await expect(run).rejects.toThrow(/^broken: /)
    expect(closed).toEqual(["floor", "broken"])
  })
})
