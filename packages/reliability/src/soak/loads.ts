// The loads of a soak. Each is a second of work, at whose end no request is under way.
import { setTimeout } from "node:timers/promises"

export interface Load {
  readonly name: string
  readonly title: string
  /** Makes calls for about a second; no more once `signal` is aborted. */
  readonly second: (call: () => Promise<void>, signal: AbortSignal) => Promise<void>
}

export const connections = 50
const perSecond = 90
const burst = 100
const second = 1_000

const until = async (time: number): Promise<void> => {
  const wait = time - performance.now()
  if (wait > 0) await setTimeout(wait)
}

const many = (count: number, one: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, one))

export const loads: ReadonlyArray<Load> = [
  {
    name: "steady",
    title: `${perSecond} requests a second, evenly`,
    second: async (call, signal) => {
      const begin = performance.now()
      for (let i = 0; i < perSecond && !signal.aborted; i++) {
        await until(begin + (i / perSecond) * second)
        await call()
      }
      await until(begin + second)
    }
  },
  {
    name: "full speed",
    title: `${connections} callers, each as fast as it can`,
    second: async (call, signal) => {
      const end = performance.now() + second
      await many(connections, async () => {
        while (performance.now() < end && !signal.aborted) await call()
      })
    }
  },
  {
    name: "bursts",
    title: `${burst} requests at once, each second`,
    second: async (call) => {
      const begin = performance.now()
      await many(burst, call)
      await until(begin + second)
    }
  }
]
