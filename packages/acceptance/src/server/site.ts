// A server of one measurement: it answers with what it saw, and counts.
import { once } from "node:events"
import * as http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { performance } from "node:perf_hooks"
import type { Answer, SiteReport, SocketReport } from "./messages.js"

/** Longer than any run: that the pool closes what is not needed is none of the server's business. */
const keepAliveTimeout = 10 * 60_000

interface Counted extends SocketReport {
  requests: number
  lastAnswerAt: number | undefined
  closedAt: number | undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export class Site {
  readonly #sockets = new Map<Socket, Counted>()
  readonly #server = http.createServer({ keepAliveTimeout, noDelay: true }, (request, response) => {
    this.#serve(request, response)
  })
  #held: Array<() => void> = []
  #watchers: Array<() => void> = []
  #open = 0
  #mostOpen = 0
  #answered = 0

  constructor() {
    this.#server.on("connection", (socket: Socket) => {
      const counted: Counted = {
        number: this.#sockets.size + 1,
        requests: 0,
        lastAnswerAt: undefined,
        closedAt: undefined
      }
      const closed = (): void => {
        counted.closedAt ??= performance.now()
      }
      this.#sockets.set(socket, counted)
      this.#mostOpen = Math.max(this.#mostOpen, ++this.#open)
      socket.on("error", () => {}) // it closes
      socket.once("end", closed)
      socket.once("close", () => {
        closed()
        this.#open--
        for (const watch of [...this.#watchers]) watch()
      })
    })
  }

  async listen(): Promise<void> {
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 })
    await once(this.#server, "listening")
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get report(): SiteReport {
    return {
      port: this.port,
      accepted: this.#sockets.size,
      open: this.#open,
      mostOpen: this.#mostOpen,
      answered: this.#answered,
      sockets: [...this.#sockets.values()]
    }
  }

  /** Resolves when no more than so many sockets are open, or after `within` milliseconds. */
  settled(open: number, within: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#watchers = this.#watchers.filter((other) => other !== watch)
        resolve()
      }
      const watch = (): void => {
        if (this.#open <= open) done()
      }
      const timer = setTimeout(done, within)
      this.#watchers.push(watch)
      watch()
    })
  }

  /** `?delay=` milliseconds; `?hold=` until so many requests are held; `?bytes=` of padding in the answer. */
  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { searchParams } = new URL(request.url ?? "/", "http://site/")
    const number = (name: string): number => Number(searchParams.get(name) ?? 0)
    const counted = this.#sockets.get(request.socket)!
    const pieces: Array<Buffer> = []
    const headersAt = performance.now()
    let bodyTime = 0
    request.on("error", () => {})
    response.on("error", () => {})
    response.on("finish", () => {
      counted.lastAnswerAt = performance.now()
      this.#answered++
    })
    request.on("data", (piece: Buffer) => pieces.push(piece))
    const answer = (): void => {
      counted.requests++
      const body: Answer = {
        socket: counted.number,
        connection: request.headers.connection ?? null,
        bodyTime,
        echo: parsed(Buffer.concat(pieces).toString()),
        padding: "x".repeat(number("bytes"))
      }
      const bytes = Buffer.from(JSON.stringify(body))
      response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length }).end(bytes)
    }
    request.on("end", () => {
      bodyTime = performance.now() - headersAt
      const hold = number("hold")
      const delay = number("delay")
      if (hold > 0) this.#hold(hold, answer)
      else if (delay > 0) setTimeout(answer, delay)
      else answer()
    })
  }

  #hold(many: number, answer: () => void): void {
    this.#held.push(answer)
    if (this.#held.length < many) return
    const held = this.#held
    this.#held = []
    for (const release of held) release()
  }
}
