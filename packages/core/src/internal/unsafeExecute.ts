/**
 * An exchange whose end is told to a function.
 *
 * @internal
 */
import * as Exit from "effect/Exit"
import type { PoolError } from "../PoolError.js"
import { InvalidRequest } from "../PoolError.js"
import type { PoolRequest } from "../PoolRequest.js"
import type { PoolResponse } from "../PoolResponse.js"
import { checkRequest } from "./checkRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import { RunningExchange } from "./exchange.js"
import type { ExchangeCaller } from "./exchangeCaller.js"
import { WholeResponse } from "./response.js"

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

const nothing = (): void => {}

export const unsafeExecute = (pool: ConnectionPool, request: PoolRequest, onExit: OnExit): () => void => {
  const caller = new Told(pool, onExit)
  const checked = checkRequest(request, pool.requestDefaults)
  if (checked instanceof InvalidRequest) {
    caller.onFailure(checked)
    return nothing
  }
  const origin = pool.originOf(checked.target.origin, checked.tls)
  const exchange = new RunningExchange(pool, origin, checked, "collect", caller, (effect) => pool.fork(effect))
  exchange.start()
  return () => exchange.abort()
}
