// The process of the embedded servers: JSON-RPC over HTTP and HTTPS on loopback. It ends when the demo does.
import { once } from "node:events"
import * as http from "node:http"
import * as https from "node:https"
import type { AddressInfo, Socket } from "node:net"
import * as selfsigned from "selfsigned"
import type { BothCounts, FromServer, ServerCounts, ToServer } from "./serverMessages.js"

const address = "127.0.0.1"

/** Longer than any run of the demo: that the pool closes what is not needed is none of the server's business. */
const options = { keepAliveTimeout: 10 * 60_000, noDelay: true }

const tell = (message: FromServer): void => void process.send?.(message)

const result = (method: unknown): unknown => {
  switch (method) {
    case "demo_sleep":
      return { result: null }
    case "eth_blockNumber":
      return { result: "0x14c9a2e" }
    default:
      return { error: { code: -32601, message: "Method not found" } }
  }
}

interface Answer {
  readonly value: unknown
  /** Milliseconds. */
  readonly after: number
}

/** `demo_sleep` is answered when so many milliseconds have passed, all others at once. */
const delayOf = (method: unknown, params: unknown): number =>
  method === "demo_sleep" && Array.isArray(params) ? Math.min(10_000, Number(params[0]) || 0) : 0

const answerTo = (text: string): Answer => {
  try {
    const { id, method, params } = JSON.parse(text)
    return { value: { jsonrpc: "2.0", id, ...Object(result(method)) }, after: delayOf(method, params) }
  } catch {
    return { value: { jsonrpc: "2.0", id: null, error: { code: -32700, message: "Parse error" } }, after: 0 }
  }
}

const reply = (response: http.ServerResponse, value: unknown): void => {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length })
  response.end(body)
}

/** Counts what a server does, from its first socket on. */
class Tally {
  readonly sockets = new Set<Socket>()
  accepted = 0
  answered = 0

  constructor(server: http.Server | https.Server, onClose: () => void) {
    server.on("connection", (socket: Socket) => {
      this.accepted += 1
      this.sockets.add(socket)
      socket.on("error", () => {}) // it closes
      socket.once("close", () => {
        this.sockets.delete(socket)
        onClose()
      })
    })
    server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
      const pieces: Array<Buffer> = []
      request.on("data", (piece: Buffer) => pieces.push(piece))
      request.on("end", () => {
        const { after, value } = answerTo(Buffer.concat(pieces).toString())
        if (after === 0) reply(response, value)
        else setTimeout(reply, after, response, value).unref()
      })
      response.on("finish", () => this.answered += 1)
    })
  }

  get counts(): ServerCounts {
    return { accepted: this.accepted, open: this.sockets.size, answered: this.answered }
  }
}

const listen = async (server: http.Server | https.Server): Promise<number> => {
  server.listen(0, address)
  await once(server, "listening")
  return (server.address() as AddressInfo).port
}

const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: "connection-pool demo" }], {
  keyType: "ec",
  curve: "P-256",
  algorithm: "sha256",
  extensions: [
    { name: "basicConstraints", cA: false },
    { name: "keyUsage", digitalSignature: true },
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames: [{ type: 7, ip: address }] }
  ]
})

const plain = http.createServer(options)
const secure = https.createServer({ ...options, cert, key })

let waiting: Array<() => void> = []
const onClose = (): void => {
  if (plainTally.sockets.size + secureTally.sockets.size > 0) return
  waiting.forEach((done) => done())
  waiting = []
}
const plainTally = new Tally(plain, onClose)
const secureTally = new Tally(secure, onClose)

const tellCounts = (): void => {
  const counts: BothCounts = { http: plainTally.counts, https: secureTally.counts }
  tell({ type: "counts", counts })
}

process.on("message", ({ within }: ToServer) => {
  const open = plainTally.sockets.size + secureTally.sockets.size
  if (open === 0 || within === 0) return tellCounts()
  const timer = setTimeout(() => {
    waiting = waiting.filter((other) => other !== done)
    tellCounts()
  }, within)
  const done = (): void => {
    clearTimeout(timer)
    tellCounts()
  }
  waiting.push(done)
})

// The demo has ended, or let us go.
process.once("disconnect", () => {
  plain.close()
  secure.close()
  for (const { sockets } of [plainTally, secureTally]) sockets.forEach((socket) => socket.destroy())
})

tell({ type: "ready", httpPort: await listen(plain), httpsPort: await listen(secure), ca: cert })
