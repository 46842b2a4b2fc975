/**
 * What a pool is doing and has done, at one moment.
 *
 * @since 0.1.0
 */
import * as Inspectable from "effect/Inspectable"
import type { PoolCounts } from "./PoolError.js"
import type { CloseReason } from "./PoolEvent.js"

/**
 * Sums since the pool was built, or since the origin was last unknown to it.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolTotals {
  /** Connections that were opened. */
  readonly opened: number
  /** Connections that were closed after they had been open. */
  readonly closed: number
  /** Requests that were given a connection. */
  readonly requests: number
  /** Of these, the ones whose connection had answered a request before. */
  readonly reused: number
  /** Bytes of answers' bodies. */
  readonly bytesReceived: number
  /** Failed requests by the tag of their error. */
  readonly failures: Readonly<Record<string, number>>
  /** Closed connections by reason. */
  readonly closedBy: Readonly<Partial<Record<CloseReason, number>>>
}

/**
 * One origin, or one TLS identity at an origin. Limits of an origin hold for each of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginStats extends PoolCounts, PoolTotals {
  readonly origin: string
}

/**
 * A whole pool. Prints itself in one line.
 *
 * @since 0.1.0
 * @category models
 */
export class PoolStats extends Inspectable.Class implements PoolCounts, PoolTotals {
  readonly name: string
  readonly connecting: number
  readonly active: number
  readonly idle: number
  readonly waiting: number
  readonly limit: number
  readonly opened: number
  readonly closed: number
  readonly requests: number
  readonly reused: number
  readonly bytesReceived: number
  readonly failures: Readonly<Record<string, number>>
  readonly closedBy: Readonly<Partial<Record<CloseReason, number>>>
  readonly origins: ReadonlyArray<OriginStats>

  constructor(name: string, counts: PoolCounts, totals: PoolTotals, origins: ReadonlyArray<OriginStats>) {
    super()
    this.name = name
    this.connecting = counts.connecting
    this.active = counts.active
    this.idle = counts.idle
    this.waiting = counts.waiting
    this.limit = counts.limit
    this.opened = totals.opened
    this.closed = totals.closed
    this.requests = totals.requests
    this.reused = totals.reused
    this.bytesReceived = totals.bytesReceived
    this.failures = totals.failures
    this.closedBy = totals.closedBy
    this.origins = origins
  }

  /**
   * Of 100 requests, how many found a connection that had answered one before; 0 when there was none.
   *
   * @since 0.1.0
   */
  get reusePercent(): number {
    return this.requests === 0 ? 0 : (100 * this.reused) / this.requests
  }

  /**
   * The fields, as JSON has them.
   *
   * @since 0.1.0
   */
  toJSON(): unknown {
    return { ...this, reusePercent: this.reusePercent }
  }

  /**
   * One line: `ConnectionPool(active 1, idle 2, connecting 0, waiting 3)`.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return `ConnectionPool(active ${this.active}, idle ${this.idle}, connecting ${this.connecting}, waiting ${this.waiting})`
  }
}

/**
 * One connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionInfo {
  readonly id: number
  readonly origin: string
  readonly state: "connecting" | "idle" | "active" | "closing"
  /** What an active one is doing; `leased` is a connection kept by `lease`, between two requests. */
  readonly phase: "sending" | "headers" | "body" | "leased" | undefined
  /** Milliseconds since its opening began. */
  readonly age: number
  /** Requests it has answered. */
  readonly requests: number
  readonly remoteAddress: string | undefined
}
