// The measuring itself, on a server in this process.
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeCertificate } from "../src/certificate.js"
import type { Contender } from "../src/contender.js"
import { contenders } from "../src/contenders/all.js"
import { promises } from "../src/drivers.js"
import { playerOf } from "../src/player.js"
import { RawServer } from "../src/rawServer.js"
import type { Server } from "../src/server.js"
import type { Plan, Throughput } from "../src/throughput.js"
import { measure } from "../src/throughput.js"
import type { Workload } from "../src/workload.js"
import { check } from "../src/workload.js"
import { workloads as longWorkloads } from "../src/workloads.js"

/** A mebibyte where it is 64, and a few connections and origins. */
const short = (workload: Workload): Workload => ({
  ...workload,
  connections: 4,
  origins: Math.min(3, workload.origins),
  upload: Math.min(1_048_576, workload.upload),
  ...(workload.reads === "stream" &&
    { answer: { ...workload.answer, times: 16 }, isRight: (value: unknown) => value === 1_048_576 })
})

/** Those whose server is ours; what nginx answers is asked for by a whole run. */
const workloads = longWorkloads.filter(({ site }) => !site.startsWith("nginx")).map(short)

const floor = contenders.find(({ name }) => name === "floor")!
const rpc = workloads.find(({ name }) => name === "rpc")!

let server: RawServer
let servers: Readonly<Record<string, Server>>
let origin: string
let closed: Array<string>

beforeEach(async () => {
  server = new RawServer(workloads)
  const take = async () => server.take()
  const certificate = await makeCertificate()
  const http = await Promise.all([1, 2, 3].map(async () => `http://127.0.0.1:${await server.listen()}`))
  const https = [`https://127.0.0.1:${await server.listen(certificate)}`]
  origin = http[0]!
  servers = { http: { origins: http, ca: undefined, take }, https: { origins: https, ca: certificate.cert, take } }
  closed = []
})

afterEach(() => server.close())

const measureWith = ({ workload = rpc, ...plan }: Partial<Plan>): Promise<Throughput> => {
  const { origins, ...server } = servers[workload.site]!
  return measure(
    {
      contenders: contenders.filter(({ can }) => can(workload)),
      workload,
      callers: 6,
      warmUps: 0,
      warmUpRequests: 0,
      rounds: 1,
      leadIn: 5,
      round: 20,
      onTurn: () => {},
      ...plan
    },
    { ...server, origins: origins.slice(0, workload.origins) },
    playerOf
  )
}

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
  everywhere: false,
  can: () => true,
  open: async ({ workload }) => ({
    play: promises(workload, async () => check(workload, await call(`${origin}${workload.path}`)), async () => {}),
    close: async () => {}
  })
})

const post = async (url: string): Promise<unknown> => (await fetch(url, { method: "POST", body: "{}" })).json()

describe("every contender", () => {
  it.each(workloads.map((workload) => [workload.name, workload] as const))(
    "gets right answers to %s, on as many connections as it may open",
    { timeout: 60_000 },
    async (_, workload) => {
      // Of a connection that was opened because of a call that is given up the server hears with a later one.
      const { lines } = await measureWith({ workload, round: workload.givesUp ? 200 : 20 })
      const able = contenders.filter(({ can }) => can(workload)).map(({ name }) => name)
      expect(lines.map(({ name }) => name)).toEqual(able)
      expect(able).toEqual(expect.arrayContaining(["dispatch", "http", "layerUndici", "execute", "httpClientSpans"]))
      for (const { comparisons, connections, name, requests } of lines) {
        expect(requests, name).toBeGreaterThanOrEqual(5)
        if (workload.cold || workload.givesUp) expect(connections, name).toBeGreaterThanOrEqual(4)
        else if (workload.origins === 1) expect(connections, name).toBe(4)
        else expect(connections, name).toBeGreaterThan(4)
        expect(comparisons, name).toHaveLength(able.includes("floor") ? 5 : 4)
      }
    }
  )
})

describe("a run is broken by a contender that", () => {
  it.each([
    ["answers wrongly", "wrong answer to rpc: {\"id\":8", async (url: string) => ({ id: 8, was: await post(url) })],
    ["fails", "out of order", () => Promise.reject(new Error("out of order"))],
    ["does not ask the server", /answers, but the server was asked 0 times/, async () => JSON.parse(rpc.answer.text)],
    ["opens too many connections", /connections where 4 were allowed/, post]
  ])("%s, and everybody is closed", async (_, message, call) => {
    const run = measureWith({ contenders: [closing(floor), closing(broken(call))], callers: 12 })
    await expect(run).rejects.toThrow(message)
    await expect(run).rejects.toThrow(/^broken: /)
    expect(closed).toEqual(["floor", "broken"])
  })
})
