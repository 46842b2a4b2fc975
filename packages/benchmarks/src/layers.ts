// Whose code the CPU time of a request goes to. A profiler slows down what it looks at, so that its samples tell shares, and the time
// is that of rounds without it.
import type { Profiler } from "node:inspector"
import { Session } from "node:inspector/promises"
import { naming } from "./brokenRun.js"
import type { Contender } from "./contender.js"
import type { Player, StartPlayer } from "./player.js"
import { playerProcess } from "./player.js"
import type { Server } from "./server.js"
import { spread } from "./statistics.js"
import type { Workload } from "./workload.js"

/** In the order of the table. */
export const layers = ["write", "Node.js", "parser", "client", "Effect", "garbage", "caller"] as const

export type Layer = typeof layers[number]

/** Parts of a whole; what is missing is the profiler's. */
export type Shares = Readonly<Record<Layer, number>>

export interface LayerLine {
  readonly name: string
  readonly title: string
  readonly workload: string
  readonly callers: number
  /** For one request. */
  readonly cpuMicroseconds: number
  readonly shares: Shares
}

type CallFrame = Pick<Profiler.ProfileNode["callFrame"], "functionName" | "url">

/** Undefined: the profiler itself, or nothing was done. What V8 and the system do for somebody is his. */
const layerOf = ({ functionName, url }: CallFrame, above: Layer | undefined): Layer | undefined => {
  if (functionName === "(idle)" || url === "node:inspector" || url === "node:inspector/promises") return undefined
  if (functionName === "(garbage collector)") return "garbage"
  if (/^write(?:v|Buffer|Latin1String|Utf8String)$/.test(functionName) && url === "") return "write"
  if (functionName === "(program)") return "Node.js"
  if (url.startsWith("wasm:") || functionName.startsWith("wasm-")) return "parser"
  if (url.startsWith("node:")) return "Node.js"
  if (/\/node_modules\/(?:@effect\/platform|effect)\//.test(url)) return "Effect"
  if (/\/(?:undici|core|platform-node)\/|\/contenders\/floor\./.test(url)) return "client"
  return url === "" ? above : "caller"
}

/** The samples of a profile, by whose code they are in. */
export const sharesOf = ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares => {
  const parents = new Map(nodes.flatMap(({ children = [], id }) => children.map((child) => [child, id] as const)))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const known = new Map<number, Layer | undefined>()
  const find = (id: number | undefined): Layer | undefined => {
    const node = id === undefined ? undefined : byId.get(id)
    if (id === undefined || node === undefined) return undefined
    if (!known.has(id)) known.set(id, layerOf(node.callFrame, find(parents.get(id))))
    return known.get(id)
  }
  const times = new Map<Layer, number>()
  let whole = 0
  for (const [index, id] of samples.entries()) {
    const layer = find(id)
    const time = timeDeltas[index] ?? 0
    if (layer === undefined) continue
    whole += time
    times.set(layer, (times.get(layer) ?? 0) + time)
  }
  return Object.fromEntries(layers.map((layer) => [layer, (times.get(layer) ?? 0) / whole])) as Shares
}

/** Of this process, until the answer is called. */
export const watch = async (): Promise<() => Promise<Shares>> => {
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.setSamplingInterval", { interval: 500 })
  await session.post("Profiler.start")
  return async () => {
    const { profile } = await session.post("Profiler.stop")
    session.disconnect()
    return sharesOf(profile)
  }
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
