// Where a server can be reached, and what it does to connections, whatever the requests on them ask for.
import type { Server as HttpServer } from "node:http"
import type { Server as HttpsServer } from "node:https"
import * as net from "node:net"
import type { Random } from "../simulation/random.js"
import type { Tag } from "./faults/fault.js"
import { endings, giveUp } from "./faults/fault.js"

export type OnIdle = (socket: net.Socket, stillIdle: () => boolean) => void

export interface Behind {
  /** Serves the connections; over TLS where the door says so. */
  readonly server: HttpServer | HttpsServer
  readonly random: Random
  /** The door does what it is there for. */
  readonly acts: () => void
  /** Calls `onIdle` with each connection whose request was answered, and with whether it has no other yet. */
  readonly whenIdle: (onIdle: OnIdle) => void
}

export interface Door {
  readonly name: string
  readonly secure?: boolean
  /** Shows a certificate for another name. */
  readonly wrongName?: boolean
  /** Errors that any request may get here. */
  readonly allows: ReadonlyArray<Tag>
  /** Nobody may be answered here. */
  readonly deadEnd?: boolean
  /** It may send an answer when nobody has asked, which the next request cannot tell from its own. */
  readonly talks?: boolean
  /** Some dials never end. */
  readonly stalls?: boolean
  /** It resets connections behind an answer, and with them the end of a long one that is on its way. */
  readonly resets?: boolean
  /** Listens on a free port of loopback, and resolves with it. */
  readonly open: (behind: Behind) => Promise<number>
}

const address = "127.0.0.1"

const listen = (server: net.Server, port = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, address, () => {
      server.off("error", reject)
      resolve((server.address() as net.AddressInfo).port)
    })
  })

const steady = ({ server }: Behind): Promise<number> => listen(server)

/** Milliseconds of rest, at most, before a door does something to an idle connection. */
const longestRest = 20

/** What a server that loses patience with an idle connection sends before it closes. */
const requestTimeout = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

const toIdle = (act: (socket: net.Socket, random: Random) => void) => (behind: Behind): Promise<number> => {
  const { acts, random, whenIdle } = behind
  whenIdle((socket, stillIdle) =>
    setTimeout(() => {
      if (socket.destroyed || socket.writableEnded || !stillIdle()) return
      acts()
      act(socket, random)
    }, random.below(longestRest))
  )
  return steady(behind)
}

const closesIdle = toIdle((socket, random) => random.pick(endings)(socket))

/** Connections pass here before the server behind sees them. */
const inFrontOf = (turnAway: (socket: net.Socket, behind: Behind) => boolean) => (behind: Behind): Promise<number> =>
  listen(net.createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {})
    if (turnAway(socket, behind)) behind.acts()
    else behind.server.emit("connection", socket)
  }))

const closesAtAccept = inFrontOf((socket, { random }) => {
  if (!random.chance(0.3)) return false
  setTimeout(() => random.pick(endings)(socket), random.below(4))
  return true
})

/** In the middle of the handshake, once the client has said the first word. */
const breaksHandshakes = inFrontOf((socket, { random }) => {
  const what = random.fraction()
  if (what > 0.3) return false
  if (what > 0.2) {
    setTimeout(() => socket.destroy(), giveUp) // meanwhile it says nothing
  } else {
    const word = what > 0.1 ? "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n" : ""
    socket.once("data", () => {
      socket.write(word)
      random.pick(endings)(socket)
    })
  }
  return true
})

/** The listener goes, with all connections, and comes back on the same port. */
const comesAndGoes = async (behind: Behind): Promise<number> => {
  const { acts, random, server } = behind
  const port = await listen(server)
  const leave = (): void => {
    acts()
    server.close(() => setTimeout(comeBack, random.between(20, 200)))
    server.closeAllConnections()
  }
  const comeBack = async (): Promise<void> => {
    await listen(server, port)
    setTimeout(leave, random.between(300, 1_000))
  }
  setTimeout(leave, random.between(300, 1_000))
  return port
}

export const doors: ReadonlyArray<Door> = [
  { name: "steady", allows: [], open: steady },
  { name: "closes idle connections", resets: true, allows: [], open: closesIdle },
  {
    name: "talks on idle connections",
    allows: [],
    talks: true,
    open: toIdle((socket) => void socket.end(requestTimeout))
  },
  { name: "closes after accepting", allows: ["ConnectionLost", "ConnectFailed"], open: closesAtAccept },
  { name: "comes and goes", allows: ["ConnectionLost", "ConnectFailed"], open: comesAndGoes },
  { name: "TLS, steady", secure: true, allows: [], open: steady },
  { name: "TLS, closes idle connections", secure: true, resets: true, allows: [], open: closesIdle },
  {
    name: "TLS, breaks handshakes",
    secure: true,
    stalls: true,
    allows: ["ConnectFailed", "ConnectTimeout"],
    open: breaksHandshakes
  },
  {
    name: "TLS, another name",
    secure: true,
    wrongName: true,
    deadEnd: true,
    allows: ["ConnectFailed"],
    open: steady
  }
]

/** The door of the process that is suspended now and then. */
export const suspended: Door = { name: "suspended", allows: ["RequestTimeout", "ConnectTimeout"], open: steady }
