import { assertTrue } from "@effect/vitest/utils"
import { Effect } from "effect"
import * as net from "node:net"

/** What a program has connected to, socket by socket. */
export interface ClientSockets {
  /** Those that were to connect to a port of loopback. */
  readonly to: (port: number) => ReadonlyArray<net.Socket>
  /** Those until now are of no interest. */
  readonly forget: (port: number) => void
  /** There were some; waits until all of them have closed. */
  readonly gone: (port: number) => Effect.Effect<void>
}

const portOf = (options: unknown): number => {
  const [first] = Array.isArray(options) ? options : [options]
  return (first as net.TcpNetConnectOpts).port
}

/** Every socket that is connected anywhere from now to the end of the scope. */
export const clientSockets = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      let sockets: Array<readonly [port: number, socket: net.Socket]> = []
      const { connect } = net.Socket.prototype
      net.Socket.prototype.connect = function(this: net.Socket, ...args: ReadonlyArray<never>) {
        sockets.push([portOf(args[0]), this])
        return Reflect.apply(connect, this, args) as net.Socket
      }
      return {
        to: (wanted: number) => sockets.flatMap(([port, socket]) => port === wanted ? [socket] : []),
        forget: (unwanted: number) => void (sockets = sockets.filter(([port]) => port !== unwanted)),
        restore: () => void (net.Socket.prototype.connect = connect)
      }
    }),
    ({ restore }) => Effect.sync(restore)
  ),
  ({ forget, to }): ClientSockets => {
    return {
      to,
      forget,
      gone: (port) =>
        Effect.promise(async () => {
          assertTrue(to(port).length > 0)
          await Promise.all(
            to(port).map((socket) => socket.closed || new Promise((resolve) => socket.once("close", resolve)))
          )
          await new Promise(setImmediate) // in which whoever owns them hears of it
        })
    }
  }
)
