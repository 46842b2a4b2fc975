/**
 * Turns an exchange whose body its caller reads into an Effect that can be interrupted at any moment.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { PoolError } from "../PoolError.js"
import type { PoolRequest } from "../PoolRequest.js"
import { isStream } from "./checkRequest.js"
import type { RunningExchange } from "./exchange.js"
import type { ExchangeCaller, Fork } from "./exchangeCaller.js"
import type { Restore } from "./primitives.js"
import * as Primitives from "./primitives.js"

type Start = (caller: ExchangeCaller, fork: Fork) => RunningExchange

const noFork: Fork = () => {
  throw new Error("only a streamed body runs in a fiber of its own")
}

/** A streamed body runs with `runtime`; it is asked for nothing where there is none. */
export const withFork = <A, E, R>(
  { body }: PoolRequest,
  runtime: Effect.Effect<Runtime.Runtime<never>>,
  use: (fork: Fork) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  isStream(body) ? Effect.flatMap(runtime, (runtime) => use(Runtime.runFork(runtime))) : use(noFork)

/** Resumes the fiber that waits. */
class Waiting implements ExchangeCaller {
  private readonly resume: (effect: Effect.Effect<RunningExchange, PoolError>) => void

  constructor(resume: (effect: Effect.Effect<RunningExchange, PoolError>) => void) {
    this.resume = resume
  }

  onAnswer(exchange: RunningExchange): void {
    this.resume(Effect.succeed(exchange))
  }

  onFailure(error: PoolError): void {
    this.resume(Effect.fail(error))
  }

  onDefect(defect: unknown): void {
    this.resume(Effect.die(defect))
  }
}

/**
 * Succeeds when the caller is answered, with what `use` makes of the exchange. An interruption, also one that comes after the
 * answer and before it was received, aborts the exchange; `use` is not interrupted. (A mask and `matchCauseEffect` cost half of
 * what a canceller of `Effect.async` does.)
 */
const run = <A, R>(
  start: Start,
  fork: Fork,
  use: (exchange: RunningExchange) => Effect.Effect<A, PoolError, R>,
  restore: Restore
): Effect.Effect<A, PoolError, R> => {
  let exchange: RunningExchange | undefined
  const answer = Primitives.async<RunningExchange, PoolError>((resume) => {
    exchange = start(new Waiting(resume), fork)
  })
  return Effect.matchCauseEffect(restore(answer), {
    onFailure: (cause) => {
      exchange?.abort()
      return Effect.failCause(cause)
    },
    onSuccess: use
  })
}

/** Runs an exchange; a streamed body runs with what the calling fiber has. */
export const runExchange = <A, R>(
  request: PoolRequest,
  start: Start,
  use: (exchange: RunningExchange) => Effect.Effect<A, PoolError, R>
): Effect.Effect<A, PoolError, R> => {
  const masked = (restore: Restore): Effect.Effect<A, PoolError, R> =>
    withFork(request, restore(Effect.runtime<never>()), (fork) => run(start, fork, use, restore))
  return request.restore === undefined ? Primitives.uninterruptibleMask(masked) : masked(request.restore)
}
