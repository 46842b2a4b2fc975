/**
 * Tells a request's observer what it goes through.
 *
 * @internal
 */
import type { WireRequest } from "../Connection.js"
import type { ConnectionLost } from "../PoolError.js"
import type { RequestObserver, RequestPhaseEvent } from "../PoolRequest.js"
import { withHeaders } from "./checkRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { HeldConnection } from "./heldConnection.js"

export class PhaseReport {
  /** The number of the first connection that is opened after the request began to wait. */
  private firstLater = Infinity
  private readonly pool: ConnectionPool
  private readonly observer: RequestObserver

  constructor(pool: ConnectionPool, observer: RequestObserver) {
    this.pool = pool
    this.observer = observer
  }

  queued(dialling: boolean): void {
    this.firstLater = this.pool.machine.opened
    this.tell("queued", 0)
    if (dialling) this.tell("connecting", 0)
  }

  delivered(held: HeldConnection, reused: boolean): void {
    const { setup } = held
    if (setup !== undefined) this.guard(() => this.observer.onConnectionSpan?.(setup))
    if (held.id >= this.firstLater) this.tell("connecting", this.pool.now - held.since)
    this.tell(reused ? "reused" : "connected", 0)
  }

  /** The request as it is sent again. */
  repeated(wire: WireRequest, lost: ConnectionLost): WireRequest {
    return this.guard(() => {
      const headers = this.observer.onRepeat?.(lost)
      return headers === undefined ? wire : withHeaders(wire, headers)
    }) ?? wire
  }

  private tell(event: RequestPhaseEvent, ago: number): void {
    const { observer } = this
    if (observer.onPhase !== undefined) this.guard(() => observer.onPhase!(event, ago))
  }

  /** It is the caller's own code, which must not break ours. */
  private guard<A>(call: () => A): A | undefined {
    try {
      return call()
    } catch (defect) {
      this.pool.logDefect("the observer of a request threw", defect)
      return undefined
    }
  }
}
