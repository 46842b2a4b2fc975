// The callers, in the three ways in which clients are called. Each is the leanest loop of its kind: what is measured is the client.
import * as Effect from "effect/Effect"
import type { Round } from "./round.js"

/** Plays a round to its end; rejects at the first call that fails. */
export type Driver = (round: Round) => Promise<void>

const together = async (round: Round, caller: () => Promise<void>): Promise<void> => {
  await Promise.all(Array.from({ length: round.callers }, caller))
}

/** For clients that call back. */
export const callbacks = (call: (done: (error?: unknown) => void) => void): Driver => (round) =>
  together(round, () =>
    new Promise((resolve, reject) => {
      let since = round.startedAt
      const done = (error?: unknown): void => {
        if (error !== undefined) return reject(error)
        since = round.answered(since)
        if (since < round.deadline) call(done)
        else resolve()
      }
      call(done)
    }))

/** For clients that return a Promise. */
export const promises = (call: () => Promise<void>): Driver => (round) =>
  together(round, async () => {
    let since = round.startedAt
    do {
      await call()
      since = round.answered(since)
    } while (since < round.deadline)
  })

/** For clients that return an Effect: each caller is a fiber. */
export const effects = (
  call: Effect.Effect<void, unknown>,
  around: (callers: Effect.Effect<void, unknown>) => Effect.Effect<void, unknown>
): Driver =>
(round) => {
  const caller = Effect.suspend(() => {
    let since = round.startedAt
    return Effect.whileLoop({
      while: () => since < round.deadline,
      body: () => call,
      step: () => {
        since = round.answered(since)
      }
    })
  })
  const callers = Effect.replicateEffect(caller, round.callers, { concurrency: "unbounded", discard: true })
  return Effect.runPromise(around(callers))
}
