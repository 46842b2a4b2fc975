// What takes part. Every contender does the same work: it sends the workload's headers and body to the workload's origins in
// turn, reads the answer's body to its end in the way the workload says (parsed, where that is JSON; counted piece by piece, where
// that is a stream), and checks status and value; it opens at most `connections` connections to an origin, which the server
// verifies; it gives up the calls that the workload says in the way its users do. Otherwise each has its defaults, as its users do.
import type { Driver } from "./drivers.js"
import type { Address } from "./server.js"
import type { Workload } from "./workload.js"

export interface Setup extends Address {
  readonly workload: Workload
  readonly connections: number
  /** Milliseconds that idle connections are kept, however many they are; undefined: as each has it. */
  readonly idleFor: number | undefined
}

export interface Client {
  readonly play: Driver
  readonly close: () => Promise<void>
}

export type Open = (setup: Setup) => Promise<Client>

export interface Contender {
  /** As `--only` takes it. */
  readonly name: string
  /** As people know it. */
  readonly title: string
  /** Takes part in every workload that it can do, where not everybody has the time to. */
  readonly everywhere: boolean
  readonly can: (workload: Workload) => boolean
  readonly open: Open
}

/** Where the next call goes: to the origins in turn. */
export const nextOf = (texts: ReadonlyArray<string>): () => string => {
  const [first = ""] = texts
  if (texts.length === 1) return () => first
  let next = 0
  return () => texts[next++ % texts.length] ?? first
}

export const urlsOf = ({ origins, workload }: Setup, path = workload.path): () => string =>
  nextOf(origins.map((origin) => origin + path))
