// What no client can pass: bare sockets, the request's bytes prepared, no parser. It trusts the server to be ours.
import * as net from "node:net"
import { BrokenRun } from "../brokenRun.js"
import type { Open, Setup } from "../contender.js"
import { callbacks } from "../drivers.js"
import type { Workload } from "../workloads.js"
import { check, readPieces } from "../workloads.js"

type Done = (error?: unknown) => void

const requestBytes = (origin: string, { body = "", headers, method, path }: Workload): Buffer => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")
  const length = body === "" ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${new URL(origin).host}\r\n${lines}${length}\r\n${body}`)
}

const contentLength = (head: string): number => {
  const [, digits] = /\r\ncontent-length: (\d+)/.exec(head) ?? []
  if (digits === undefined || !head.startsWith("HTTP/1.1 200 ")) throw new BrokenRun(`not a good answer: ${head}`)
  return Number(digits)
}

/** A socket that sends the request and counts the bytes of its answer. */
class Line {
  readonly #socket: net.Socket
  #pieces: Array<Buffer> = []
  #left = 0
  #done: Done = () => {}

  constructor({ origin, workload }: Setup, released: (line: Line) => void) {
    this.#socket = net.connect({ host: "127.0.0.1", port: Number(new URL(origin).port), noDelay: true })
    this.#socket.on("error", (error) => this.#done(error))
    this.#socket.on("close", () => this.#done(new BrokenRun("the server closed")))
    this.#socket.on("data", (piece) => {
      try {
        this.#read(piece)
        if (this.#left > 0) return
        check(workload, readPieces(workload, this.#pieces))
      } catch (error) {
        return this.#done(error)
      }
      const done = this.#done
      this.#pieces = []
      released(this)
      done()
    })
  }

  send(bytes: Buffer, done: Done): void {
    this.#done = done
    this.#socket.write(bytes)
  }

  destroy(): void {
    this.#done = () => {}
    this.#socket.destroy()
  }

  #read(piece: Buffer): void {
    if (this.#pieces.length > 0) {
      this.#pieces.push(piece)
      this.#left -= piece.length
      return
    }
    const headEnd = piece.indexOf("\r\n\r\n") // our server writes a head in one piece
    const body = piece.subarray(headEnd + 4)
    this.#pieces.push(body)
    this.#left = contentLength(piece.toString("latin1", 0, headEnd)) - body.length
  }
}

export const floor: Open = async (setup) => {
  const bytes = requestBytes(setup.origin, setup.workload)
  const waiting: Array<Done> = []
  const idle: Array<Line> = []
  const released = (line: Line): void => {
    const next = waiting.shift()
    if (next === undefined) idle.push(line)
    else line.send(bytes, next)
  }
  const lines = Array.from({ length: setup.connections }, () => new Line(setup, released))
  idle.push(...lines)
  return {
    play: callbacks((done) => {
      const line = idle.pop()
      if (line === undefined) waiting.push(done)
      else line.send(bytes, done)
    }),
    close: async () => lines.forEach((line) => line.destroy())
  }
}
