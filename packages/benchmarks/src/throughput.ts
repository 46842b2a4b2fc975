// The first part: how many requests a second, at what cost, and how long each takes.
import { naming } from "./brokenRun.js"
import type { Contender } from "./contender.js"
import type { Percentiles, Step } from "./percentiles.js"
import { latenciesOf } from "./percentiles.js"
import type { Player, StartPlayer } from "./player.js"
import { playerProcess } from "./player.js"
import type { Sample, Turn } from "./sample.js"
import { sample } from "./sample.js"
import type { Server } from "./server.js"
import type { Spread } from "./statistics.js"
import { ratios, spread } from "./statistics.js"
import type { Workload } from "./workload.js"

/** Those that the others are compared with. */
export const references = ["dispatch", "request", "floor"] as const

/** Those that one contender has a goal against. */
const others = ["layerUndici", "execute"] as const

export type Reference = typeof references[number] | typeof others[number]

/** How many times as many requests a second as another contender, and how many with the same CPU time. */
export interface Comparison {
  readonly to: Reference
  readonly perSecond: Spread
  readonly perCpuSecond: Spread
}

export interface Line {
  readonly name: string
  readonly title: string
  readonly requests: number
  /** Most in a round, by the server's count. */
  readonly connections: number
  readonly perSecond: Spread
  readonly cpuMicroseconds: Spread
  readonly latencyMilliseconds: Percentiles
  readonly latencyCurve: ReadonlyArray<Step>
  /** To those references that took part. */
  readonly comparisons: ReadonlyArray<Comparison>
}

export interface Throughput {
  readonly workload: string
  readonly title: string
  readonly callers: number
  /** To an origin, at most. */
  readonly connections: number
  readonly lines: ReadonlyArray<Line>
}

export interface Plan extends Omit<Turn, "mostConnections"> {
  readonly contenders: ReadonlyArray<Contender>
  readonly workload: Workload
  /** Rounds of each contender, before the first one that is counted. */
  readonly warmUps: number
  /** A slow contender's are longer, so that its code is compiled too. */
  readonly warmUpRequests: number
  readonly rounds: number
  /** Called before each turn. */
  readonly onTurn: (text: string) => void
}

interface Taking {
  readonly contender: Contender
  readonly player: Player
  readonly samples: Array<Sample>
  /** How long its next warm-up lasts, in milliseconds. */
  warmUp: number
}

/** Long enough for so many requests, within limits. */
const nextWarmUp = ({ round, warmUpRequests }: Plan, { perSecond }: Sample): number =>
  Math.min(5 * round, Math.max(round, (1_000 * warmUpRequests) / perSecond))

const compare = ({ samples }: Taking, to: Reference, others: ReadonlyArray<Sample>): Comparison => ({
  to,
  perSecond: ratios(samples.map(({ perSecond }) => perSecond), others.map(({ perSecond }) => perSecond)),
  perCpuSecond: ratios(
    others.map(({ cpuMicroseconds }) => cpuMicroseconds),
    samples.map(({ cpuMicroseconds }) => cpuMicroseconds)
  )
})

const lineOf = (taking: Taking, all: ReadonlyArray<Taking>): Line => {
  const { contender: { name, title }, samples } = taking
  const comparisons = [...references, ...others].flatMap((reference) => {
    const other = all.find(({ contender }) => contender.name === reference)
    return other === undefined ? [] : [compare(taking, reference, other.samples)]
  })
  const latencies = latenciesOf(samples.map(({ latencies }) => latencies))
  return {
    name,
    title,
    requests: samples.reduce((sum, { requests }) => sum + requests, 0),
    connections: Math.max(...samples.map(({ connections }) => connections)),
    perSecond: spread(samples.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: spread(samples.map(({ cpuMicroseconds }) => cpuMicroseconds)),
    latencyMilliseconds: latencies.percentiles,
    latencyCurve: latencies.curve,
    comparisons
  }
}

/** At the same time; where calls cost connections, nobody has counted how many there were at the same time. */
const mostConnections = ({ cold, connections, givesUp, origins }: Workload): number =>
  cold || givesUp ? Infinity : connections * origins

/** The contenders in turn, round by round. */
export const measure = async (
  plan: Plan,
  server: Server,
  startPlayer: StartPlayer = playerProcess
): Promise<Throughput> => {
  const { callers, onTurn, rounds, warmUps, workload } = plan
  const { ca, origins } = server
  const turn = { ...plan, mostConnections: mostConnections(workload) }
  const all: Array<Taking> = []
  try {
    for (const contender of plan.contenders) {
      const player = await naming(
        contender.name,
        startPlayer(contender, { origins, ca, workload, connections: workload.connections, idleFor: undefined })
      )
      all.push({ contender, player, samples: [], warmUp: plan.round })
    }
    for (let round = 1; round <= warmUps; round++) {
      for (const taking of all) {
        onTurn(`warm-up ${round} of ${warmUps}`)
        const found = await naming(
          taking.contender.name,
          sample(taking.player, server, { ...turn, round: taking.warmUp })
        )
        taking.warmUp = nextWarmUp(plan, found)
      }
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { contender, player, samples } of all) {
        onTurn(`round ${round} of ${rounds}`)
        samples.push(await naming(contender.name, sample(player, server, turn)))
      }
    }
  } finally {
    await Promise.all(all.map(({ player }) => player.close()))
  }
  const { connections, name, title } = workload
  return { workload: name, title, callers, connections, lines: all.map((taking) => lineOf(taking, all)) }
}
