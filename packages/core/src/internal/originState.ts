/**
 * What the skin knows of one pool key: its settings, and what was counted for it.
 *
 * @internal
 */
import type { TlsOptions } from "../Connector.js"
import type { KeyLimits, OriginShelf } from "../machine/originShelf.js"
import type { Origin } from "../Origin.js"
import type { OriginSettings } from "../PoolConfig.js"
import type { ConnectFailed, ConnectTimeout, PoolCounts } from "../PoolError.js"
import type { OriginStats } from "../PoolStats.js"
import { FailedDials } from "./failedDials.js"
import type { OriginMetrics } from "./originMetrics.js"
import { Totals } from "./totals.js"

const noCounts = { connecting: 0, active: 0, idle: 0 }

export class OriginState {
  readonly totals = new Totals()
  /** Since the last successful dial. */
  lastConnectFailure: ConnectFailed | ConnectTimeout | undefined = undefined
  readonly failedDials = new FailedDials()
  private shownActive = 0
  private shownIdle = 0
  private shownWaiting = 0
  private shownLearned = Infinity
  private limitsShown = false
  readonly key: string
  readonly origin: Origin
  readonly tls: TlsOptions | undefined
  readonly settings: OriginSettings
  readonly limits: KeyLimits
  readonly metrics: OriginMetrics

  constructor(
    key: string,
    origin: Origin,
    tls: TlsOptions | undefined,
    settings: OriginSettings,
    limits: KeyLimits,
    metrics: OriginMetrics
  ) {
    this.key = key
    this.origin = origin
    this.tls = tls
    this.settings = settings
    this.limits = limits
    this.metrics = metrics
  }

  counts(shelf: OriginShelf | undefined): PoolCounts {
    const { active, connecting, idle } = shelf === undefined ? noCounts : shelf.counts
    return { connecting, active, idle, waiting: shelf?.demand ?? 0, limit: this.settings.maxConnectionsPerOrigin }
  }

  /** `oldestWait`: how long the oldest of those that wait has waited. */
  stats(shelf: OriginShelf | undefined, oldestWait: number | undefined): OriginStats {
    const learned = shelf?.learned.value ?? Infinity
    return {
      origin: this.origin.href,
      ...this.counts(shelf),
      oldestWait,
      ...this.totals.snapshot(),
      learnedIdleLimit: learned === Infinity ? undefined : learned,
      lastConnectFailure: this.lastConnectFailure
    }
  }

  private get maxIdle(): number {
    return Math.min(this.limits.maxIdle, this.limits.maxConnections)
  }

  /** Its limits are limits of the pool from now on. */
  showLimits(): void {
    this.limitsShown = true
    this.metrics.moveLimits(this.limits.maxConnections, this.maxIdle)
  }

  /** It is forgotten, or the pool ends: what goes up and down returns to 0. */
  showNothing(): void {
    this.showCounts(undefined)
    if (!this.limitsShown) return
    this.limitsShown = false
    this.metrics.moveLimits(-this.limits.maxConnections, -this.maxIdle)
  }

  /** Moves the metrics that go up and down to what the machine counts now. */
  showCounts(shelf: OriginShelf | undefined): void {
    const active = shelf === undefined ? 0 : shelf.counts.active
    const idle = shelf === undefined ? 0 : shelf.counts.idle
    const waiting = shelf === undefined ? 0 : shelf.demand
    if (active !== this.shownActive) {
      this.metrics.moveActive(active - this.shownActive)
      this.shownActive = active
    }
    if (idle !== this.shownIdle) {
      this.metrics.moveIdle(idle - this.shownIdle)
      this.shownIdle = idle
    }
    if (waiting !== this.shownWaiting) {
      this.metrics.movePending(waiting - this.shownWaiting)
      this.shownWaiting = waiting
    }
    const learned = shelf === undefined ? Infinity : shelf.learned.value
    if (learned !== this.shownLearned) {
      this.metrics.learned(learned === Infinity ? 0 : learned / 1000)
      this.shownLearned = learned
    }
  }
}
