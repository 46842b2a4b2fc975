/**
 * What the machine knows of one key: its connections in the order in which they are taken, its waiters, its counts.
 *
 * @internal
 */
import type { Alarm } from "./alarms.js"
import type { ConnectionEntry } from "./connectionEntry.js"
import { StateCounts } from "./connectionEntry.js"
import { EntryOrder } from "./entryOrder.js"
import { IdleLimit } from "./idleLimit.js"
import { WaitQueue } from "./waitQueue.js"

/** Values of one key; times in milliseconds, `Infinity` for none. */
export interface KeyLimits {
  /** Connecting, active and idle together. */
  readonly maxConnections: number
  readonly maxIdle: number
  /** Connections that are kept idle, or being opened for it, while others are in use. */
  readonly minIdle: number
  readonly idleTimeout: number
  readonly maxLifetime: number
  readonly maxRequests: number
  /** A key without a request for this long is forgotten. */
  readonly unusedAfter: number
}

export type Scheduling = "lifo" | "fifo"

/** After failures in a row, how long a key whose other connections still work waits before it dials again. */
const redialDelay = { first: 100, longest: 5_000 } as const

/** A connection that nobody used and that its peer closed sooner than this, in milliseconds, was as good as a dial that failed. */
const stillborn = 1_000

/** Rings when the key may dial again. */
export class Redial implements Alarm {
  readonly kind = "redial"
  at = Infinity
  slot = -1
  readonly shelf: OriginShelf

  constructor(shelf: OriginShelf) {
    this.shelf = shelf
  }
}

export class OriginShelf implements Alarm {
  readonly kind = "shelf"
  at = Infinity
  slot = -1
  readonly counts = new StateCounts()
  readonly waiting = new WaitQueue()
  /** Those that take no connection but one that is opened while they wait; they come before the others. */
  readonly fresh = new WaitQueue()
  /** Connections being opened because somebody waited. */
  readonly connecting = new EntryOrder()
  /** Connections being opened for nobody in particular. */
  readonly spare = new EntryOrder()
  /** Connections without a lease. */
  readonly idle = new EntryOrder()
  /** Connections with leases and room for more (never with HTTP/1.1). */
  readonly shared = new EntryOrder()
  readonly redial = new Redial(this)
  /** What was learned of the origin. */
  readonly learned = new IdleLimit()
  /** When it last was asked for a connection, or got one back. */
  lastUsed = 0
  /** Rounds of dialling that failed since one succeeded. */
  failures = 0
  /** Rounds of dialling whose connections the peer closed before anybody used them, since one was of use. */
  stillbirths = 0
  readonly key: string
  readonly limits: KeyLimits

  constructor(key: string, limits: KeyLimits) {
    this.key = key
    this.limits = limits
  }

  /** The connection to grant next: one that is shared already, or the idle one that the scheduling names. */
  ready(scheduling: Scheduling): ConnectionEntry | undefined {
    return this.shared.newest ?? (scheduling === "lifo" ? this.idle.newest : this.idle.oldest)
  }

  /** Requests without a connection. */
  get demand(): number {
    return this.waiting.size + this.fresh.size
  }

  get full(): boolean {
    return this.counts.open >= this.limits.maxConnections
  }

  /** Whether somebody who takes no other than a fresh connection has none under way. */
  get lacksFresh(): boolean {
    return this.fresh.size > this.counts.connecting
  }

  get inUse(): boolean {
    return this.demand > 0 || this.counts.active > 0 || this.connecting.newest !== undefined
  }

  /** Whether a connection is there that a waiter may hope for. */
  get hasEstablished(): boolean {
    return this.counts.active > 0 || this.counts.idle > 0
  }

  /** Whether the waiters need one more dial than is under way, and the key's own limit and failures allow it. */
  wantsDial(): boolean {
    if (this.demand <= this.counts.connecting) return false
    // In a full key an idle connection gives way to a fresh one.
    if (this.full && !(this.lacksFresh && this.counts.idle > 0)) return false
    if (this.failures === 0) return true
    const hopeless = !this.hasEstablished || this.lacksFresh
    return this.counts.connecting === 0 && (hopeless || this.redial.slot < 0)
  }

  /** Whether there are too few idle connections, dials that nobody waits for included, and one more may be dialled. */
  get lacksIdle(): boolean {
    const spare = this.counts.idle + Math.max(0, this.counts.connecting - this.demand)
    if (spare >= this.limits.minIdle || this.full) return false
    return !this.troubled || (this.counts.connecting === 0 && this.redial.slot < 0)
  }

  /** The dial to give up when a waiter has left: the newest, if there are more than waiters. */
  get surplusDial(): ConnectionEntry | undefined {
    return this.counts.connecting > this.demand ? this.connecting.newest : undefined
  }

  /** Whether what is dialled comes to nothing. A single early close may have been a restart. */
  get troubled(): boolean {
    return this.failures > 0 || this.stillbirths > 1
  }

  /** The peer closed a connection that was open for so long, and nobody had used. Tells whether the next dial is to wait for that. */
  buried(age: number): boolean {
    if (age >= stillborn) {
      this.stillbirths = 0
      return false
    }
    // Connections that are closed together are one round.
    return this.redial.slot < 0 && ++this.stillbirths > 1
  }

  /** When to dial again after one more failure; `jitter` is in [0, 1). */
  redialAt(now: number, jitter: number): number {
    const rounds = Math.max(this.failures, this.stillbirths - 1)
    const delay = Math.min(redialDelay.first * 2 ** (rounds - 1), redialDelay.longest)
    return now + delay * (1 - 0.5 * jitter)
  }
}
