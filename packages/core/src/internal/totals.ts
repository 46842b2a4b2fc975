/**
 * What is counted of an origin, and of the whole pool: sums that only grow.
 *
 * @internal
 */
import type { CloseReason } from "../PoolEvent.js"
import type { PoolTotals } from "../PoolStats.js"
import { DurationCounts } from "./durationCounts.js"

export class Totals {
  connectFailures = 0
  connectTimeouts = 0
  closed = 0
  requests = 0
  repeated = 0
  bytesReceived = 0
  unread = 0
  leaksSuspected = 0
  leaksRetracted = 0
  readonly connects: DurationCounts
  readonly waits: DurationCounts
  readonly reuses: DurationCounts
  readonly failures: Record<string, number> = {}
  readonly closedBy: Partial<Record<CloseReason, number>> = {}

  constructor() {
    const [connects, waits, reuses] = DurationCounts.three()
    this.connects = connects
    this.waits = waits
    this.reuses = reuses
  }

  snapshot(): PoolTotals {
    const { connects, failures, requests, reuses, waits } = this
    const failed = (tag: string): number => failures[tag] ?? 0
    return {
      opened: connects.count,
      connectTime: connects.sum,
      connectTimes: connects.snapshot(),
      connectFailures: this.connectFailures,
      connectTimeouts: this.connectTimeouts,
      closed: this.closed,
      requests,
      waitTimes: waits.snapshot(),
      reused: reuses.count,
      reuseTime: reuses.sum,
      reuseTimes: reuses.snapshot(),
      reusePercent: requests === 0 ? 0 : (100 * reuses.count) / requests,
      repeated: this.repeated,
      bytesReceived: this.bytesReceived,
      unread: this.unread,
      leaksSuspected: this.leaksSuspected,
      leaksRetracted: this.leaksRetracted,
      timeouts: failed("AcquireTimeout") + failed("ConnectTimeout") + failed("RequestTimeout"),
      failures: { ...failures },
      closedBy: { ...this.closedBy }
    }
  }
}
