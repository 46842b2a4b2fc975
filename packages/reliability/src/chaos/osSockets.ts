// How many TCP connections this process has, by the operating system's count.
import * as fs from "node:fs"

const directory = "/proc/self/fd"

const linkOf = (fd: string): string => {
  try {
    return fs.readlinkSync(`${directory}/${fd}`)
  } catch {
    return "" // the descriptor that the directory was read with
  }
}

/** Columns of the tables of TCP connections. */
const stateColumn = 3
const inodeColumn = 9

/** Numbers of the kernel's, in hexadecimal. */
const states: Record<string, string> = {
  "01": "established",
  "02": "syn-sent",
  "03": "syn-received",
  "04": "fin-wait-1",
  "05": "fin-wait-2",
  "06": "time-wait",
  "07": "closed",
  "08": "close-wait",
  "09": "last-ack",
  "0A": "listening",
  "0B": "closing"
}

/** The sockets of everybody here, and the state of each. */
const connectionsOf = (table: string): ReadonlyArray<readonly [socket: string, state: string]> =>
  fs.readFileSync(`/proc/self/net/${table}`, "utf8").trim().split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map((columns) => [`socket:[${columns[inodeColumn]}]`, states[columns[stateColumn]!] ?? "unknown"] as const)
    .filter(([, state]) => state !== "listening")

const tables = ["tcp", "tcp6"].filter((table) => fs.existsSync(`/proc/self/net/${table}`))

/** How many are in which state. Undefined where the operating system has no such tables. */
export const socketStates = (): Readonly<Record<string, number>> | undefined => {
  if (tables.length === 0 || !fs.existsSync(directory)) return undefined
  const own = new Set(fs.readdirSync(directory).map(linkOf))
  // A table that changes while it is read may name one twice.
  const connections = new Map(tables.flatMap(connectionsOf))
  const counts: Record<string, number> = {}
  for (const socket of own) {
    const state = connections.get(socket)
    if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1
  }
  return counts
}

/** Undefined where the operating system has no such tables. */
export const countSockets = (): number | undefined => {
  const counts = socketStates()
  return counts && Object.values(counts).reduce((sum, count) => sum + count, 0)
}
