// The servers of the cases, all on loopback, all closed with the scope.
import * as Effect from "effect/Effect"
import type * as http from "node:http"
import * as net from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { httpServer } from "../support/httpServer.js"
import { rawServer, scopedServer } from "../support/rawServer.js"

/** A request as it arrived. */
export interface Seen {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

type Answer = (response: http.ServerResponse, seen: Seen, nth: number) => void

const readAll = async (request: http.IncomingMessage): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** Reads each request to its end, writes it down, and answers; with `ok` where nothing else is said. */
export const recordingServer = (answer: Answer = (response) => response.end("ok")) =>
  Effect.gen(function*() {
    const seen: Array<Seen> = []
    const server = yield* httpServer((request, response) => {
      readAll(request).then((body) => {
        const entry = { method: request.method!, target: request.url!, headers: request.headers, body }
        answer(response, entry, seen.push(entry) - 1)
      }, () => {})
    })
    return { ...server, seen }
  })

/** Answers everything with this body; text or bytes. */
export const answering = (
  body: string | Uint8Array,
  headers: Record<string, string | Array<string>> = {},
  status = 200
) => recordingServer((response) => response.writeHead(status, headers).end(body))

export const json = (value: unknown, status = 200) =>
  answering(JSON.stringify(value), { "content-type": "application/json" }, status)

/** Keeps what it is asked waiting for ever; says when that begins. */
export const silentServer = Effect.gen(function*() {
  let tell = () => {}
  const arrived = new Promise<void>((resolve) => (tell = resolve))
  const server = yield* httpServer(() => tell())
  return { ...server, arrived: () => arrived }
})

export const mebi = 2 ** 20

/** Writes an answer of `total` bytes, no faster than it is taken, and counts. */
export const bigAnswer = (total: number) =>
  Effect.gen(function*() {
    const piece = Buffer.alloc(64 * 1024, "x")
    let sent = 0
    const server = yield* httpServer((_request, response) => {
      const pump = () => {
        while (sent < total && !response.destroyed) {
          sent += piece.length
          if (!response.write(piece)) return response.once("drain", pump)
        }
        return response.end()
      }
      pump()
    })
    return { ...server, sent: () => sent }
  })

const tcpServer = (options: net.ServerOpts, onSocket: (socket: net.Socket) => void) =>
  scopedServer(() =>
    rawServer(undefined, (accept) =>
      net.createServer(options, (socket) => {
        onSocket(socket)
        accept(socket)
      }))
  ).pipe(Effect.map((server) => ({ ...server, url: `http://127.0.0.1:${server.port}/` })))

/** A server of bytes for requests without a body: `script` is called at the end of each request's head. */
export const scripted = (script: (socket: net.Socket, nth: number) => void) => {
  let requests = 0
  return tcpServer({}, (socket) => {
    let rest = ""
    socket.on("data", (piece) => {
      const heads = (rest + piece.toString("latin1")).split("\r\n\r\n")
      rest = heads.pop()!
      for (const _ of heads) script(socket, requests++)
    })
  })
}

/** Sends these bytes, latin1, to the first request, to the second, and so on. */
export const wire = (...answers: ReadonlyArray<string>) =>
  scripted((socket, nth) => socket.write(answers[nth] ?? "", "latin1"))

/** Accepts connections and never reads from them. */
export const deafServer = tcpServer({ pauseOnConnect: true }, () => {})

/** A port on which nobody listens. */
export const freePort = Effect.promise(() =>
  new Promise<number>((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
)

/**
 * Waits until a count grows no more, or is `enough`. No event tells that nothing happens: it has to stay the same over 50
 * timers.
 */
export const atRest = (count: () => number, enough: number) =>
  Effect.promise(async () => {
    for (let still = 0, last = count(); still < 50 && last < enough; last = count()) {
      await pause(1)
      still = count() === last ? still + 1 : 0
    }
  })
