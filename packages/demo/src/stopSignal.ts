// Ctrl-C and SIGTERM: the first asks the demo to end well, the second ends it at once.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export type StopSignal = "SIGINT" | "SIGTERM"

export const exitCode: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 }

/** Completes with the first signal, for as long as the scope lasts. */
export const listen: Effect.Effect<Deferred.Deferred<StopSignal>, never, Scope.Scope> = Effect.gen(function*() {
  const stop = yield* Deferred.make<StopSignal>()
  let first: StopSignal | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT" && signal !== "SIGTERM") return
    if (first !== undefined) process.exit(exitCode[signal])
    first = signal
    Deferred.unsafeDone(stop, Effect.succeed(signal))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGINT", onSignal).on("SIGTERM", onSignal)),
    () => Effect.sync(() => process.off("SIGINT", onSignal).off("SIGTERM", onSignal))
  )
  return stop
})
