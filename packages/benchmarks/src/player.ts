// A contender that is ready to play rounds. In a run each has a process of its own, as in the program of a user who picked it: in
// one process, the code that several share (streams above all) is compiled for all of them, and `Pool.request` took twice as long.
import type { Client, Contender, Setup } from "./contender.js"
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

/** What a process of a contender is asked; `setup` is told when it starts. */
export interface ToPlayer {
  readonly callers: number
  readonly milliseconds: number
}

export interface Player {
  readonly play: (callers: number, milliseconds: number) => Promise<Played>
  readonly close: () => Promise<void>
}

export type StartPlayer = (contender: Contender, setup: Setup) => Promise<Player>

const elapsed = (since: number): number => performance.now() - since

/** With a client that stays. */
const playWarm = async (client: Client, callers: number, milliseconds: number): Promise<ReadonlyArray<number>> => {
  const round = new Round(callers, milliseconds)
  await client.play(round)
  return round.latencies
}

/** Each time with a new client, whose making and closing belongs to the work; each caller makes one call. */
const playCold = async (open: () => Promise<Client>, callers: number, milliseconds: number) => {
  const since = performance.now()
  const latencies: Array<number> = []
  do {
    const client = await open()
    const round = new Round(callers, 0)
    await client.play(round)
    await client.close()
    latencies.push(...round.latencies)
  } while (elapsed(since) < milliseconds)
  return latencies
}

/** Plays in this process. */
export const playerOf: StartPlayer = async (contender, setup) => {
  const open = (): Promise<Client> => contender.open(setup)
  const { cold } = setup.workload
  const client = cold ? undefined : await open()
  return {
    play: async (callers, milliseconds) => {
      const cpuBefore = process.cpuUsage()
      const since = performance.now()
      const latencies = client === undefined
        ? await playCold(open, callers, milliseconds)
        : await playWarm(client, callers, milliseconds)
      const { system, user } = process.cpuUsage(cpuBefore)
      return {
        milliseconds: elapsed(since),
        cpuMicroseconds: system + user,
        latencies: Float64Array.from(latencies)
      }
    },
    close: async () => client?.close()
  }
}

/** Plays in a process of its own. */
export const playerProcess: StartPlayer = async ({ name }, setup) => {
  const child = await Child.start<ToPlayer, Played>("contender", [contenderArgs(name, setup)])
  return { play: (callers, milliseconds) => child.ask({ callers, milliseconds }), close: child.close }
}

/** What the process of a contender is told on its command line. */
export interface Told extends Omit<Setup, "workload"> {
  readonly name: string
  readonly workload: string
}

const contenderArgs = (name: string, setup: Setup): string => {
  const told: Told = { ...setup, name, workload: setup.workload.name }
  return JSON.stringify(told)
}
