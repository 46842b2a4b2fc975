/**
 * Drains a pool: running exchanges have their time, then everything is closed.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { DrainReport } from "../ConnectionPool.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Deadline } from "./deadlines.js"

/** For connections that were ordered to close to say so; a transport that never does holds nothing up for longer. */
const closeGrace = 1_000

export const drain = (pool: ConnectionPool, timeout: number): Effect.Effect<DrainReport> =>
  Effect.async((resume) => {
    const { deadlines } = pool
    const startedAt = pool.now
    const cutOffBefore = pool.exchangesCutOff
    let timeIsOver = false
    const deadline: Deadline = {
      at: Infinity,
      slot: -1,
      onDue: (now) => {
        if (timeIsOver) return finish()
        timeIsOver = true
        pool.cutOff()
        if (!pool.machine.drained) deadlines.set(deadline, now + closeGrace)
      }
    }
    let ended = false
    const end = (): void => {
      if (ended) return
      ended = true
      deadlines.clear(deadline)
      forget()
      deadlines.release()
    }
    const finish = (): void => {
      end()
      // Perhaps by another drain, whose time was over earlier.
      const cutOff = pool.exchangesCutOff - cutOffBefore
      resume(Effect.succeed({
        answered: running - cutOff,
        cutOff,
        unclosed: pool.held.size,
        elapsed: pool.now - startedAt
      }))
    }
    deadlines.hold()
    pool.startDrain()
    const running = pool.leases.size
    deadlines.set(deadline, startedAt + timeout)
    const forget = pool.whenDrained(() => queueMicrotask(finish))
    return Effect.sync(end)
  })
