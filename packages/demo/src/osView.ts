// What the operating system and Node know of this process, to be compared with what the pool says of itself.
import * as fs from "node:fs"

export interface OsView {
  /** The sockets of this process that may be TCP, from /proc/self/fd; undefined where there is no such directory. */
  readonly sockets: ReadonlySet<string> | undefined
  /** What keeps the event loop alive, such as `TLSWrap`, and how often. */
  readonly resources: ReadonlyMap<string, number>
}

const directory = "/proc/self/fd"

const linkOf = (fd: string): string => {
  try {
    return fs.readlinkSync(`${directory}/${fd}`)
  } catch {
    return "" // the descriptor that the directory was read with
  }
}

/** The column of the inode, in the tables of sockets that no HTTP connection is. */
const otherTables = { udp: 9, udp6: 9, netlink: 9, unix: 6 }

/** Name look-ups open sockets that nobody can close for them, and pipes to other processes are sockets too. */
const otherSockets = (): ReadonlyArray<string> =>
  Object.entries(otherTables).flatMap(([table, column]) => {
    const file = `/proc/self/net/${table}`
    if (!fs.existsSync(file)) return []
    return fs.readFileSync(file, "utf8").split("\n").slice(1).map((line) =>
      `socket:[${line.trim().split(/\s+/)[column]}]`
    )
  })

const sockets = (): ReadonlySet<string> | undefined => {
  if (!fs.existsSync(directory)) return undefined
  const before = otherSockets()
  const links = fs.readdirSync(directory).map(linkOf).filter((link) => link.startsWith("socket:"))
  const others = new Set([...before, ...otherSockets()])
  return new Set(links.filter((link) => !others.has(link)))
}

/** A name look-up cannot be aborted and ends by itself; files are read by whoever loads modules, and never by the pool. */
const othersWork: ReadonlySet<string> = new Set(["GetAddrInfoReqWrap", "FSReqCallback", "FSReqPromise"])

/** What keeps the event loop alive, but for name look-ups and files. */
export const activeResources = (): ReadonlyArray<string> =>
  process.getActiveResourcesInfo().filter((name) => !othersWork.has(name))

const resources = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const name of activeResources()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

export const look = (): OsView => ({ sockets: sockets(), resources: resources() })

/** How many sockets `after` has that `before` had not. */
export const newSockets = (before: OsView, after: OsView): number | undefined => {
  const { sockets: known } = before
  if (known === undefined || after.sockets === undefined) return undefined
  return [...after.sockets].filter((socket) => !known.has(socket)).length
}

/** The resources that `after` has more of than `before`, each with the surplus. */
export const newResources = (before: OsView, after: OsView): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...after.resources]
      .map(([name, count]) => [name, count - (before.resources.get(name) ?? 0)] as const)
      .filter(([, surplus]) => surplus > 0)
  )
