import * as net from "node:net"
import { Worker } from "node:worker_threads"

/** Runs beside a blocked event loop: answers with what it was asked; on a message it does something to the last that sent a request. */
const server = `
const { parentPort, workerData } = require("node:worker_threads")
const net = require("node:net")
const done = new Int32Array(workerData)
const tell = () => {
  Atomics.store(done, 0, 1)
  Atomics.notify(done, 0)
}
const answer = (text) => "HTTP/1.1 200 OK\\r\\nContent-Length: " + text.length + "\\r\\n\\r\\n" + text
let newest
net.createServer((socket) => {
  socket.on("error", () => {})
  socket.on("data", (chunk) => {
    if (/^(GET|POST) /.test(chunk.toString())) newest = socket
    socket.write(answer("answer to " + chunk.toString().split(" ")[1]))
  })
}).listen(0, "127.0.0.1", function() {
  parentPort.postMessage(this.address().port)
})
parentPort.on("message", (what) => {
  if (what === "end") newest.end(tell)
  else if (what === "bytes") newest.write("HTTP/1.1 408 Request Timeout\\r\\nContent-Length: 0\\r\\n\\r\\n", tell)
  else if (what === "answer") newest.write(answer("for somebody else"), tell)
  else if (what === "reset") {
    newest.once("close", tell)
    newest.resetAndDestroy()
  } else tell()
})
`

/** `bytes` are a 408. */
export type Deed = "end" | "bytes" | "answer" | "reset" | "nothing"

/** A server in a thread of its own. */
export interface ThreadServer {
  readonly port: number
  /** Blocks this thread until the server has done it. */
  readonly meanwhile: (what: Deed) => void
  readonly stop: () => Promise<unknown>
}

export const startThreadServer = async (): Promise<ThreadServer> => {
  const done = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(server, { eval: true, workerData: done.buffer })
  const port = await new Promise<number>((resolve) => worker.once("message", resolve))
  return {
    port,
    meanwhile: (what) => {
      Atomics.store(done, 0, 0)
      worker.postMessage(what)
      if (Atomics.wait(done, 0, 0, 10_000) === "timed-out") throw new Error(`the server did not ${what}`)
    },
    stop: () => worker.terminate()
  }
}

/** Runs it while the loop polls, where the next immediate comes before the next poll: the hardest moment. */
export const insidePoll = <A>({ port }: ThreadServer, run: () => Promise<A>): Promise<A> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write("x"))
    socket.once("data", () => {
      const result = run()
      socket.destroy()
      resolve(result)
    })
  })
