// undici in the ways it can be called, and Node's own fetch over it.
import { Readable } from "node:stream"
import type { Dispatcher } from "undici"
import { Agent, Client, Pool } from "undici"
import { BrokenRun } from "../brokenRun.js"
import type { Open, Setup } from "../contender.js"
import { nextOf, urlsOf } from "../contender.js"
import { callbacks, promises } from "../drivers.js"
import type { Workload } from "../workload.js"
import { check, checkStatus, giveUpAfter, neverPath, Sink, uploadPieces } from "../workload.js"

type Done = (error?: unknown) => void

/** What a dispatcher takes of a workload, but for origin and path. */
const asked = (workload: Workload): () => Omit<Dispatcher.DispatchOptions, "path"> => {
  const { body = null, headers, method, upload } = workload
  if (upload === 0) return () => ({ method, headers, body })
  const declared = { ...headers, "content-length": String(upload) }
  return () => ({ method, headers: declared, body: Readable.from(uploadPieces(workload), { objectMode: false }) })
}

/** The next request. Where there is one origin its pool knows it: to be told once more costs undici a third of a request. */
const requestsOf = ({ origins, workload }: Setup): (path: string) => Dispatcher.DispatchOptions => {
  const options = asked(workload)
  if (origins.length === 1) return (path) => ({ path, ...options() })
  const origin = nextOf(origins)
  return (path) => ({ origin: origin(), path, ...options() })
}

const optionsFor = ({ ca, connections, idleFor }: Setup) => ({
  connections,
  ...(ca !== undefined && { connect: { ca } }),
  ...(idleFor !== undefined && { keepAliveTimeout: idleFor, keepAliveMaxTimeout: idleFor })
})

/** A pool where there is one origin, as its users have it. */
const dispatcherFor = (setup: Setup): Dispatcher => {
  const options = optionsFor(setup)
  const { origins: [origin = "", ...others] } = setup
  return others.length === 0 ? new Pool(origin, options) : new Agent(options)
}

const answeredAnyway = () => new BrokenRun("a call was answered that is never answered")

/** Sends one request the way of those who want no Promise and no stream. */
const dispatchOn = (
  dispatcher: Dispatcher,
  workload: Workload,
  options: Dispatcher.DispatchOptions,
  done: Done
): void => {
  const sink = new Sink(workload)
  dispatcher.dispatch(options, {
    onRequestStart: () => {},
    onResponseStart: (_, status) => checkStatus(status),
    onResponseData: (_, piece) => sink.take(piece),
    onResponseEnd: () => {
      try {
        sink.check()
      } catch (error) {
        return done(error)
      }
      done()
    },
    onResponseError: (_, error) => done(error)
  })
}

const giveUpOn = (dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, done: Done): void => {
  const reason = new Error("given up")
  let timer: NodeJS.Timeout | undefined
  dispatcher.dispatch(options, {
    onRequestStart: (controller) => {
      timer = setTimeout(() => controller.abort(reason), giveUpAfter)
    },
    onResponseStart: () => {},
    onResponseData: () => {},
    onResponseEnd: () => done(answeredAnyway()),
    onResponseError: (_, error) => {
      clearTimeout(timer)
      if (error === reason) done()
      else done(error)
    }
  })
}

export const clients: Open = async ({ ca, connections, origins: [origin = ""], workload }) => {
  // No pool: each caller's next request goes to the next client, which queues it.
  const connect = ca === undefined ? {} : { connect: { ca } }
  const all = Array.from({ length: connections }, () => new Client(origin, connect))
  const options = asked(workload)
  const { path } = workload
  let next = 0
  const send = (done: Done): void => {
    const client = all[next++ % connections]
    if (client !== undefined) dispatchOn(client, workload, { ...options(), path }, done)
  }
  return {
    play: callbacks(workload, send, (done) => done(new BrokenRun("there is nothing to give up"))),
    close: async () => void await Promise.all(all.map((client) => client.destroy()))
  }
}

export const dispatch: Open = async (setup) => {
  const { workload } = setup
  const dispatcher = dispatcherFor(setup)
  const next = requestsOf(setup)
  const { path } = workload
  return {
    play: callbacks(
      workload,
      (done) => dispatchOn(dispatcher, workload, next(path), done),
      (done) => giveUpOn(dispatcher, next(neverPath), done)
    ),
    close: () => dispatcher.destroy()
  }
}

const readBody = async (workload: Workload, body: Dispatcher.ResponseData["body"]): Promise<unknown> => {
  switch (workload.reads) {
    case "stream": {
      let bytes = 0
      for await (const piece of body) bytes += piece.length
      return bytes
    }
    case "bytes":
      return new Uint8Array(await body.arrayBuffer())
    case "json":
      return body.json()
    case "text":
      return body.text()
  }
}

/** The caller has a signal that aborts after a while, and knows what it looks like. */
const givenUp = async (call: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
  const signal = AbortSignal.timeout(giveUpAfter)
  try {
    await call(signal)
  } catch (error) {
    if (signal.aborted && error === signal.reason) return
    throw error
  }
  throw answeredAnyway()
}

export const request: Open = async (setup) => {
  const { workload } = setup
  const dispatcher = dispatcherFor(setup)
  const next = requestsOf(setup)
  const { path } = workload
  return {
    play: promises(
      workload,
      async () => {
        const response = await dispatcher.request(next(path))
        checkStatus(response.statusCode)
        check(workload, await readBody(workload, response.body))
      },
      () => givenUp((signal) => dispatcher.request({ ...next(neverPath), signal }))
    ),
    close: () => dispatcher.destroy()
  }
}

const readFetched = async (workload: Workload, response: Response): Promise<unknown> => {
  switch (workload.reads) {
    case "stream": {
      let bytes = 0
      const reader = response.body?.getReader()
      for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
        bytes += read.value.length
      }
      return bytes
    }
    case "bytes":
      return new Uint8Array(await response.arrayBuffer())
    case "json":
      return response.json()
    case "text":
      return response.text()
  }
}

export const globalFetch: Open = async (setup) => {
  const { workload } = setup
  const dispatcher = new Agent(optionsFor(setup))
  const { body = null, headers, method } = workload
  // `dispatcher` is undici's addition to what the DOM knows of fetch.
  const init = { method, headers, body, dispatcher } as RequestInit
  const url = urlsOf(setup)
  const never = urlsOf(setup, neverPath)
  return {
    play: promises(
      workload,
      async () => {
        const response = await fetch(url(), init)
        checkStatus(response.status)
        check(workload, await readFetched(workload, response))
      },
      () => givenUp((signal) => fetch(never(), { ...init, signal }))
    ),
    close: () => dispatcher.destroy()
  }
}
