// What is asked, what the server answers, and how an answer is known to be right.
import { BrokenRun } from "./brokenRun.js"

/** What the caller wants of a body, which is always read to its end. */
export type Reads = "json" | "text" | "bytes"

export interface Workload {
  readonly name: string
  readonly title: string
  readonly method: "GET" | "POST"
  readonly path: string
  /** Sent by every contender; most add some of their own, as they do for their users. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly answer: { readonly type: string; readonly body: string }
  readonly reads: Reads
  /** Whether this is what the server answered, read as the workload says. */
  readonly isRight: (value: unknown) => boolean
}

const call = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "eth_blockNumber", params: [] })

const result = (bytes: number): string => {
  const around = JSON.stringify({ jsonrpc: "2.0", id: 7, result: "" })
  return JSON.stringify({ jsonrpc: "2.0", id: 7, result: `0x${"4c9a2e51".repeat(99)}`.slice(0, bytes - around.length) })
}

const letters = (bytes: number): string =>
  "abcdefghijklmnopqrstuvwxyz012345".repeat(Math.ceil(bytes / 32)).slice(0, bytes)

const rpcAnswer = result(250)
const rpcResult = JSON.parse(rpcAnswer).result
const rpc: Workload = {
  name: "rpc",
  title: "JSON-RPC: POST of 63 bytes, 250 bytes of JSON back, parsed",
  method: "POST",
  path: "/rpc",
  headers: { accept: "application/json", "content-type": "application/json" },
  body: call,
  answer: { type: "application/json", body: rpcAnswer },
  reads: "json",
  isRight: (value) => {
    const { id, result } = Object(value)
    return id === 7 && result === rpcResult
  }
}

const text250 = letters(250)
const get: Workload = {
  name: "get",
  title: "GET of 250 bytes, read as text",
  method: "GET",
  path: "/250",
  headers: { accept: "text/plain" },
  body: undefined,
  answer: { type: "text/plain", body: text250 },
  reads: "text",
  isRight: (value) => value === text250
}

const text64k = letters(65_536)
const get64k: Workload = {
  name: "get64k",
  title: "GET of 64 KiB, read as bytes",
  method: "GET",
  path: "/64k",
  headers: { accept: "application/octet-stream" },
  body: undefined,
  answer: { type: "application/octet-stream", body: text64k },
  reads: "bytes",
  // The first and the last byte stand for all: to compare 64 KiB would be measured too.
  isRight: (value) =>
    value instanceof Uint8Array && value.length === text64k.length && value[0] === text64k.charCodeAt(0) &&
    value[value.length - 1] === text64k.charCodeAt(text64k.length - 1)
}

export const workloads: ReadonlyArray<Workload> = [rpc, get, get64k]

/** What every contender does with each value it got. */
export const check = (workload: Workload, value: unknown): void => {
  if (workload.isRight(value)) return
  const shown = value instanceof Uint8Array
    ? `${value.length} bytes`
    : (JSON.stringify(value) ?? "nothing").slice(0, 300)
  throw new BrokenRun(`wrong answer to ${workload.name}: ${shown}`)
}

/** For clients that hand over pieces: puts them together and reads them as the workload says. */
export const readPieces = ({ reads }: Workload, pieces: ReadonlyArray<Buffer>): unknown => {
  const whole = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
  switch (reads) {
    case "json":
      return JSON.parse(whole.toString())
    case "text":
      return whole.toString()
    case "bytes":
      return whole
  }
}
