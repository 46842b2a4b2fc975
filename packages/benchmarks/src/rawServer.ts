// An HTTP/1.1 server that costs as little as one can: it finds where a request ends and writes an answer that was prepared.
import type { Socket } from "node:net"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Workload } from "./workload.js"
import { neverPath } from "./workload.js"

export interface Counts {
  /** That were answered. */
  readonly requests: number
  /** Sockets that brought one of them. */
  readonly connections: number
}

export interface Certificate {
  readonly cert: string
  readonly key: string
}

interface Answer {
  /** The head and the first piece. */
  readonly first: Buffer
  readonly piece: Buffer
  readonly times: number
}

const prepare = ({ answer: { text, times, type } }: Workload): Answer => ({
  first: Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(text) * times}\r\n` +
      `date: ${new Date().toUTCString()}\r\nconnection: keep-alive\r\n\r\n${text}`
  ),
  piece: Buffer.from(text),
  times
})

const notFound: Answer = {
  first: Buffer.from("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
  piece: Buffer.alloc(0),
  times: 1
}

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

/** Who does not ask for them has none that grow. */
const mostIdleEnds = 10_000

/** What is behind the head and its first piece, as fast as the reader takes it. */
const writeRest = (socket: Socket, { piece, times }: Answer): void => {
  let left = times - 1
  const write = (): void => {
    while (left-- > 0) if (!socket.write(piece)) return void socket.once("drain", write)
  }
  write()
}

export class RawServer {
  readonly #answers: ReadonlyMap<string, Answer>
  readonly #listeners: Array<net.Server> = []
  readonly #sockets = new Set<Socket>()
  /** Grows with each `take`; a socket that brought a request since then has this number. */
  #turn = 0
  #requests = 0
  #connections = 0
  /** Those whose requests are held, each with what answers it. */
  readonly #held = new Map<Socket, () => void>()
  #holding = false
  #idleEnds: Array<number> = []

  constructor(workloads: ReadonlyArray<Workload>) {
    this.#answers = new Map(workloads.map((workload) => [workload.path, prepare(workload)]))
  }

  /** Listens on one more free port of loopback, which it resolves with. */
  listen(certificate?: Certificate): Promise<number> {
    const serve = (socket: Socket): void => this.#serve(socket)
    const listener = certificate === undefined
      ? net.createServer({ noDelay: true }, serve)
      : tls.createServer({ ...certificate, noDelay: true }, serve)
    this.#listeners.push(listener)
    return new Promise((resolve, reject) => {
      listener.once("error", reject)
      listener.listen(0, "127.0.0.1", 4_096, () => resolve((listener.address() as net.AddressInfo).port))
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

  /** From now on requests are held, until they are released. */
  hold(): void {
    this.#holding = true
  }

  /** How many requests are held. */
  get held(): number {
    return this.#held.size
  }

  /** Answers the requests that are held; returns how many. */
  release(): number {
    this.#holding = false
    const answers = [...this.#held.values()]
    this.#held.clear()
    answers.forEach((answer) => answer())
    return answers.length
  }

  /** Milliseconds from the last answer to the end of each connection that ended since it was asked last. */
  takeIdleEnds(): ReadonlyArray<number> {
    const ends = this.#idleEnds
    this.#idleEnds = []
    return ends
  }

  close(): void {
    this.#listeners.forEach((listener) => listener.close())
    this.#sockets.forEach((socket) => socket.destroy())
  }

  #serve(socket: Socket): void {
    let turn = -1
    let beginning = ""
    let path = ""
    let left = 0
    let answeredAt: number | undefined
    const answer = (): void => {
      if (path === neverPath) return
      const found = this.#answers.get(path) ?? notFound
      if (this.#holding) this.#held.set(socket, () => write(found))
      else write(found)
    }
    const write = (answer: Answer): void => {
      this.#requests += 1
      if (turn !== this.#turn) this.#connections += 1
      turn = this.#turn
      answeredAt = performance.now()
      socket.write(answer.first)
      if (answer.times > 1) writeRest(socket, answer)
    }
    this.#sockets.add(socket)
    socket.on("close", () => {
      this.#sockets.delete(socket)
      this.#held.delete(socket)
    })
    socket.on("end", () => {
      if (answeredAt !== undefined && this.#idleEnds.length < mostIdleEnds) {
        this.#idleEnds.push(performance.now() - answeredAt)
      }
    })
    socket.on("error", () => {}) // it closes
    socket.on("data", (piece) => {
      for (let at = 0; at < piece.length;) {
        if (left === 0) {
          const text = beginning + piece.toString("latin1", at) // a character a byte
          const end = text.indexOf("\r\n\r\n")
          if (end === -1) return void (beginning = text)
          at += end + 4 - beginning.length
          beginning = ""
          const head = text.slice(0, end)
          path = pathOf(head)
          left = contentLength(head)
        }
        const skipped = Math.min(left, piece.length - at)
        at += skipped
        left -= skipped
        if (left === 0) answer()
      }
    })
  }
}
