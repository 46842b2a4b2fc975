// Whose code the CPU time of a request goes to. A profiler slows down what it looks at, so that its samples tell shares, and the time
// is that of rounds without it.
import { naming } from "./brokenRun.js"
import type { Contender } from "./contender.js"
import type { Player, StartPlayer } from "./player.js"
import { playerProcess } from "./player.js"
import type { Server } from "./server.js"
import type { Shares } from "./shares.js"
import { spread } from "./statistics.js"
import type { Workload } from "./workload.js"

export interface LayerLine {
  readonly name: string
  readonly title: string
  readonly workload: string
  readonly callers: number
  /** For one request. */
  readonly cpuMicroseconds: number
  readonly shares: Shares
}

export interface Plan {
  readonly contenders: ReadonlyArray<Contender>
  readonly workloads: ReadonlyArray<Workload>
  readonly callers: ReadonlyArray<number>
  readonly rounds: number
  /** Milliseconds of each round. */
  readonly round: number
  readonly onTurn: (text: string) => void
}

const warmUps = 3

/** How often `onTurn` will be called. */
export const turnsOf = ({ callers, contenders, rounds, workloads }: Omit<Plan, "onTurn">): number =>
  contenders.length === 0 ? 0 : workloads.length * callers.length * (warmUps + rounds + 1)

interface Taking {
  readonly contender: Contender
  readonly player: Player
  readonly costs: Array<number>
}

const measureOne = async (
  { contenders, onTurn, round, rounds }: Plan,
  server: Server,
  workload: Workload,
  callers: number,
  startPlayer: StartPlayer
): Promise<ReadonlyArray<LayerLine>> => {
  const setup = { ...server, workload, connections: workload.connections, idleFor: undefined }
  const what = `${workload.name}, ${callers} callers`
  const all: Array<Taking> = []
  try {
    for (const contender of contenders) {
      all.push({ contender, player: await naming(contender.name, startPlayer(contender, setup)), costs: [] })
    }
    // In turn: neighbours in time have had the same machine.
    for (let turn = -warmUps; turn < rounds; turn++) {
      onTurn(`${what}: ${turn < 0 ? "warm-up" : `round ${turn + 1} of ${rounds}`}`)
      for (const { contender, costs, player } of all) {
        const { cpuMicroseconds, latencies } = await naming(contender.name, player.play(callers, round))
        if (turn >= 0) costs.push(cpuMicroseconds / latencies.length)
      }
    }
    onTurn(`${what}: profiles`)
    const lines: Array<LayerLine> = []
    for (const { contender: { name, title }, costs, player } of all) {
      const shares = await naming(name, player.layers(callers, rounds * round))
      lines.push({ name, title, workload: workload.name, callers, cpuMicroseconds: spread(costs).median, shares })
    }
    return lines
  } finally {
    await Promise.all(all.map(({ player }) => player.close()))
  }
}

export const measure = async (
  plan: Plan,
  serverFor: (workload: Workload) => Promise<Server | undefined>,
  startPlayer: StartPlayer = playerProcess
): Promise<ReadonlyArray<LayerLine>> => {
  const found: Array<LayerLine> = []
  if (plan.contenders.length === 0) return found
  for (const workload of plan.workloads) {
    const server = await serverFor(workload)
    if (server === undefined) continue
    for (const callers of plan.callers) found.push(...await measureOne(plan, server, workload, callers, startPlayer))
  }
  return found
}
