// What is asked, and what the server answers.
import type { Workload } from "./workload.js"

const letters = (bytes: number): string =>
  "abcdefghijklmnopqrstuvwxyz012345".repeat(Math.ceil(bytes / 32)).slice(0, bytes)

const result = (bytes: number): string => {
  const around = JSON.stringify({ jsonrpc: "2.0", id: 7, result: "" })
  return JSON.stringify({ jsonrpc: "2.0", id: 7, result: `0x${"4c9a2e51".repeat(99)}`.slice(0, bytes - around.length) })
}

const rpcAnswer = result(250)
const rpcResult = JSON.parse(rpcAnswer).result
const rpc: Workload = {
  name: "rpc",
  title: "JSON-RPC: POST of 63 bytes, 250 bytes of JSON back, parsed",
  site: "http",
  method: "POST",
  path: "/rpc",
  headers: { accept: "application/json", "content-type": "application/json" },
  body: JSON.stringify({ jsonrpc: "2.0", id: 7, method: "eth_blockNumber", params: [] }),
  upload: 0,
  answer: { type: "application/json", text: rpcAnswer, times: 1 },
  reads: "json",
  callers: [50, 200, 1, 1_000],
  connections: 50,
  origins: 1,
  givesUp: false,
  cold: false,
  everybody: true,
  isRight: (value) => {
    const { id, result } = Object(value)
    return id === 7 && result === rpcResult
  }
}

const text250 = letters(250)
const get: Workload = {
  ...rpc,
  name: "get",
  title: "GET of 250 bytes, read as text",
  method: "GET",
  path: "/250",
  headers: { accept: "text/plain" },
  body: undefined,
  callers: [50, 200],
  answer: { type: "text/plain", text: text250, times: 1 },
  reads: "text",
  isRight: (value) => value === text250
}

/** What the others are made of. */
const special: Workload = { ...rpc, callers: [50], everybody: false }

const text64k = letters(65_536)
const get64k: Workload = {
  ...get,
  name: "get64k",
  callers: [50],
  everybody: false,
  title: "GET of 64 KiB, read as bytes",
  path: "/64k",
  headers: { accept: "application/octet-stream" },
  answer: { type: "application/octet-stream", text: text64k, times: 1 },
  reads: "bytes",
  // The first and the last byte stand for all: to compare 64 KiB would be measured too.
  isRight: (value) =>
    value instanceof Uint8Array && value.length === text64k.length && value[0] === text64k.charCodeAt(0) &&
    value[value.length - 1] === text64k.charCodeAt(text64k.length - 1)
}

const mebibytes64 = 64 * 1_048_576

const down64m: Workload = {
  ...get64k,
  name: "down64m",
  title: "GET of 64 MiB, read piece by piece as it comes",
  path: "/64m",
  answer: { ...get64k.answer, times: mebibytes64 / text64k.length },
  reads: "stream",
  callers: [4],
  isRight: (value) => value === mebibytes64
}

const up64m: Workload = {
  ...get,
  name: "up64m",
  title: "POST of 64 MiB in pieces of 64 KiB, 250 bytes back",
  method: "POST",
  path: "/up",
  headers: { accept: "text/plain", "content-type": "application/octet-stream" },
  upload: mebibytes64,
  callers: [4],
  everybody: false
}

const tls: Workload = { ...special, name: "tls", title: "rpc over TLS", site: "https" }

const origins: Workload = { ...special, name: "origins", title: "rpc to 1,000 origins in turn", origins: 1_000 }

const cold: Workload = {
  ...special,
  name: "cold",
  title: "rpc with a new client: 200 calls at once, each on a connection of its own",
  callers: [200],
  connections: 200,
  cold: true
}

const interrupted: Workload = {
  ...special,
  name: "interrupted",
  title: "rpc; every tenth call is never answered, and is given up after a millisecond",
  givesUp: true
}

const nginx: Workload = { ...special, name: "nginx", title: "rpc answered by nginx", site: "nginx" }

const nginxTls: Workload = { ...nginx, name: "nginxTls", title: "rpc answered by nginx over TLS", site: "nginxTls" }

export const workloads: readonly [Workload, ...ReadonlyArray<Workload>] = [
  rpc,
  get,
  get64k,
  down64m,
  up64m,
  tls,
  origins,
  cold,
  interrupted,
  nginx,
  nginxTls
]
