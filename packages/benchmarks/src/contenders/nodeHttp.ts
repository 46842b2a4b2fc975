// node:http over an Agent, and what builds on it.
import Agentkeepalive from "agentkeepalive"
import axios from "axios"
import got from "got"
import * as http from "node:http"
import { BrokenRun } from "../brokenRun.js"
import type { Open, Setup } from "../contender.js"
import type { Driver } from "../drivers.js"
import { callbacks, promises } from "../drivers.js"
import { check, readPieces } from "../workloads.js"

interface AgentOptions {
  readonly keepAlive: true
  readonly maxSockets: number
}

const over = (
  makeAgent: (options: AgentOptions) => http.Agent,
  drive: (setup: Setup, agent: http.Agent) => Driver
): Open =>
async (setup) => {
  const agent = makeAgent({ keepAlive: true, maxSockets: setup.connections })
  return { play: drive(setup, agent), close: async () => agent.destroy() }
}

const nodeAgent = (options: AgentOptions): http.Agent => new http.Agent(options)

const plain = ({ origin, workload }: Setup, agent: http.Agent): Driver => {
  const { body, headers, method, path } = workload
  const url = `${origin}${path}`
  return callbacks((done) => {
    const request = http.request(url, { agent, method, headers }, (response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("error", done)
      response.on("end", () => {
        try {
          if (response.statusCode !== 200) throw new BrokenRun(`status ${response.statusCode}`)
          check(workload, readPieces(workload, pieces))
        } catch (error) {
          return done(error)
        }
        done()
      })
    })
    request.on("error", done)
    request.end(body)
  })
}

const withGot = ({ origin, workload }: Setup, agent: http.Agent): Driver => {
  const { body, headers, method, path, reads } = workload
  const url = `${origin}${path}`
  const client = got.extend({ agent: { http: agent }, retry: { limit: 0 } })
  const read = reads === "bytes" ? "buffer" : reads
  return promises(async () =>
    check(workload, await client(url, { method, headers, ...(body === undefined ? {} : { body }) })[read]())
  )
}

const withAxios = ({ origin, workload }: Setup, agent: http.Agent): Driver => {
  const { body, headers, method, path, reads } = workload
  const url = `${origin}${path}`
  // The environment's proxy would be a way round for axios alone.
  const client = axios.create({ httpAgent: agent, proxy: false })
  const responseType = reads === "bytes" ? "arraybuffer" : reads
  // As bytes: text that is called JSON is parsed before it is sent.
  const data = body === undefined ? undefined : Buffer.from(body)
  return promises(async () => {
    const response = await client.request({ url, method, headers: { ...headers }, data, responseType })
    check(workload, response.data)
  })
}

export const plainAgent = over(nodeAgent, plain)

export const agentkeepalive = over((options) => new Agentkeepalive(options), plain)

export const gotAgent = over(nodeAgent, withGot)

export const axiosAgent = over(nodeAgent, withAxios)
