/**
 * Tells a request's `onPhase` what it goes through.
 *
 * @internal
 */
import type { PoolRequest, RequestPhaseEvent } from "../PoolRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { HeldConnection } from "./heldConnection.js"

export class PhaseReport {
  private waited = false
  private dialling = false
  private readonly pool: ConnectionPool
  private readonly onPhase: NonNullable<PoolRequest["onPhase"]>

  constructor(pool: ConnectionPool, onPhase: NonNullable<PoolRequest["onPhase"]>) {
    this.pool = pool
    this.onPhase = onPhase
  }

  queued(dialling: boolean): void {
    this.waited = true
    this.dialling = dialling
    this.tell("queued", 0)
    if (dialling) this.tell("connecting", 0)
  }

  /** `startedAt`: the request's start; a connection may be opened for it later than that. */
  delivered(held: HeldConnection, reused: boolean, startedAt: number): void {
    const later = this.waited && !this.dialling && !reused && held.since >= startedAt
    if (later) this.tell("connecting", this.pool.now - held.since)
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
