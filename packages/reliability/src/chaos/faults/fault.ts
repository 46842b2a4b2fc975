// What a server can do with a request, and what may come of it.
import type { PoolError } from "@connection-pool/core/PoolError"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { Random } from "../../simulation/random.js"

export type Tag = PoolError["_tag"]

/** One request at a server. */
export interface Scene {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
  readonly random: Random
  /** The body of the right answer. */
  readonly body: Buffer
  /** Its first four bytes, as text. */
  readonly some: string
  /** How often the request was seen, this time included. */
  readonly seen: number
  /** Status line and headers of the right answer, with other lines added. */
  readonly head: (...lines: ReadonlyArray<string>) => string
  /** Gives the right answer. */
  readonly answer: () => void
  /** Does something later, unless the connection has gone meanwhile. */
  readonly after: (milliseconds: number, act: () => void) => void
}

export interface Fault {
  readonly name: string
  /** Errors that the caller may get for it; nothing else. */
  readonly allows: ReadonlyArray<Tag>
  /** Acts at the headers already, before the upload has come. */
  readonly early?: boolean
  /** From here on nothing comes: the caller must have a timeout. */
  readonly stalls?: boolean
  readonly act: (scene: Scene) => void
}

/** Below TLS: what TLS knows of, it can only close. */
const below = new WeakMap<Socket, Socket>()

export const isBelow = (socket: Socket, secure: Socket): void => void below.set(secure, socket)

export const reset = (socket: Socket): void => void (below.get(socket) ?? socket).resetAndDestroy()

/** The ways to end a connection. */
export const endings: ReadonlyArray<(socket: Socket) => void> = [
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  reset
]

/** Milliseconds after which a server gives up a connection that it has done with, if the client has not. */
export const giveUp = 5_000
