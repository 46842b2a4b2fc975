// node:http over an Agent, and what builds on it.
import Agentkeepalive from "agentkeepalive"
import axios from "axios"
import got from "got"
import * as http from "node:http"
import * as https from "node:https"
import { pipeline, Readable } from "node:stream"
import { BrokenRun } from "../brokenRun.js"
import type { Open, Setup } from "../contender.js"
import { urlsOf } from "../contender.js"
import type { Driver } from "../drivers.js"
import { callbacks, promises } from "../drivers.js"
import { check, checkStatus, giveUpAfter, neverPath, Sink, uploadPieces } from "../workload.js"

interface AgentOptions {
  readonly keepAlive: true
  readonly maxSockets: number
  readonly maxFreeSockets?: number
  readonly timeout?: number
  readonly ca?: string
}

type MakeAgent = (options: AgentOptions) => http.Agent

interface AgentKind {
  readonly http: MakeAgent
  readonly https: MakeAgent
}

const nodeAgents: AgentKind = {
  http: (options) => new http.Agent(options),
  https: (options) => new https.Agent(options)
}

const agentkeepalives: AgentKind = {
  http: (options) => new Agentkeepalive(options),
  https: (options) => new Agentkeepalive.HttpsAgent(options)
}

const over = (kind: AgentKind, drive: (setup: Setup, agent: http.Agent) => Driver): Open => async (setup) => {
  const { connections, idleFor } = setup
  const kept = idleFor === undefined ? {} : { timeout: idleFor, maxFreeSockets: connections }
  const options = { keepAlive: true, maxSockets: connections, ...kept } as const
  const agent = setup.ca === undefined ? kind.http(options) : kind.https({ ...options, ca: setup.ca })
  return { play: drive(setup, agent), close: async () => agent.destroy() }
}

const plain = (setup: Setup, agent: http.Agent): Driver => {
  const { ca, workload } = setup
  const { body, method, upload } = workload
  const headers = upload === 0 ? workload.headers : { ...workload.headers, "content-length": upload }
  const request = ca === undefined ? http.request : https.request
  const url = urlsOf(setup)
  const never = urlsOf(setup, neverPath)
  return callbacks(
    workload,
    (done) => {
      const sent = request(url(), { agent, method, headers }, (response) => {
        const sink = new Sink(workload)
        response.on("data", (piece: Buffer) => sink.take(piece))
        response.on("error", done)
        response.on("end", () => {
          try {
            checkStatus(response.statusCode)
            sink.check()
          } catch (error) {
            return done(error)
          }
          done()
        })
      })
      sent.on("error", done)
      if (upload === 0) sent.end(body)
      else pipeline(Readable.from(uploadPieces(workload), { objectMode: false }), sent, () => {})
    },
    (done) => {
      const signal = AbortSignal.timeout(giveUpAfter)
      const sent = request(never(), { agent, method, headers, signal }, () => {
        done(new BrokenRun("a call was answered that is never answered"))
      })
      sent.on("error", (error) => {
        if (signal.aborted && error.name === "AbortError") done()
        else done(error)
      })
      sent.end(body)
    }
  )
}

const nothingToGiveUp = async (): Promise<void> => {
  throw new BrokenRun("there is nothing to give up")
}

const withGot = (setup: Setup, agent: http.Agent): Driver => {
  const { ca, workload } = setup
  const { body, headers, method, reads } = workload
  const url = urlsOf(setup)
  const client = got.extend({
    agent: ca === undefined ? { http: agent } : { https: agent as https.Agent },
    retry: { limit: 0 }
  })
  if (reads === "stream") throw new BrokenRun("streams are node:http's")
  const read = reads === "bytes" ? "buffer" : reads
  return promises(
    workload,
    async () =>
      check(workload, await client(url(), { method, headers, ...(body === undefined ? {} : { body }) })[read]()),
    nothingToGiveUp
  )
}

const withAxios = (setup: Setup, agent: http.Agent): Driver => {
  const { body, headers, method, reads } = setup.workload
  const url = urlsOf(setup)
  // The environment's proxy would be a way round for axios alone.
  const client = axios.create({ httpAgent: agent, httpsAgent: agent, proxy: false })
  const responseType = reads === "bytes" ? "arraybuffer" : reads
  // As bytes: text that is called JSON is parsed before it is sent.
  const data = body === undefined ? undefined : Buffer.from(body)
  return promises(
    setup.workload,
    async () => {
      const response = await client.request({ url: url(), method, headers: { ...headers }, data, responseType })
      check(setup.workload, response.data)
    },
    nothingToGiveUp
  )
}

export const plainAgent = over(nodeAgents, plain)

export const agentkeepalive = over(agentkeepalives, plain)

export const gotAgent = over(nodeAgents, withGot)

export const axiosAgent = over(nodeAgents, withAxios)
