// The event loop.
import * as Effect from "effect/Effect"

/** Lets the event loop go round a few times: what closing a socket leaves behind goes there. */
export const settle: Effect.Effect<void> = Effect.async<void>((resume) => {
  const turn = (left: number): void => {
    if (left === 0) resume(Effect.void)
    else setImmediate(turn, left - 1)
  }
  turn(4)
})
