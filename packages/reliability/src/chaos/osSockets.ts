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
const listening = "0A"

const connectionsOf = (table: string): ReadonlyArray<string> =>
  fs.readFileSync(`/proc/self/net/${table}`, "utf8").trim().split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[stateColumn] !== listening)
    .map((columns) => `socket:[${columns[inodeColumn]}]`)

const tables = ["tcp", "tcp6"].filter((table) => fs.existsSync(`/proc/self/net/${table}`))

/** Undefined where the operating system has no such tables. */
export const countSockets = (): number | undefined => {
  if (tables.length === 0 || !fs.existsSync(directory)) return undefined
  const own = new Set(fs.readdirSync(directory).map(linkOf))
  // A table that changes while it is read may name one twice.
  const connections = new Set(tables.flatMap(connectionsOf))
  return [...own].filter((socket) => connections.has(socket)).length
}
