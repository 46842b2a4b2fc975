import { Effect } from "effect"
import * as net from "node:net"
import { Worker } from "node:worker_threads"

const deaf = `
const { parentPort, workerData } = require("node:worker_threads")
const net = require("node:net")
const server = net.createServer((socket) => {
  socket.on("error", () => {})
  socket.on("data", () => socket.end("HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: 2\\r\\n\\r\\nok"))
})
server.listen({ port: workerData.port, host: workerData.host, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  // Nobody accepts until the test says so: what is not in the backlog gets no answer at all.
  Atomics.wait(new Int32Array(workerData.ear), 0, 0)
})
`

const open = async (wantedPort: number, host: string) => {
  const ear = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(deaf, { eval: true, workerData: { ear: ear.buffer, host, port: wantedPort } })
  const port = await new Promise<number>((resolve) => worker.once("message", resolve))
  // One more than its backlog.
  const fillers = [0, 1].map(() => net.connect(port, host).on("error", () => {}))
  await Promise.all(fillers.map((socket) => new Promise((resolve) => socket.once("connect", resolve))))
  const listens = () => {
    for (const socket of fillers) socket.destroy()
    Atomics.store(ear, 0, 1)
    Atomics.notify(ear, 0)
  }
  return { listens, port, worker }
}

/** A port of loopback that does not answer to TCP, as behind a firewall that drops what comes, until it `listens`. */
export const deafServer = (port = 0, host = "127.0.0.1") =>
  Effect.acquireRelease(Effect.promise(() => open(port, host)), ({ listens, worker }) =>
    Effect.promise(() => {
      listens()
      return worker.terminate()
    }))
