// How the cost of a request grows with what a client has beside it: idle connections, origins.
import { naming } from "./brokenRun.js"
import type { Contender } from "./contender.js"
import * as crowd from "./crowd.js"
import type { Player, StartPlayer } from "./player.js"
import { playerProcess } from "./player.js"
import { sample } from "./sample.js"
import type { Crowded } from "./server.js"
import type { Spread } from "./statistics.js"
import { ratios, spread } from "./statistics.js"
import type { Workload } from "./workload.js"

export type Dimension = "idle connections" | "origins"

export interface Point {
  readonly size: number
  readonly cpuMicroseconds: Spread
  /** To the smallest size, round by round. */
  readonly ratio: Spread
}

export interface Growth {
  readonly name: string
  readonly title: string
  readonly dimension: Dimension
  readonly points: ReadonlyArray<Point>
}

export interface Plan {
  readonly contenders: ReadonlyArray<Contender>
  readonly workload: Workload
  /** The smallest first. */
  readonly sizes: Readonly<Record<Dimension, ReadonlyArray<number>>>
  readonly callers: number
  readonly rounds: number
  readonly leadIn: number
  readonly round: number
  /** Called before each turn. */
  readonly onTurn: (text: string) => void
}

const warmUps = 3

/** Long enough for all of them to be there in every round. */
const idleFor = 600_000

interface Taking {
  readonly player: Player
  readonly costs: Array<number>
}

/** What answers a workload of so many origins, or of one whose connections are so many. */
const setupFor = async ({ callers, workload }: Plan, servers: Crowded, dimension: Dimension, size: number) => {
  const many = { ...workload, origins: dimension === "origins" ? size : 1 }
  const server = await servers.serverFor(many)
  if (server === undefined) throw new Error("our own server is always there")
  const connections = dimension === "origins" ? callers : Math.max(callers, size)
  return { server, setup: { ...server, workload: many, connections, idleFor } }
}

/** All sizes in turn, round by round: neighbours in time have had the same machine. */
const growthOf = async (
  plan: Plan,
  servers: Crowded,
  contender: Contender,
  dimension: Dimension,
  startPlayer: StartPlayer
): Promise<Growth> => {
  const { callers, leadIn, onTurn, round, rounds } = plan
  const sizes = plan.sizes[dimension]
  const all: Array<Taking> = []
  try {
    for (const size of sizes) {
      const { setup } = await setupFor(plan, servers, dimension, size)
      const player = await startPlayer(contender, setup)
      all.push({ player, costs: [] })
    }
    for (let turn = -warmUps; turn < rounds; turn++) {
      onTurn(`${dimension}, ${contender.name}: ${turn < 0 ? "warm-up" : `round ${turn + 1} of ${rounds}`}`)
      for (const [index, { costs, player }] of all.entries()) {
        const { server, setup } = await setupFor(plan, servers, dimension, sizes[index] ?? 0)
        const mostConnections = setup.connections * setup.origins.length
        const { cpuMicroseconds } = await sample(player, server, { callers, mostConnections, leadIn, round })
        if (turn >= 0) costs.push(cpuMicroseconds)
        // The code is warm by then, as it is in the others.
        if (turn === -1 && dimension === "idle connections") {
          await crowd.gather(player, servers, setup.connections)
          await crowd.release(player, servers)
        }
      }
    }
    const smallest = all[0]?.costs ?? []
    const { name, title } = contender
    return {
      name,
      title,
      dimension,
      points: all.map(({ costs }, index) => ({
        size: sizes[index] ?? 0,
        cpuMicroseconds: spread(costs),
        ratio: ratios(costs, smallest)
      }))
    }
  } finally {
    await Promise.all(all.map(({ player }) => player.close()))
  }
}

const dimensions: ReadonlyArray<Dimension> = ["idle connections", "origins"]

const taking = (plan: Plan): ReadonlyArray<{ readonly contender: Contender; readonly dimension: Dimension }> =>
  dimensions.flatMap((dimension) =>
    plan.contenders
      .filter(({ can }) => can({ ...plan.workload, origins: dimension === "origins" ? 2 : 1 }))
      .map((contender) => ({ contender, dimension }))
  )

/** How often `onTurn` will be called. */
export const turnsOf = (plan: Omit<Plan, "onTurn">): number =>
  taking({ ...plan, onTurn: () => {} }).length * (warmUps + plan.rounds)

/** One contender after another: so many sockets are a lot for one server. */
export const measure = async (
  plan: Plan,
  servers: Crowded,
  startPlayer: StartPlayer = playerProcess
): Promise<ReadonlyArray<Growth>> => {
  const found: Array<Growth> = []
  for (const { contender, dimension } of taking(plan)) {
    found.push(await naming(contender.name, growthOf(plan, servers, contender, dimension, startPlayer)))
  }
  return found
}
