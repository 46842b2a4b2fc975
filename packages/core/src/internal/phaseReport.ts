/**
 * Tells a request's `onPhase` what it goes through.
 *
 * @internal
 */
import type { PoolRequest, RequestPhaseEvent } from "../PoolRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { HeldConnection } from "./heldConnection.js"

export class PhaseReport {
  /** The number of the first connection that is opened after the request began to wait. */
  private firstLater = Infinity
  private readonly pool: ConnectionPool
  private readonly onPhase: NonNullable<PoolRequest["onPhase"]>

  constructor(pool: ConnectionPool, onPhase: NonNullable<PoolRequest["onPhase"]>) {
    this.pool = pool
    this.onPhase = onPhase
  }

  queued(dialling: boolean): void {
    this.firstLater = this.pool.machine.opened
    this.tell("queued", 0)
    if (dialling) this.tell("connecting", 0)
  }

  delivered(held: HeldConnection, reused: boolean): void {
    if (held.id >= this.firstLater) this.tell("connecting", this.pool.now - held.since)
    this.tell(reused ? "reused" : "connected", 0)
  }

  /** It is the caller's own code, which must not break ours. */
  private tell(event: RequestPhaseEvent, ago: number): void {
    try {
      this.onPhase(event, ago)
    } catch (defect) {
      this.pool.logDefect("the onPhase of a request threw", defect)
    }
  }
}
