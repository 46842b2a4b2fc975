import { Effect } from "effect"
import * as http from "node:http"
import * as https from "node:https"
import type * as net from "node:net"

/** What a server counts by itself, to be held against what the pool says. */
export interface CountingServer {
  readonly url: string
  readonly server: http.Server
  readonly accepted: () => number
  readonly open: () => number
  readonly mostOpen: () => number
  /** Resolves when no connection is open. */
  readonly allClosed: () => Promise<void>
}

/** A server of Node's on a free loopback port, closed with the scope. */
export const httpServer = (
  handler: http.RequestListener,
  tls?: https.ServerOptions
) =>
  Effect.acquireRelease(
    Effect.promise<CountingServer>(async () => {
      const server = tls === undefined ? http.createServer(handler) : https.createServer(tls, handler)
      let accepted = 0
      let mostOpen = 0
      const sockets = new Set<net.Socket>()
      let idle: Array<() => void> = []
      server.on(tls === undefined ? "connection" : "secureConnection", (socket: net.Socket) => {
        accepted++
        sockets.add(socket)
        mostOpen = Math.max(mostOpen, sockets.size)
        socket.on("error", () => {})
        socket.once("close", () => {
          sockets.delete(socket)
          if (sockets.size > 0) return
          for (const resolve of idle) resolve()
          idle = []
        })
      })
      server.keepAliveTimeout = 60_000 // a busy machine makes no connection too old
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      return {
        url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/`,
        server,
        accepted: () => accepted,
        open: () => sockets.size,
        mostOpen: () => mostOpen,
        allClosed: () => sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))
      }
    }),
    ({ server }) =>
      Effect.promise(() => {
        server.closeAllConnections()
        return new Promise<void>((resolve) => server.close(() => resolve()))
      })
  )

export const readBody = async (request: http.IncomingMessage): Promise<string> => {
  let body = ""
  for await (const piece of request) body += String(piece)
  return body
}
