import { Effect } from "effect"
import * as net from "node:net"

/** One accepted connection of a raw server. */
export interface Peer {
  readonly socket: net.Socket
  /** Everything received so far, as latin1. */
  received(): string
  /** Resolves when what was received contains `text`. */
  awaitReceived(text: string): Promise<string>
  /** Resolves when the client's side has ended or the socket is gone. */
  readonly closed: Promise<void>
}

export interface RawServer {
  readonly port: number
  /** The next connection that nobody has asked for yet. */
  accept(): Promise<Peer>
  readonly connections: () => number
  close(): Promise<void>
}

const makePeer = (socket: net.Socket): Peer => {
  let received = ""
  let waiting: Array<{ readonly text: string; readonly resolve: (received: string) => void }> = []
  const check = () => {
    waiting = waiting.filter(({ resolve, text }) => {
      if (!received.includes(text)) return true
      resolve(received)
      return false
    })
  }
  socket.on("error", () => {})
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1")
    check()
  })
  return {
    socket,
    received: () => received,
    awaitReceived: (text) =>
      new Promise((resolve) => {
        waiting.push({ text, resolve })
        check()
      }),
    closed: new Promise((resolve) => {
      socket.once("end", () => resolve())
      socket.once("close", () => resolve())
    })
  }
}

/** A TCP server on a free loopback port whose connections the test scripts. */
export const rawServer = async (
  listen: (server: net.Server, done: () => void) => void = (server, done) => server.listen(0, "127.0.0.1", done),
  create: (onSocket: (socket: net.Socket) => void) => net.Server = (onSocket) =>
    net.createServer({ allowHalfOpen: true }, onSocket)
): Promise<RawServer> => {
  const accepted: Array<Peer> = []
  const acceptors: Array<(peer: Peer) => void> = []
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = create((socket) => {
    connections++
    const peer = makePeer(socket)
    const acceptor = acceptors.shift()
    if (acceptor === undefined) accepted.push(peer)
    else acceptor(peer)
  })
  // Below TLS, and also where the handshake never ends.
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => listen(server, resolve))
  const address = server.address()
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    accept: () =>
      new Promise((resolve) => {
        const peer = accepted.shift()
        if (peer === undefined) acceptors.push(resolve)
        else resolve(peer)
      }),
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      })
  }
}

/** A server that is closed with the scope. */
export const scopedServer = (make: () => Promise<RawServer> = () => rawServer()) =>
  Effect.acquireRelease(Effect.promise(make), (server) => Effect.promise(() => server.close()))
