// The process of the server that closes idle connections when they are about to be used again.
import * as http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { answer } from "../processes/answer.js"
import { Random } from "../simulation/random.js"
import type { FromServer, ToServer } from "./messages.js"
import { idHeader } from "./messages.js"

/** Milliseconds, at most. */
const longestIdle = 5
const longestWork = 2

/** Ways to close: what has arrived and was not read makes a reset of the second. */
const closings: ReadonlyArray<(socket: Socket) => void> = [
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy()
]

await answer<ToServer, FromServer>(async () => {
  const random = new Random(Number(process.argv[2]))
  const after = (most: number, act: () => void): void => {
    const delay = random.below(most + 1)
    if (delay === 0) setImmediate(act)
    else setTimeout(act, delay)
  }
  const counts = new Map<string, number>()
  const working = new WeakSet<Socket>()
  let closedIdle = 0
  let closedAtWork = 0

  const close = (socket: Socket): void => {
    if (socket.destroyed || socket.writableEnded) return
    if (working.has(socket)) closedAtWork++
    else closedIdle++
    random.pick(closings)(socket)
  }

  const server = http.createServer({ keepAliveTimeout: 0, noDelay: true }, (request, response) => {
    const { socket } = request
    const id = String(request.headers[idHeader])
    counts.set(id, (counts.get(id) ?? 0) + 1)
    working.add(socket)
    request.resume().once("end", () =>
      after(longestWork, () => {
        if (socket.destroyed || socket.writableEnded) return
        working.delete(socket)
        response.setHeader(idHeader, id)
        // A body tells whose it is; an answer to HEAD has none.
        response.end(id)
        // Counted from the answer on, whatever comes meanwhile: a connection that has answered nothing is never closed.
        after(longestIdle, () => close(socket))
      }))
    request.on("error", () => {})
    response.on("error", () => {})
  })
  server.on("connection", (socket) => socket.on("error", () => {}))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return () => ({ port, counts, closedIdle, closedAtWork })
})
