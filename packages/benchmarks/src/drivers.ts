// The callers, in the three ways in which clients are called. Each is the leanest loop of its kind: what is measured is the client.
import * as Effect from "effect/Effect"
import type { Round } from "./round.js"
import type { Workload } from "./workload.js"

/** Plays a round to its end; rejects at the first call that fails. */
export type Driver = (round: Round) => Promise<void>

type Done = (error?: unknown) => void

const together = async (round: Round, caller: () => Promise<void>): Promise<void> => {
  await Promise.all(Array.from({ length: round.callers }, caller))
}

/** Says of each call whether it is one that the caller gives up. */
const givingUp = ({ givesUp }: Workload): () => boolean => {
  if (!givesUp) return () => false
  let calls = 0
  return () => ++calls % 10 === 0
}

/** For clients that call back. `giveUp` makes a call that is never answered, and is done when that has been given up. */
export const callbacks = (
  workload: Workload,
  call: (done: Done) => void,
  giveUp: (done: Done) => void
): Driver => {
  const isGivenUp = givingUp(workload)
  return (round) =>
    together(round, () =>
      new Promise((resolve, reject) => {
        let since = round.startedAt
        const goOn = (error: unknown): void => {
          if (error !== undefined) reject(error)
          else if (since >= round.deadline) resolve()
          else next()
        }
        const answered = (error?: unknown): void => {
          if (error === undefined) since = round.answered(since)
          goOn(error)
        }
        const gaveUp = (error?: unknown): void => {
          since = performance.now()
          goOn(error)
        }
        const next = (): void => {
          if (isGivenUp()) giveUp(gaveUp)
          else call(answered)
        }
        next()
      }))
}

/** For clients that return a Promise. */
export const promises = (workload: Workload, call: () => Promise<void>, giveUp: () => Promise<void>): Driver => {
  const isGivenUp = givingUp(workload)
  return (round) =>
    together(round, async () => {
      let since = round.startedAt
      do {
        if (isGivenUp()) {
          await giveUp()
          since = performance.now()
        } else {
          await call()
          since = round.answered(since)
        }
      } while (since < round.deadline)
    })
}

/** For clients that return an Effect: each caller is a fiber. */
export const effects = (
  workload: Workload,
  call: Effect.Effect<void, unknown>,
  giveUp: Effect.Effect<void, unknown>,
  around: (callers: Effect.Effect<void, unknown>) => Effect.Effect<void, unknown>
): Driver => {
  const isGivenUp = givingUp(workload)
  return (round) => {
    const caller = Effect.suspend(() => {
      let since = round.startedAt
      let given = false
      return Effect.whileLoop({
        while: () => since < round.deadline || since === round.startedAt,
        body: () => {
          given = isGivenUp()
          return given ? giveUp : call
        },
        step: () => {
          since = given ? performance.now() : round.answered(since)
        }
      })
    })
    const callers = Effect.replicateEffect(caller, round.callers, { concurrency: "unbounded", discard: true })
    return Effect.runPromise(around(callers))
  }
}
