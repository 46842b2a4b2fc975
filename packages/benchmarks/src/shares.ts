// Whose code a process spends its time in, by a sampling profiler.
import type { Profiler } from "node:inspector"
import { Session } from "node:inspector/promises"

/** In the order of the table. */
export const layers = ["write", "Node.js", "parser", "client", "Effect", "garbage", "caller"] as const

export type Layer = typeof layers[number]

/** Parts of the time in which something was done; the profiler's own is left out. */
export type Shares = Readonly<Record<Layer, number>>

type CallFrame = Pick<Profiler.ProfileNode["callFrame"], "functionName" | "url">

/** Undefined: the profiler itself, or nothing was done. What V8 and the system do for somebody is his. */
const layerOf = ({ functionName, url }: CallFrame, above: Layer | undefined): Layer | undefined => {
  if (functionName === "(idle)" || url === "node:inspector" || url === "node:inspector/promises") return undefined
  if (functionName === "(garbage collector)") return "garbage"
  if (/^write(?:v|Buffer|Latin1String|Utf8String)$/.test(functionName) && url === "") return "write"
  if (functionName === "(program)") return "Node.js"
  if (url.startsWith("wasm:") || functionName.startsWith("wasm-")) return "parser"
  if (url.startsWith("node:")) return "Node.js"
  if (/\/node_modules\/(?:@effect\/[\w-]+|effect)\//.test(url)) return "Effect"
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
