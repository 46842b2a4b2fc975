// An HTTP/1.1 server that costs as little as one can: it finds where a request ends and writes an answer that was prepared.
import type { Socket } from "node:net"
import * as net from "node:net"
import type { Workload } from "./workloads.js"

export interface Counts {
  readonly requests: number
  /** Sockets that brought a request. */
  readonly connections: number
}

const prepare = ({ answer: { body, type } }: Workload): Buffer =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `date: ${new Date().toUTCString()}\r\nconnection: keep-alive\r\n\r\n${body}`
  )

const notFound = Buffer.from("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")

const contentLength = (head: string): number => {
  if (head.startsWith("GET ")) return 0
  const [, digits] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  if (digits === undefined) throw new Error("a request with a body says how long it is")
  return Number(digits)
}

const pathOf = (head: string): string => {
  const from = head.indexOf(" ") + 1
  return head.slice(from, head.indexOf(" ", from))
}

export class RawServer {
  readonly #answers: ReadonlyMap<string, Buffer>
  readonly #net = net.createServer({ noDelay: true }, (socket) => this.#serve(socket))
  readonly #sockets = new Set<Socket>()
  /** Grows with each `take`; a socket that brought a request since then has this number. */
  #turn = 0
  #requests = 0
  #connections = 0

  constructor(workloads: ReadonlyArray<Workload>) {
    this.#answers = new Map(workloads.map((workload) => [workload.path, prepare(workload)]))
  }

  /** Listens on a free port of loopback. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#net.once("error", reject)
      this.#net.listen(0, "127.0.0.1", 4_096, () => resolve((this.#net.address() as net.AddressInfo).port))
    })
  }

  /** What came since it was asked last. */
  take(): Counts {
    const counts = { requests: this.#requests, connections: this.#connections }
    this.#turn += 1
    this.#requests = 0
    this.#connections = 0
    return counts
  }

  close(): void {
    this.#net.close()
    this.#sockets.forEach((socket) => socket.destroy())
  }

  #serve(socket: Socket): void {
    let pending = ""
    let turn = -1
    const answerFirst = (): boolean => {
      const headEnd = pending.indexOf("\r\n\r\n")
      if (headEnd === -1) return false
      const head = pending.slice(0, headEnd)
      const end = headEnd + 4 + contentLength(head)
      if (pending.length < end) return false
      pending = pending.slice(end)
      this.#requests += 1
      if (turn !== this.#turn) this.#connections += 1
      turn = this.#turn
      socket.write(this.#answers.get(pathOf(head)) ?? notFound)
      return pending !== ""
    }
    this.#sockets.add(socket)
    socket.on("close", () => this.#sockets.delete(socket))
    socket.on("error", () => {}) // it closes
    socket.on("data", (piece) => {
      pending += piece.toString("latin1") // a character a byte
      while (answerFirst());
    })
  }
}
