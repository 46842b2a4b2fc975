// What a connection costs while it is idle and while it is in use, what a request leaves to the garbage collector, how long the
// event loop is held up, and how exactly idle connections end.
import { setTimeout } from "node:timers/promises"
import { BrokenRun, naming } from "./brokenRun.js"
import type { Contender, Setup } from "./contender.js"
import * as crowd from "./crowd.js"
import type { Memory, Profile, StartPlayer } from "./player.js"
import { playerProcess } from "./player.js"
import type { Crowded } from "./server.js"
import type { Workload } from "./workload.js"

/** Bytes of one connection. */
export interface Held {
  readonly heap: number
  /** Buffers and other memory outside the heap that the heap knows of. */
  readonly external: number
}

export interface Cost {
  readonly name: string
  readonly title: string
  readonly connections: number
  readonly idle: Held
  /** The request under way on it and its caller included. */
  readonly active: Held
  readonly profile: Profile
  /** Milliseconds from the last answer to the close of the connection, where `idleFor` were asked for; the server's clock. */
  readonly expiry: { readonly asked: number; readonly first: number; readonly last: number; readonly closed: number }
}

export interface Plan {
  readonly contenders: ReadonlyArray<Contender>
  readonly workload: Workload
  readonly connections: number
  readonly callers: number
  /** Milliseconds. */
  readonly round: number
  readonly onTurn: (text: string) => void
}

const perConnection = (after: Memory, before: Memory, connections: number): Held => ({
  heap: Math.round((after.heap - before.heap) / connections),
  external: Math.round((after.external - before.external) / connections)
})

/** Milliseconds that idle connections are kept where their end is looked at. */
const idleFor = 1_500

/** Looked at for so long behind it. */
const graceAfter = 2_000

const expiryOf = async (
  contender: Contender,
  setup: Setup,
  servers: Crowded,
  startPlayer: StartPlayer
): Promise<Cost["expiry"]> => {
  const { connections } = setup
  const player = await startPlayer(contender, { ...setup, idleFor })
  try {
    await crowd.gather(player, servers, connections)
    await servers.idleEnds()
    await crowd.release(player, servers)
    const ends: Array<number> = []
    for (const end = performance.now() + idleFor + graceAfter; ends.length < connections;) {
      if (performance.now() > end) break
      await setTimeout(50)
      ends.push(...await servers.idleEnds())
    }
    const [first = NaN, last = NaN] = [Math.min(...ends), Math.max(...ends)]
    return { asked: idleFor, first, last, closed: ends.length }
  } finally {
    await player.close()
  }
}

const costOf = async (
  plan: Plan,
  servers: Crowded,
  contender: Contender,
  startPlayer: StartPlayer
): Promise<Cost> => {
  const { callers, connections, onTurn, round, workload } = plan
  const server = await servers.serverFor(workload)
  if (server === undefined) throw new BrokenRun("our own server is always there")
  const setup = { ...server, workload, connections, idleFor: 600_000 }
  const { name, title } = contender
  const say = (text: string): void => onTurn(`${name}: ${text}`)
  say("memory of connections")
  const player = await startPlayer(contender, setup)
  try {
    // The first time compiles the code that opens connections, which takes heap too.
    await crowd.gather(player, servers, connections)
    await crowd.release(player, servers)
    await player.reopen()
    const before = await player.memory()
    await crowd.gather(player, servers, connections)
    const active = await player.memory()
    await crowd.release(player, servers)
    const idle = await player.memory()
    await player.reopen()
    say("garbage and event loop")
    await player.play(callers, round)
    await player.play(callers, round)
    const profile = await player.profile(callers, round)
    say("idle connections' end")
    const expiry = await expiryOf(contender, { ...setup, connections: Math.min(50, connections) }, servers, startPlayer)
    return {
      name,
      title,
      connections,
      idle: perConnection(idle, before, connections),
      active: perConnection(active, before, connections),
      profile,
      expiry
    }
  } finally {
    await player.close()
  }
}

const stages = 3

/** How often `onTurn` will be called. */
export const turnsOf = ({ contenders }: Pick<Plan, "contenders">): number => contenders.length * stages

export const measure = async (
  plan: Plan,
  servers: Crowded,
  startPlayer: StartPlayer = playerProcess
): Promise<ReadonlyArray<Cost>> => {
  const found: Array<Cost> = []
  for (const contender of plan.contenders) {
    found.push(await naming(contender.name, costOf(plan, servers, contender, startPlayer)))
  }
  return found
}
