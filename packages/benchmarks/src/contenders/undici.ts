// undici in the ways it can be called, and Node's own fetch over it.
import type { Dispatcher } from "undici"
import { Agent, Client, Pool } from "undici"
import { BrokenRun } from "../brokenRun.js"
import type { Open } from "../contender.js"
import { callbacks, promises } from "../drivers.js"
import type { Workload } from "../workloads.js"
import { check, readPieces } from "../workloads.js"

const checkStatus = (status: number): void => {
  if (status !== 200) throw new BrokenRun(`status ${status}`)
}

/** Sends one request the way of those who want no Promise and no stream. */
const dispatchOn = (dispatcher: Dispatcher, workload: Workload, done: (error?: unknown) => void): void => {
  const pieces: Array<Buffer> = []
  const { body = null, headers, method, path } = workload
  dispatcher.dispatch({ method, path, headers, body }, {
    onRequestStart: () => {},
    onResponseStart: (_, status) => checkStatus(status),
    onResponseData: (_, piece) => void pieces.push(piece),
    onResponseEnd: () => {
      try {
        check(workload, readPieces(workload, pieces))
      } catch (error) {
        return done(error)
      }
      done()
    },
    onResponseError: (_, error) => done(error)
  })
}

export const clients: Open = async ({ connections, origin, workload }) => {
  // No pool: each caller's next request goes to the next client, which queues it.
  const all = Array.from({ length: connections }, () => new Client(origin))
  let next = 0
  return {
    play: callbacks((done) => {
      const client = all[next++ % connections]
      if (client !== undefined) dispatchOn(client, workload, done)
    }),
    close: async () => void await Promise.all(all.map((client) => client.destroy()))
  }
}

export const dispatch: Open = async ({ connections, origin, workload }) => {
  const pool = new Pool(origin, { connections })
  return {
    play: callbacks((done) => dispatchOn(pool, workload, done)),
    close: () => pool.destroy()
  }
}

const readBody = async (workload: Workload, body: Dispatcher.ResponseData["body"]): Promise<unknown> =>
  workload.reads === "bytes" ? new Uint8Array(await body.arrayBuffer()) : body[workload.reads]()

export const request: Open = async ({ connections, origin, workload }) => {
  const pool = new Pool(origin, { connections })
  const { body = null, headers, method, path } = workload
  return {
    play: promises(async () => {
      const response = await pool.request({ method, path, headers, body })
      checkStatus(response.statusCode)
      check(workload, await readBody(workload, response.body))
    }),
    close: () => pool.destroy()
  }
}

export const globalFetch: Open = async ({ connections, origin, workload }) => {
  const dispatcher = new Agent({ connections })
  const { body = null, headers, method, path } = workload
  const url = `${origin}${path}`
  return {
    play: promises(async () => {
      // `dispatcher` is undici's addition to what the DOM knows of fetch.
      const response = await fetch(url, { method, headers, body, dispatcher } as RequestInit)
      checkStatus(response.status)
      check(
        workload,
        workload.reads === "bytes" ? new Uint8Array(await response.arrayBuffer()) : await response[workload.reads]()
      )
    }),
    close: () => dispatcher.destroy()
  }
}
