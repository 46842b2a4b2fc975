// What takes part. Every contender does the same work: it sends the workload's headers and body, reads the answer's body to
// its end in the way the workload says (parsed, where that is JSON), and hands the value to `check`; it opens at most
// `connections` connections, which the server verifies. Otherwise each has its defaults, as its users do.
import type { Driver } from "./drivers.js"
import type { Workload } from "./workloads.js"

export interface Setup {
  readonly origin: string
  readonly workload: Workload
  readonly connections: number
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
  readonly open: Open
}
