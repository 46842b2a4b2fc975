// Which cores the processes of a run have. The server has one to itself: no client takes its time, and none is given more of it than
// the others. Clients have the rest. Only Linux is told; elsewhere, and on one core, the system decides.
import * as fs from "node:fs"

export type Role = "server" | "client"

export interface Placement {
  readonly server: string
  readonly client: string
}

/** Of a list such as `0-3,7`. */
const idsOf = (list: string): ReadonlyArray<number> =>
  list.split(",").flatMap((range) => {
    const [first = NaN, last = first] = range.split("-").map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })

const taskset = "/usr/bin/taskset"

const allowed = (): ReadonlyArray<number> => {
  try {
    fs.accessSync(taskset, fs.constants.X_OK)
    return idsOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1] ?? "")
  } catch {
    return []
  }
}

const place = (): Placement | undefined => {
  const cores = allowed()
  const server = cores.at(-1)
  return cores.length < 2 || server === undefined
    ? undefined
    : { server: String(server), client: cores.slice(0, -1).join(",") }
}

/** Undefined where the system decides. */
export const placement: Placement | undefined = place()

/** The command that runs a program on its cores. */
export const on = (
  role: Role,
  command: string,
  args: ReadonlyArray<string>
): readonly [command: string, args: Array<string>] =>
  placement === undefined ? [command, [...args]] : [taskset, ["-c", placement[role], command, ...args]]
