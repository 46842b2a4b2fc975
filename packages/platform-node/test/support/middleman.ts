import { Effect } from "effect"
import * as net from "node:net"
import { scopedServer } from "./rawServer.js"
import { rawServer } from "./rawServer.js"

/** What passes between one client and the server, and what can be done to it. */
export interface Passage {
  /** What the server sends goes through this; nothing is passed on where it answers nothing. */
  onServerBytes: (bytes: Buffer) => Buffer | undefined
  onClientBytes: (bytes: Buffer) => Buffer | undefined
  /** Something that the server did not send. */
  sayToClient(bytes: Buffer): void
}

/** A TCP proxy in front of a server on loopback, who may change what passes, or make it up. */
export const middleman = (serverPort: number, onPassage: (passage: Passage) => void) =>
  Effect.map(
    scopedServer(() =>
      rawServer(undefined, (onSocket) =>
        net.createServer((client) => {
          const server = net.connect(serverPort, "127.0.0.1")
          const passage: Passage = {
            onServerBytes: (bytes) => bytes,
            onClientBytes: (bytes) => bytes,
            sayToClient: (bytes) => void client.write(bytes)
          }
          onPassage(passage)
          const pass = (from: net.Socket, to: net.Socket, through: "onServerBytes" | "onClientBytes") => {
            from.on("error", () => {})
            from.on("data", (bytes) => {
              const passed = passage[through](bytes)
              if (passed !== undefined) to.write(passed)
            })
            from.once("close", () => to.destroy())
          }
          pass(client, server, "onClientBytes")
          pass(server, client, "onServerBytes")
          onSocket(client)
        }))
    ),
    ({ connections, port }) => ({ connections, port })
  )

/** The same bytes, one of them another: no TLS record survives it. */
export const damaged = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes)
  copy[copy.length - 1]! ^= 0xff
  return copy
}
