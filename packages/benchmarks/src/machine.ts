// Where a run took place.
import * as os from "node:os"
import { placement } from "./cores.js"

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly system: string
  /** The server had a core to itself, and the clients the others. */
  readonly placed: boolean
  /** Of the last minute, before the run. */
  readonly load: number
}

export const describe = (): Machine => ({
  cpu: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  node: process.version,
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  placed: placement !== undefined,
  load: os.loadavg()[0] ?? NaN
})

/** Other programs take so much of the machine that the figures say something about them too. */
export const isBusy = ({ cores, load }: Machine): boolean => load > 0.5 * cores

export const placementOf = ({ placed }: Machine): string =>
  placed
    ? "The server has a core to itself, and the clients share the others."
    : "Which cores the server and the clients have is the system's decision."
