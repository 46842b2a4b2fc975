// When the operating system will send the first keep-alive probe of a socket: `ss -o` reads the same table.
import * as fs from "node:fs"
import * as net from "node:net"

const table = "/proc/self/net/tcp"

/** Ticks of the table in a second: Linux counts it in these for programs, whatever its own are. */
const ticks = 100

/** The kind of timer that waits to send a probe. */
const probe = "02"

/** Milliseconds that are left on the timers of this system's sockets to a port of loopback. */
const timersOfSystem = (port: number): ReadonlyArray<number> => {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  return fs.readFileSync(table, "utf8").split("\n").slice(1).flatMap((line) => {
    const [, , peer, , , timer] = line.trim().split(/\s+/)
    const [kind, left] = timer?.split(":") ?? []
    return peer?.endsWith(remote) && kind === probe ? [(1_000 * parseInt(left ?? "", 16)) / ticks] : []
  })
}

/** What a socket is told meanwhile, where the operating system does not say what came of it. */
const told = async (use: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const delays: Array<number> = []
  const original = net.Socket.prototype.setKeepAlive
  net.Socket.prototype.setKeepAlive = function(enable, delay) {
    if (enable === true) delays.push(delay ?? 0)
    return original.call(this, enable, delay)
  }
  try {
    await use()
  } finally {
    net.Socket.prototype.setKeepAlive = original
  }
  return delays
}

/** Milliseconds to the first probe of each idle socket to a port, after a use of it. */
export const keepAliveDelays = async (
  port: number,
  use: () => Promise<unknown>
): Promise<ReadonlyArray<number>> => {
  if (!fs.existsSync(table)) return told(use)
  await use()
  return timersOfSystem(port)
}
