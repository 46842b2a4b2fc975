// What carries the cases: sockets in memory, or those of the operating system over loopback.
import { Connector } from "@connection-pool/core/Connector"
import * as NodeConnector from "@connection-pool/platform-node/NodeConnector"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import type { buildConnector } from "undici"
import { MemorySocket } from "./memorySocket.js"
import type { Line, Stage } from "./stage.js"

export interface Network {
  /** Where a stage can be reached from now on. */
  readonly listen: (stage: Stage) => Promise<string>
  /** For the pool. */
  readonly connector: Connector["Type"]
  /** For undici; undefined: its own. */
  readonly connect: ((stage: Stage) => buildConnector.connector) | undefined
  /** When all clients are gone: takes everything down, and says what the clients left open. */
  readonly close: () => Promise<ReadonlyArray<string>>
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const connectionReset = (): Error =>
  Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" })

/** What a client throws while it reads is nobody's but the process's, as it is where the event loop calls the client. */
const asEvent = (deliver: () => void): void => {
  try {
    deliver()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

const memorySocket = (stage: Stage): MemorySocket => {
  let finished = false
  const line: Line = {
    send: (bytes) => {
      if (!finished && !socket.destroyed) asEvent(() => void socket.push(Buffer.from(bytes, "latin1")))
    },
    finish: () => {
      finished = true
      asEvent(() => void socket.push(null))
    },
    reset: () => void socket.destroy(connectionReset()),
    gone: () => socket.destroyed
  }
  const socket = new MemorySocket(stage.open(line))
  return socket
}

const listeners = (socket: MemorySocket): number =>
  socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0)

export const inMemory = (): Network => {
  const stages: Array<Stage> = []
  const opened: Array<{ readonly socket: MemorySocket; readonly listeners: number }> = []
  return {
    listen: (stage) => Promise.resolve(`http://case-${stages.push(stage) - 1}`),
    connector: Connector.of({
      connect: ({ maxHeaderSize, origin }) =>
        Effect.sync(() => {
          const socket = memorySocket(stages[Number(origin.host.slice("case-".length))]!)
          const connection = NodeConnector.fromSocket(socket.asSocket(), { maxHeaderSize })
          opened.push({ socket, listeners: listeners(socket) })
          return connection
        })
    }),
    connect: (stage) => (_options, done) => process.nextTick(done, null, memorySocket(stage).asSocket()),
    close: () => {
      const open = opened.filter(({ socket }) => !socket.destroyed).length
      const more = opened.filter(({ listeners: before, socket }) => listeners(socket) > before).length
      return Promise.resolve([
        ...(open === 0 ? [] : [`${open} sockets are open though the pool is closed`]),
        ...(more === 0 ? [] : [`${more} sockets have more listeners than at their beginning`])
      ])
    }
  }
}

/** How long the system may take to tell the server's side that the client's has closed: on a busy machine, many turns. */
const patience = 2_000 // ms

export const overLoopback = async (): Promise<Network> => {
  const servers: Array<net.Server> = []
  const sockets = new Set<net.Socket>()
  const listen = (stage: Stage): Promise<string> =>
    new Promise((resolve, reject) => {
      const server = net.createServer({ noDelay: true }, (socket) => {
        sockets.add(socket)
        socket.on("error", () => {}).once("close", () => sockets.delete(socket))
        const hear = stage.open({
          send: (bytes) => void socket.write(bytes, "latin1"),
          finish: () => void socket.end(),
          reset: () => void socket.resetAndDestroy(),
          gone: () => socket.destroyed || socket.readableEnded
        })
        socket.on("data", (bytes) => hear(bytes.toString("latin1")))
      })
      servers.push(server)
      server.once("error", reject)
      server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`))
    })
  const close = async (): Promise<ReadonlyArray<string>> => {
    const started = performance.now()
    while (sockets.size > 0 && performance.now() - started < patience) await nextTurn()
    const left = sockets.size
    for (const socket of sockets) socket.destroy()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    return left === 0 ? [] : [`${left} sockets are open though the clients are closed`]
  }
  return { listen, connector: await Effect.runPromise(NodeConnector.make()), connect: undefined, close }
}
