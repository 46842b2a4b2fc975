// One line of the table, and what it takes to fill it.
import type { Servers } from "./server/servers.js"

export interface Row {
  readonly name: string
  readonly target: string
  /** What the replaced system reported. */
  readonly then: string
  readonly now: string
  readonly good: boolean
  /** How it was measured and what else there was to see, a sentence each. */
  readonly profile: ReadonlyArray<string>
}

export interface Setting {
  readonly servers: Servers
  /** Of the load. */
  readonly seconds: number
  /** Fewer connections and fewer repetitions; the targets are the same. */
  readonly quick: boolean
  readonly signal: AbortSignal
}

export interface Measure {
  readonly name: string
  /** About how many seconds it takes. */
  readonly lasts: (setting: Pick<Setting, "seconds" | "quick">) => number
  /** Tells now and then which part of it is done, from 0 to 1. */
  readonly run: (setting: Setting, onPart: (part: number) => void) => Promise<ReadonlyArray<Row>>
}
