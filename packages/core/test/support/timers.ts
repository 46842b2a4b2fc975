/** Which timers of ours would keep the process alive. */
import { Effect } from "effect"

/** Runs something that may ask how many timers that it set are pending and keep the process alive. */
export const withTimers = <A, E>(use: (holding: () => number) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const { clearTimeout, setTimeout } = globalThis
    const pending = new Set<NodeJS.Timeout>()
    globalThis.setTimeout = ((run: () => void, delay: number) => {
      const handle = setTimeout(() => {
        pending.delete(handle)
        run()
      }, delay)
      pending.add(handle)
      return handle
    }) as typeof setTimeout
    globalThis.clearTimeout = (handle) => {
      pending.delete(handle as NodeJS.Timeout)
      clearTimeout(handle)
    }
    return Effect.ensuring(
      use(() => Array.from(pending).filter((handle) => handle.hasRef()).length),
      Effect.sync(() => Object.assign(globalThis, { clearTimeout, setTimeout }))
    )
  })
