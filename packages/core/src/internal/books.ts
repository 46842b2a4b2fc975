/**
 * Everything that is told to the outside: each fact comes here once and becomes sums, metrics and an event.
 *
 * @internal
 */
import type { ConnectFailed, ConnectionLost, ConnectTimeout, PoolError } from "../PoolError.js"
import type { CloseReason } from "../PoolEvent.js"
import { event } from "../PoolEvent.js"
import { EventHub } from "./eventHub.js"
import type { HeldConnection } from "./heldConnection.js"
import type { Lease } from "./lease.js"
import type { OriginState } from "./originState.js"
import { Totals } from "./originState.js"

export class Books {
  /** Of the whole pool, origins that were removed included. */
  readonly totals = new Totals()
  readonly hub = new EventHub()

  opened(held: HeldConnection, at: number): void {
    const { origin } = held
    for (const totals of [this.totals, origin.totals]) {
      totals.opened++
      totals.connectTime += held.connectTime
    }
    origin.metrics.opened()
    if (!this.hub.observed) return
    this.hub.publish(
      event.Opened({ at, origin: origin.origin.href, connectionId: held.id, duration: held.connectTime })
    )
  }

  closed(held: HeldConnection, reason: CloseReason, at: number): void {
    const { origin } = held
    this.totals.closed++
    origin.totals.closed++
    this.totals.closedBy[reason] = (this.totals.closedBy[reason] ?? 0) + 1
    origin.totals.closedBy[reason] = (origin.totals.closedBy[reason] ?? 0) + 1
    origin.metrics.closed(reason)
    if (!this.hub.observed) return
    this.hub.publish(event.Closed({
      at,
      origin: origin.origin.href,
      connectionId: held.id,
      reason,
      age: at - held.since,
      requests: held.requests
    }))
  }

  connectFailed(origin: OriginState, error: ConnectFailed | ConnectTimeout, at: number): void {
    origin.lastConnectFailure = error
    for (const totals of [this.totals, origin.totals]) {
      totals.connectFailures++
      if (error._tag === "ConnectTimeout") totals.connectTimeouts++
    }
    if (this.hub.observed) this.hub.publish(event.ConnectFailed({ at, origin: origin.origin.href, error }))
  }

  queued(origin: OriginState, at: number): void {
    if (this.hub.observed) this.hub.publish(event.Queued({ at, origin: origin.origin.href }))
  }

  granted(lease: Lease, held: HeldConnection, at: number): void {
    const { origin, reused } = lease
    if (!this.hub.observed) return
    this.hub.publish(event.Granted({
      at,
      origin: origin.origin.href,
      connectionId: held.id,
      reused,
      waited: at - lease.askedAt
    }))
  }

  /** A request goes out on a connection, so many milliseconds after the call. */
  requested(held: HeldConnection, reused: boolean, waited: number): void {
    const { origin } = held
    held.requests++
    this.totals.requests++
    origin.totals.requests++
    if (reused) {
      this.totals.reused++
      this.totals.reuseTime += waited
      origin.totals.reused++
      origin.totals.reuseTime += waited
    }
    origin.metrics.requested(reused)
  }

  /** A request goes out once more. */
  repeated({ id, origin }: HeldConnection, error: ConnectionLost, at: number): void {
    this.totals.repeated++
    origin.totals.repeated++
    origin.metrics.repeated()
    if (!this.hub.observed) return
    this.hub.publish(event.Repeated({ at, origin: origin.origin.href, connectionId: id, error }))
  }

  received(origin: OriginState, bytes: number): void {
    this.totals.bytesReceived += bytes
    origin.totals.bytesReceived += bytes
  }

  released(held: HeldConnection, reusable: boolean, at: number): void {
    if (!this.hub.observed) return
    this.hub.publish(event.Released({ at, origin: held.origin.origin.href, connectionId: held.id, reusable }))
  }

  completed(held: HeldConnection, status: number, duration: number, at: number): void {
    if (!this.hub.observed) return
    this.hub.publish(
      event.Completed({ at, origin: held.origin.origin.href, connectionId: held.id, status, duration })
    )
  }

  failed(origin: OriginState, error: PoolError, at: number): void {
    this.totals.failures[error._tag] = (this.totals.failures[error._tag] ?? 0) + 1
    origin.totals.failures[error._tag] = (origin.totals.failures[error._tag] ?? 0) + 1
    if (error._tag === "ConnectionLost" && error.reason === "unread") {
      this.totals.unread++
      origin.totals.unread++
    }
    origin.metrics.failed(error._tag)
    if (this.hub.observed) this.hub.publish(event.Failed({ at, origin: origin.origin.href, error }))
  }

  originRemoved(origin: OriginState, at: number): void {
    if (this.hub.observed) this.hub.publish(event.OriginRemoved({ at, origin: origin.origin.href }))
  }

  draining(at: number): void {
    if (this.hub.observed) this.hub.publish(event.Draining({ at }))
  }

  drained(at: number): void {
    if (this.hub.observed) this.hub.publish(event.Drained({ at }))
  }
}
