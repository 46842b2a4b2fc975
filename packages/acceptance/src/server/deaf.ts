// A port of loopback that lets nobody in, as behind a firewall that drops what comes: its backlog is full, and its thread stands still.
import { once } from "node:events"
import * as net from "node:net"
import { Worker } from "node:worker_threads"

const listener = `
const { parentPort } = require("node:worker_threads")
const server = require("node:net").createServer()
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
`

/** Ends with the process, and does not keep it. */
export const open = async (): Promise<number> => {
  const worker = new Worker(listener, { eval: true })
  const [port] = (await once(worker, "message")) as [number]
  // One more than its backlog.
  const fillers = [0, 1].map(() => net.connect(port, "127.0.0.1").on("error", () => {}))
  await Promise.all(fillers.map((socket) => once(socket, "connect")))
  for (const thing of [worker, ...fillers]) thing.unref()
  return port
}
