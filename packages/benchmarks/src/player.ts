// A contender that is ready to play rounds. In a run each has a process of its own, as in the program of a user who picked it: in
// one process, the code that several share (streams above all) is compiled for all of them, and `Pool.request` took twice as long.
import { setTimeout } from "node:timers/promises"
import type { Client, Contender, Setup } from "./contender.js"
import type { Memory } from "./memory.js"
import * as memory from "./memory.js"
import * as Child from "./processes/child.js"
import { Round } from "./round.js"
import type { Shares } from "./shares.js"
import { watch } from "./shares.js"

export type { Memory } from "./memory.js"

/** What a player found out about a round. */
export interface Played {
  /** From when it counts. */
  readonly milliseconds: number
  /** Of the whole process. */
  readonly cpuMicroseconds: number
  /** Requests before it counted: all callers were being started. */
  readonly uncounted: number
  /** Milliseconds, one for each request that counts. */
  readonly latencies: Float64Array
}

/** What a round leaves to the garbage collector, and how it holds up the event loop. */
export interface Profile {
  readonly requests: number
  /** Of the heap, for one request; what the callers allocate included. */
  readonly bytesAllocated: number
  /** For one request. */
  readonly gcMicroseconds: number
  /** Milliseconds that the event loop was late, beyond the millisecond of its sampling. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
}

export interface Player {
  readonly play: (callers: number, milliseconds: number) => Promise<Played>
  readonly profile: (callers: number, milliseconds: number) => Promise<Profile>
  /** Whose code the time goes to. */
  readonly layers: (callers: number, milliseconds: number) => Promise<Shares>
  /** Starts so many calls, and does not wait for them. */
  readonly begin: (calls: number) => Promise<void>
  /** Waits for them. */
  readonly settle: () => Promise<void>
  /** What is held when garbage has been collected. */
  readonly memory: () => Promise<Memory>
  /** Does nothing for so many milliseconds; the worst delay of the event loop meanwhile. */
  readonly rest: (milliseconds: number) => Promise<number>
  /** Goes on with a new client. */
  readonly reopen: () => Promise<void>
  readonly close: () => Promise<void>
}

export type StartPlayer = (contender: Contender, setup: Setup) => Promise<Player>

/** Begins to measure; the result tells what has passed since. */
const stopwatch = (): () => Pick<Played, "cpuMicroseconds" | "milliseconds"> => {
  const cpuBefore = process.cpuUsage()
  const since = performance.now()
  return () => {
    const milliseconds = performance.now() - since
    const { system, user } = process.cpuUsage(cpuBefore)
    return { milliseconds, cpuMicroseconds: system + user }
  }
}

/** With this many answers for each caller its later calls are as good as independent of when it was started. */
const settlingAnswers = 2

/** With a client that stays. A round of no time at all is one call of each caller. */
const playWarm = async (
  client: Client,
  callers: number,
  milliseconds: number,
  onCounting: () => void
): Promise<Played> => {
  let stop = stopwatch()
  const round = new Round(callers, milliseconds, milliseconds === 0 ? 0 : settlingAnswers * callers, () => {
    onCounting()
    stop = stopwatch()
  })
  await client.play(round)
  return { ...stop(), uncounted: round.uncounted, latencies: Float64Array.from(round.latencies) }
}

/** Each time with a new client, whose making and closing belongs to the work; each caller makes one call. */
const playCold = async (
  open: () => Promise<Client>,
  callers: number,
  milliseconds: number,
  onCounting: () => void
): Promise<Played> => {
  onCounting()
  const stop = stopwatch()
  const end = performance.now() + milliseconds
  const latencies: Array<number> = []
  do {
    const client = await open()
    const round = new Round(callers, 0, 0, () => {})
    await client.play(round)
    await client.close()
    for (const latency of round.latencies) latencies.push(latency)
  } while (performance.now() < end)
  return { ...stop(), uncounted: 0, latencies: Float64Array.from(latencies) }
}

/** Plays in this process. */
export const playerOf: StartPlayer = async (contender, setup) => {
  const open = (): Promise<Client> => contender.open(setup)
  const { cold } = setup.workload
  let client = cold ? undefined : await open()
  let begun: Array<Promise<unknown>> = []
  const play = (callers: number, milliseconds: number, onCounting: () => void = () => {}): Promise<Played> =>
    client === undefined
      ? playCold(open, callers, milliseconds, onCounting)
      : playWarm(client, callers, milliseconds, onCounting)
  return {
    play: (callers, milliseconds) => play(callers, milliseconds),
    profile: async (callers, milliseconds) => {
      let stop: ReturnType<typeof memory.watch> | undefined
      const { latencies } = await play(callers, milliseconds, () => {
        stop = memory.watch()
      })
      const { bytesAllocated, gcMicroseconds, loopDelay } = stop!()
      const requests = latencies.length
      return {
        requests,
        bytesAllocated: bytesAllocated / requests,
        gcMicroseconds: gcMicroseconds / requests,
        loopDelay
      }
    },
    layers: async (callers, milliseconds) => {
      const stop = await watch()
      await play(callers, milliseconds)
      return stop()
    },
    begin: async (calls) => {
      const round = play(calls, 0)
      round.catch(() => {}) // `settle` hears of it
      begun.push(round)
    },
    settle: async () => {
      const rounds = begun
      begun = []
      await Promise.all(rounds)
    },
    memory: memory.used,
    rest: async (milliseconds) => {
      const stop = memory.watch()
      await setTimeout(milliseconds)
      return stop().loopDelay.max
    },
    reopen: async () => {
      await client?.close()
      if (!cold) client = await open()
    },
    close: async () => client?.close()
  }
}

/** What the process of a contender is told on its command line. */
export interface Told extends Omit<Setup, "workload"> {
  readonly name: string
  readonly workload: string
}

/** What it is asked: one of a player's methods, and what it is given. */
export interface ToPlayer {
  readonly method: Exclude<keyof Player, "close">
  readonly given: ReadonlyArray<number>
}

/** Plays in a process of its own. */
export const playerProcess: StartPlayer = async ({ name }, setup) => {
  const { ca, connections, idleFor, origins, workload } = setup
  const told: Told = { name, workload: workload.name, ca, connections, idleFor, origins }
  const child = await Child.start<ToPlayer, unknown>("contender", "client", [JSON.stringify(told)])
  const ask = <A>(method: ToPlayer["method"]) => (...given: ReadonlyArray<number>): Promise<A> =>
    child.ask({ method, given }) as Promise<A>
  return {
    play: ask("play"),
    profile: ask("profile"),
    layers: ask("layers"),
    begin: ask("begin"),
    settle: ask("settle"),
    memory: ask("memory"),
    rest: ask("rest"),
    reopen: ask("reopen"),
    close: child.close
  }
}
