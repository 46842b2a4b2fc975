// What no client can pass: bare sockets, the request's bytes prepared, no parser. It trusts the server to be ours.
import * as Effect from "effect/Effect"
import * as net from "node:net"
import * as tls from "node:tls"
import { BrokenRun } from "../brokenRun.js"
import type { Open, Setup } from "../contender.js"
import { callbacks, effects } from "../drivers.js"
import type { Workload } from "../workload.js"
import { Sink, uploadPieces } from "../workload.js"

type Done = (error?: unknown) => void

const requestBytes = (origin: string, { body = "", headers, method, path, upload }: Workload): Buffer => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")
  const bytes = upload > 0 ? upload : Buffer.byteLength(body)
  const length = bytes === 0 ? "" : `content-length: ${bytes}\r\n`
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${new URL(origin).host}\r\n${lines}${length}\r\n${body}`)
}

const contentLength = (head: string): number => {
  const [, digits] = /\r\ncontent-length: (\d+)/.exec(head) ?? []
  if (digits === undefined || !head.startsWith("HTTP/1.1 200 ")) throw new BrokenRun(`not a good answer: ${head}`)
  return Number(digits)
}

const connect = ({ ca, origins: [origin = ""] }: Setup): net.Socket => {
  const to = { host: "127.0.0.1", port: Number(new URL(origin).port) }
  return ca === undefined ? net.connect({ ...to, noDelay: true }) : tls.connect({ ...to, ca }).setNoDelay(true)
}

/** A socket that sends the request and counts the bytes of its answer. */
class Line {
  readonly #socket: net.Socket
  readonly #workload: Workload
  #sink: Sink | undefined
  #left = 0
  #done: Done = () => {}

  constructor(setup: Setup, released: (line: Line) => void) {
    this.#workload = setup.workload
    this.#socket = connect(setup)
    this.#socket.on("error", (error) => this.#done(error))
    this.#socket.on("close", () => this.#done(new BrokenRun("the server closed")))
    this.#socket.on("data", (piece: Buffer) => {
      try {
        this.#read(piece)
        if (this.#left > 0) return
        this.#sink?.check()
      } catch (error) {
        return this.#done(error)
      }
      const done = this.#done
      this.#sink = undefined
      released(this)
      done()
    })
  }

  send(bytes: Buffer, done: Done): void {
    this.#done = done
    this.#socket.write(bytes)
    if (this.#workload.upload > 0) this.#upload(uploadPieces(this.#workload))
  }

  destroy(): void {
    this.#done = () => {}
    this.#socket.destroy()
  }

  #upload(pieces: Generator<Buffer, void>): void {
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      if (!this.#socket.write(next.value)) return void this.#socket.once("drain", () => this.#upload(pieces))
    }
  }

  #read(piece: Buffer): void {
    if (this.#sink === undefined) {
      const headEnd = piece.indexOf("\r\n\r\n") // our server writes a head in one piece
      this.#left = contentLength(piece.toString("latin1", 0, headEnd))
      this.#sink = new Sink(this.#workload)
      return this.#take(piece.subarray(headEnd + 4))
    }
    this.#take(piece)
  }

  #take(piece: Buffer): void {
    this.#sink?.take(piece)
    this.#left -= piece.length
  }
}

/** Sends the workload's request on one of as many sockets as there may be connections. */
const sockets = (setup: Setup) => {
  const [origin = ""] = setup.origins
  const bytes = requestBytes(origin, setup.workload)
  const waiting: Array<Done> = []
  const idle: Array<Line> = []
  const released = (line: Line): void => {
    const next = waiting.shift()
    if (next === undefined) idle.push(line)
    else line.send(bytes, next)
  }
  const lines = Array.from({ length: setup.connections }, () => new Line(setup, released))
  idle.push(...lines)
  const send = (done: Done): void => {
    const line = idle.pop()
    if (line === undefined) waiting.push(done)
    else line.send(bytes, done)
  }
  return { send, close: async () => lines.forEach((line) => line.destroy()) }
}

const neverAsked = () => new BrokenRun("there is nothing to give up")

export const floor: Open = async (setup) => {
  const { close, send } = sockets(setup)
  return { play: callbacks(setup.workload, send, (done) => done(neverAsked())), close }
}

/** The least that a client costs whose answers are Effects: no interruption is heard of, and nothing is checked but the answer. */
export const floorEffect: Open = async (setup) => {
  const { close, send } = sockets(setup)
  const call = Effect.async<void, unknown>((resume) =>
    send((error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
  )
  const giveUp = Effect.suspend(() => Effect.fail(neverAsked()))
  return { play: effects(setup.workload, call, giveUp, Effect.withTracerEnabled(true)), close }
}
