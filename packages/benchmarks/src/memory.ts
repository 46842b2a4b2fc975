// The memory of this process, and what becomes of it while work is done.
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setImmediate } from "node:timers/promises"
import * as v8 from "node:v8"
import * as vm from "node:vm"

/** Bytes. */
export interface Memory {
  readonly heap: number
  readonly external: number
}

/** Finalizers and weak references need more than one. */
const collections = 4

/** What is in use when everything that nobody needs has gone. */
export const used = async (): Promise<Memory> => {
  v8.setFlagsFromString("--expose-gc")
  const collectGarbage: () => void = vm.runInNewContext("gc")
  for (let i = 0; i < collections; i++) {
    await setImmediate()
    collectGarbage()
  }
  const { external, heapUsed } = process.memoryUsage()
  return { heap: heapUsed, external }
}

export interface Watched {
  readonly bytesAllocated: number
  readonly gcMicroseconds: number
  /** Milliseconds beyond the interval of the sampling. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
}

const resolution = 1

const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution)

/** Begins to watch; the result ends it. What is allocated is what the heap grew by between each collection and the next. */
export const watch = (): () => Watched => {
  const collector = new v8.GCProfiler()
  const loop = monitorEventLoopDelay({ resolution })
  const before = process.memoryUsage().heapUsed
  collector.start()
  loop.enable()
  return () => {
    loop.disable()
    const after = process.memoryUsage().heapUsed
    const { statistics } = collector.stop()
    let bytesAllocated = 0
    let gcMicroseconds = 0
    let last = before
    for (const { afterGC, beforeGC, cost } of statistics) {
      bytesAllocated += Math.max(0, beforeGC.heapStatistics.usedHeapSize - last)
      last = afterGC.heapStatistics.usedHeapSize
      gcMicroseconds += cost
    }
    bytesAllocated += Math.max(0, after - last)
    const at = (percent: number): number => milliseconds(loop.percentile(percent))
    return { bytesAllocated, gcMicroseconds, loopDelay: { p50: at(50), p99: at(99), max: milliseconds(loop.max) } }
  }
}
