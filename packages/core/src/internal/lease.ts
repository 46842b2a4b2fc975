/**
 * One request's claim to a connection: it waits, is delivered, and ends exactly once.
 *
 * @internal
 */
import type * as FiberId from "effect/FiberId"
import type * as Tracer from "effect/Tracer"
import type { WireRequest } from "../Connection.js"
import type { PoolError } from "../PoolError.js"
import type { ConnectionInfo } from "../PoolStats.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { HeldConnection } from "./heldConnection.js"
import type { OriginState } from "./originState.js"

/** Where a claim to a connection comes from, as far as that is known. */
export interface LeaseAsker {
  /** The request that it is for, or that runs now. */
  readonly wire: WireRequest | undefined
  readonly span: Tracer.AnySpan | undefined
  readonly fiberId: FiberId.FiberId | undefined
}

/** Who wants the connection. Exactly one of the first two is called, unless the lease is ended before. */
export interface LeaseHolder {
  /** It has to wait; `dialling`: a connection is being opened because of it. */
  onQueued(dialling: boolean): void
  onDelivered(held: HeldConnection, now: number): void
  onRejected(error: PoolError): void
  /** What it is doing with its connection. */
  readonly connectionPhase: ConnectionInfo["phase"]
  readonly asker: LeaseAsker
  /** Since when its own side has moved nothing on its connection; `undefined` while the peer has to. */
  readonly quietSince: number | undefined
  /** Whether a drain need not wait for this holder: it has a connection, and nothing goes on. */
  readonly resting: boolean
  /** The pool takes the connection back, now. */
  onTakenAway(): void
}

export class Lease {
  /** Granted, delivered or not. */
  held: HeldConnection | undefined = undefined
  reused = false
  /** It had to wait, and does so until it is granted, rejected or given up. */
  queued = false
  delivered = false
  deliveredAt = 0
  ended = false
  readonly pool: ConnectionPool
  readonly origin: OriginState
  readonly holder: LeaseHolder
  /** The machine's name for it, once it was asked for. */
  id = -1
  /** When the connection was asked for. */
  readonly askedAt: number

  constructor(pool: ConnectionPool, origin: OriginState, holder: LeaseHolder, askedAt: number) {
    this.pool = pool
    this.origin = origin
    this.holder = holder
    this.askedAt = askedAt
  }

  /** A connection was chosen; it is delivered once it has shown that it is still alive. */
  grant(held: HeldConnection): void {
    this.held = held
    this.reused = held.requests > 0
    held.connection!.checkIdle((usable) => {
      // By now the request may be gone, or may have been granted another connection in place of this one.
      if (this.ended || this.held !== held) return
      if (!usable) {
        this.pool.closedByPeer(held, "server_close")
        this.queued ||= this.pool.machine.waiting.has(this.id)
        return
      }
      this.delivered = true
      const now = this.pool.now
      this.pool.deliver(this, held, now)
      this.holder.onDelivered(held, now)
    })
  }

  /** Gives the connection back, or the claim to one. Later calls do nothing. */
  end(reusable: boolean, idleLimit: number, now: number): void {
    if (this.ended) return
    this.ended = true
    this.pool.leaseEnded(this, reusable, idleLimit, now)
  }

  reject(error: PoolError): void {
    this.ended = true
    this.holder.onRejected(error)
  }
}
