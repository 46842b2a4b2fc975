/**
 * Everything that is told to the outside: each fact comes here once and becomes sums, metrics and an event.
 *
 * @internal
 */
import type { Command } from "../machine/command.js"
import type { ConnectFailed, ConnectionLost, ConnectTimeout, PoolError } from "../PoolError.js"
import type { CloseReason } from "../PoolEvent.js"
import { event } from "../PoolEvent.js"
import { EventHub } from "./eventHub.js"
import type { HeldConnection } from "./heldConnection.js"
import type { Lease } from "./lease.js"
import type { MethodMetrics, OtherEnd } from "./originMetrics.js"
import type { OriginState } from "./originState.js"
import { Totals } from "./totals.js"

const timeIsOver: ReadonlySet<CloseReason> = new Set(["idle_timeout", "max_lifetime", "unused_origin"])

/** Why a lease may be leaked. */
export interface Suspicion {
  readonly heldFor: number
  readonly fiberId: string | undefined
  readonly acquiredBy: string | undefined
}

export class Books {
  /** Of the whole pool, origins that were removed included. */
  readonly totals = new Totals()
  readonly hub = new EventHub()

  opened(held: HeldConnection, at: number): void {
    const { origin } = held
    this.totals.connects.add(held.connectTime)
    origin.totals.connects.add(held.connectTime)
    origin.metrics.opened(held.connectTime / 1000)
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
    origin.metrics.closed(reason, (at - held.since - held.connectTime) / 1000)
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
    const waited = at - lease.askedAt
    this.totals.waits.add(waited)
    origin.totals.waits.add(waited)
    origin.metrics.granted(waited / 1000)
    this.leftQueue(lease, at)
    if (!this.hub.observed) return
    this.hub.publish(event.Granted({
      at,
      origin: origin.origin.href,
      connectionId: held.id,
      reused,
      waited
    }))
  }

  /** A lease that had to wait, and is told here however that ended, waits no longer. */
  leftQueue(lease: Lease, at: number): void {
    if (!lease.queued) return
    lease.queued = false
    lease.origin.metrics.leftQueue((at - lease.askedAt) / 1000)
  }

  /** A request was begun; what is answered hears of its end. */
  started(origin: OriginState, method: string): MethodMetrics {
    const metrics = origin.metrics.ofMethod(method)
    metrics.started()
    return metrics
  }

  /** A request goes out on a connection, so many milliseconds after the call. */
  requested(held: HeldConnection, reused: boolean, waited: number): void {
    const { origin } = held
    held.requests++
    this.totals.requests++
    origin.totals.requests++
    if (reused) {
      this.totals.reuses.add(waited)
      origin.totals.reuses.add(waited)
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
    origin.metrics.received(bytes)
  }

  released(lease: Lease, held: HeldConnection, reusable: boolean, at: number): void {
    lease.origin.metrics.released((at - lease.deliveredAt) / 1000)
    if (!this.hub.observed) return
    this.hub.publish(event.Released({ at, origin: held.origin.origin.href, connectionId: held.id, reusable }))
  }

  completed(held: HeldConnection, metrics: MethodMetrics, status: number, duration: number, at: number): void {
    metrics.completed(status, duration / 1000)
    if (!this.hub.observed) return
    this.hub.publish(
      event.Completed({ at, origin: held.origin.origin.href, connectionId: held.id, status, duration })
    )
  }

  /** A request ends that is neither answered nor failed: its caller has gone, or something threw. */
  abandoned(
    metrics: MethodMetrics | undefined,
    how: OtherEnd,
    status: number | undefined,
    duration: number
  ): void {
    metrics?.failed(how, status, duration / 1000)
  }

  /** `status`: of its answer, where the headers had come. */
  requestFailed(
    origin: OriginState,
    metrics: MethodMetrics | undefined,
    error: PoolError,
    status: number | undefined,
    duration: number,
    at: number
  ): void {
    metrics?.failed(error._tag, status, duration / 1000)
    this.failed(origin, error, at)
  }

  /** A request failed, or a lease that nobody got. */
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

  warmedUp(origin: OriginState, opened: number, failed: number, at: number): void {
    if (this.hub.observed) this.hub.publish(event.WarmUp({ at, origin: origin.origin.href, opened, failed }))
  }

  /** What the machine orders because its time has come. Asked only while somebody observes. */
  housekept(orders: ReadonlyArray<Command>, at: number): void {
    let closing = 0
    let removed = 0
    for (const order of orders) {
      if (order._tag === "Forget") removed++
      else if (order._tag === "Close" && timeIsOver.has(order.reason)) closing++
    }
    if (closing + removed > 0) this.hub.publish(event.Housekeeping({ at, closing, removed }))
  }

  leakSuspected({ id, origin }: HeldConnection, suspicion: Suspicion, at: number): void {
    this.totals.leaksSuspected++
    origin.totals.leaksSuspected++
    origin.metrics.leakSuspected()
    if (!this.hub.observed) return
    this.hub.publish(event.LeakSuspected({ at, origin: origin.origin.href, connectionId: id, ...suspicion }))
  }

  /** Told once of each suspicion that was wrong. */
  leakRetracted({ id, origin }: HeldConnection, heldFor: number, at: number): void {
    this.totals.leaksRetracted++
    origin.totals.leaksRetracted++
    origin.metrics.leakRetracted()
    if (!this.hub.observed) return
    this.hub.publish(event.LeakRetracted({ at, origin: origin.origin.href, connectionId: id, heldFor }))
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
