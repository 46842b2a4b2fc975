/**
 * The deadline of a whole request: `requestTimeout`, from the call to the last byte.
 *
 * @internal
 */
import type { RequestPhase } from "../PoolError.js"
import type { Deadline } from "./deadlines.js"
import type { RunningExchange } from "./exchange.js"

export class RequestDeadline implements Deadline {
  at = Infinity
  slot = -1
  private readonly exchange: RunningExchange
  private readonly timeout: number

  constructor(exchange: RunningExchange, timeout: number) {
    this.exchange = exchange
    this.timeout = timeout
  }

  onDue(): void {
    this.exchange.timedOut(this.phase, "requestTimeout", this.timeout)
  }

  private get phase(): RequestPhase {
    const { connectionPhase, origin, pool } = this.exchange
    if (connectionPhase !== undefined) return connectionPhase === "body" ? "body" : "headers"
    const { active, connecting, idle } = pool.countsOf(origin)
    return connecting > 0 && active + idle === 0 ? "connecting" : "waiting"
  }
}
