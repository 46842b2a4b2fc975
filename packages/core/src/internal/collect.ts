/**
 * Requests whose answers are collected: the end of each is told to a function, or to the fiber that waits for it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { PoolError } from "../PoolError.js"
import { InvalidRequest } from "../PoolError.js"
import type { PoolRequest } from "../PoolRequest.js"
import type { PoolResponse } from "../PoolResponse.js"
import { checkRequest } from "./checkRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import { RunningExchange } from "./exchange.js"
import type { ExchangeCaller, Fork } from "./exchangeCaller.js"
import * as Primitives from "./primitives.js"
import { WholeResponse } from "./response.js"
import { withFork } from "./runExchange.js"

type OnExit = (exit: Exit.Exit<PoolResponse, PoolError>) => void

class Told implements ExchangeCaller {
  private readonly pool: ConnectionPool
  private readonly onExit: OnExit

  constructor(pool: ConnectionPool, onExit: OnExit) {
    this.pool = pool
    this.onExit = onExit
  }

  onAnswer(exchange: RunningExchange): void {
    this.tell(Exit.succeed(new WholeResponse(exchange)))
  }

  onFailure(error: PoolError): void {
    this.tell(Exit.fail(error))
  }

  onDefect(defect: unknown): void {
    this.tell(Exit.die(defect))
  }

  /** The pool goes on, whatever its users do. */
  tell(exit: Exit.Exit<PoolResponse, PoolError>): void {
    try {
      this.onExit(exit)
    } catch (defect) {
      this.pool.logDefect("a caller of unsafeExecute threw", defect)
    }
  }
}

const nothing: Primitives.Abortable = { abort: () => {} }

/** Sends a request; what is returned can be given up, where it still runs. */
const collect = (pool: ConnectionPool, request: PoolRequest, onExit: OnExit, fork: Fork): Primitives.Abortable => {
  const caller = new Told(pool, onExit)
  const checked = checkRequest(request, pool.requestDefaults)
  if (checked instanceof InvalidRequest) {
    caller.onFailure(checked)
    return nothing
  }
  const origin = pool.originOf(checked.target.origin, checked.tls)
  const exchange = new RunningExchange(pool, origin, checked, "collect", caller, fork)
  exchange.start()
  return exchange
}

export const unsafeExecute = (pool: ConnectionPool, request: PoolRequest, onExit: OnExit): () => void => {
  const running = collect(pool, request, onExit, (effect) => pool.fork(effect))
  return () => running.abort()
}

const runtime = Effect.runtime<never>()

/**
 * Sends a request whenever it is run; a streamed body runs with what the calling fiber has. An answer that is whole holds nothing, so
 * that nothing has to be given back where an interruption overtakes it.
 */
export const execute = (pool: ConnectionPool, request: PoolRequest): Effect.Effect<PoolResponse, PoolError> => {
  const answer = withFork(
    request,
    runtime,
    (fork) => Primitives.cancellable<PoolResponse, PoolError>((resume) => collect(pool, request, resume, fork))
  )
  return request.restore === undefined ? answer : request.restore(answer)
}
