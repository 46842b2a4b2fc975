// Where a run took place.
import * as os from "node:os"

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly system: string
  /** Of the last minute, before the run. */
  readonly load: number
}

export const describe = (): Machine => ({
  cpu: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  node: process.version,
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  load: os.loadavg()[0] ?? NaN
})

/** Other programs take so much of the machine that the figures say something about them too. */
export const isBusy = ({ cores, load }: Machine): boolean => load > 0.5 * cores
