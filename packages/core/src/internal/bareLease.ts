/**
 * A connection that a caller keeps for several requests, one after another.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as FiberId from "effect/FiberId"
import type * as Tracer from "effect/Tracer"
import type * as ConnectionPoolApi from "../ConnectionPool.js"
import type { PoolError } from "../PoolError.js"
import { ConnectionLost, InvalidRequest } from "../PoolError.js"
import type { PoolRequest } from "../PoolRequest.js"
import type { PoolResponse } from "../PoolResponse.js"
import type { ConnectionInfo } from "../PoolStats.js"
import { checkRequest } from "./checkRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import { RunningExchange } from "./exchange.js"
import type { ExchangeCaller, ExchangeLease, Fork } from "./exchangeCaller.js"
import { poolClosed } from "./failures.js"
import type { HeldConnection } from "./heldConnection.js"
import type { LeaseAsker, LeaseHolder } from "./lease.js"
import { Lease } from "./lease.js"
import type { OriginState } from "./originState.js"
import { WholeResponse } from "./response.js"
import { runExchange } from "./runExchange.js"

export class BareLease implements LeaseHolder {
  private readonly lease: Lease
  private held: HeldConnection | undefined = undefined
  private running: RunningExchange | undefined = undefined
  /** What the last exchange left: whether the connection can serve another, and for how long it may be idle. */
  private clean = true
  private idleLimit = Infinity
  private wanted = true
  private readonly turns = Effect.unsafeMakeSemaphore(1)
  private readonly pool: ConnectionPool
  private readonly origin: OriginState
  private readonly onReady: (outcome: Effect.Effect<BareLease, PoolError>) => void
  private readonly span: Tracer.AnySpan | undefined
  private readonly fiberId: FiberId.FiberId
  /** Since when no request has run. */
  private restingSince = 0

  constructor(
    pool: ConnectionPool,
    origin: OriginState,
    fiber: Fiber.RuntimeFiber<unknown, unknown>,
    onReady: (outcome: Effect.Effect<BareLease, PoolError>) => void
  ) {
    this.pool = pool
    this.origin = origin
    this.span = fiber.currentSpan
    this.fiberId = fiber.id()
    this.onReady = onReady
    this.lease = new Lease(pool, origin, this, pool.now)
  }

  start(): void {
    this.pool.leaks.begin()
    this.pool.ask(this.lease, this.lease.askedAt + this.origin.settings.acquireTimeout, false)
  }

  /** Ends the lease; a request that is under way fails. */
  end(): void {
    this.running?.onLeaseEnded()
    this.lease.end(this.clean && this.wanted, this.idleLimit, this.pool.now)
  }

  onQueued(): void {}

  onDelivered(held: HeldConnection, now: number): void {
    this.held = held
    this.restingSince = now
    this.onReady(Effect.succeed(this))
  }

  onRejected(error: PoolError): void {
    this.pool.books.failed(this.origin, error, this.pool.now)
    this.onReady(Effect.fail(error))
  }

  get connectionPhase(): ConnectionInfo["phase"] {
    return this.running === undefined ? "leased" : this.running.connectionPhase
  }

  get asker(): LeaseAsker {
    return { wire: this.running?.request.wire, span: this.span, fiberId: this.fiberId }
  }

  get quietSince(): number | undefined {
    if (this.held === undefined) return undefined
    return this.running === undefined ? this.restingSince : this.running.quietSince
  }

  get resting(): boolean {
    return this.held !== undefined && this.running === undefined
  }

  onTakenAway(): void {
    this.clean = false
    if (this.running !== undefined) this.running.onTakenAway()
    this.lease.end(false, Infinity, this.pool.now)
    if (this.held !== undefined) return
    this.onReady(Effect.fail(poolClosed(this.origin.origin)))
  }

  /** What the caller holds. */
  readonly face = (): ConnectionPoolApi.Lease => ({
    id: this.held!.id,
    origin: this.origin.origin.href,
    reused: this.lease.reused,
    send: (request) => this.turns.withPermits(1)(Effect.suspend(() => this.send(request))),
    setReusable: (reusable) => {
      this.wanted = reusable
    }
  })

  private send(request: PoolRequest): Effect.Effect<PoolResponse, PoolError> {
    const checked = checkRequest(request, this.pool.requestDefaults)
    if (checked instanceof InvalidRequest) return Effect.fail(checked)
    const origin = this.origin.origin.href
    if (checked.target.origin.href !== origin) {
      const description = `is not of the lease's origin ${origin}`
      return Effect.fail(new InvalidRequest({ origin, progress: "not-sent", field: "url", description }))
    }
    const start = (caller: ExchangeCaller, fork: Fork): RunningExchange => {
      const exchange = new RunningExchange(this.pool, this.origin, checked, "collect", caller, fork)
      // Not earlier: whenever the fiber has yielded since the call, the lease may have ended.
      const lost = this.lost()
      if (lost !== undefined) {
        caller.onFailure(lost)
      } else {
        this.running = exchange
        exchange.startOn(this.held!, this.turn())
      }
      return exchange
    }
    return runExchange(request, start, (exchange) => Effect.succeed(new WholeResponse(exchange)))
  }

  /** Why there is no connection to send on, if there is none. */
  private lost(): ConnectionLost | undefined {
    const { gone, requests } = this.held!
    if (this.clean && !this.lease.ended && !gone) return undefined
    return new ConnectionLost({
      origin: this.origin.origin.href,
      progress: "not-sent",
      reason: this.clean && !gone ? "released" : "closed",
      reused: requests > 0,
      bytesReceived: 0
    })
  }

  /** One exchange on the lease. Until it has ended well the connection is not clean. */
  private turn(): ExchangeLease {
    this.clean = false
    this.moved()
    return {
      reused: this.held!.requests > 0,
      end: (reusable, idleLimit, now) => {
        this.running = undefined
        this.moved()
        this.clean = reusable
        this.idleLimit = idleLimit
        if (!reusable) this.lease.end(false, Infinity, now)
      }
    }
  }

  private moved(): void {
    this.restingSince = this.pool.now
    if (this.pool.leaks.suspecting) this.pool.leaks.moved(this)
  }
}
