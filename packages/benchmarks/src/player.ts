// A contender that is ready to play rounds. In a run each has a process of its own, as in the program of a user who picked it: in
// one process, the code that several share (streams above all) is compiled for all of them, and `Pool.request` took twice as long.
import type { Contender, Setup } from "./contender.js"
import * as Child from "./processes/child.js"
import { Round } from "./round.js"

/** What a player found out about a round. */
export interface Played {
  readonly milliseconds: number
  /** Of the whole process. */
  readonly cpuMicroseconds: number
  /** Milliseconds, one for each request. */
  readonly latencies: Float64Array
}

export interface ToPlayer {
  readonly callers: number
  readonly milliseconds: number
}

export interface Player {
  readonly play: (callers: number, milliseconds: number) => Promise<Played>
  readonly close: () => Promise<void>
}

export type StartPlayer = (contender: Contender, setup: Setup) => Promise<Player>

/** Plays in this process. */
export const playerOf: StartPlayer = async (contender, setup) => {
  const client = await contender.open(setup)
  return {
    play: async (callers, milliseconds) => {
      const cpuBefore = process.cpuUsage()
      const round = new Round(callers, milliseconds)
      await client.play(round)
      const elapsed = performance.now() - round.startedAt
      const { system, user } = process.cpuUsage(cpuBefore)
      return { milliseconds: elapsed, cpuMicroseconds: system + user, latencies: Float64Array.from(round.latencies) }
    },
    close: client.close
  }
}

/** Plays in a process of its own. */
export const playerProcess: StartPlayer = async ({ name }, { connections, origin, workload }) => {
  const child = await Child.start<ToPlayer, Played>("contender", [name, workload.name, origin, String(connections)])
  return { play: (callers, milliseconds) => child.ask({ callers, milliseconds }), close: child.close }
}
