/**
 * Finds leases that were forgotten: held longer than `leakThreshold`, and for as long nothing has moved on them that their own side would
 * have to move: a `lease` sends nothing, an answer is not read on, an upload's source gives nothing. Who waits for the
 * server is no leak, and has timeouts.
 *
 * There is no timer for a lease, and nothing that a request pays: who could have been forgotten is looked for when the first of them is due.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { acquiredBy, askerOf } from "./asker.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Deadline } from "./deadlines.js"
import type { Lease, LeaseHolder } from "./lease.js"
import { printDuration } from "./printDuration.js"

/** At most so many looks in one `leakThreshold`, each of which goes over all leases. */
const looks = 16

/** At most so many warnings of one look. */
const mostWarnings = 10

export class LeakWatch implements Deadline {
  at = Infinity
  slot = -1
  /** Suspected, and not retracted. */
  private readonly leases = new Map<LeaseHolder, Lease>()
  private readonly pool: ConnectionPool

  constructor(pool: ConnectionPool) {
    this.pool = pool
  }

  /** Somebody asks for a lease that could be forgotten. */
  begin(): void {
    if (this.slot >= 0) return
    const { deadlines, now, settings } = this.pool
    if (settings.leakThreshold !== Infinity) deadlines.set(this, now + settings.leakThreshold)
  }

  /** Whether anybody is suspected. */
  get suspecting(): boolean {
    return this.leases.size > 0
  }

  suspects(holder: LeaseHolder): boolean {
    return this.leases.has(holder)
  }

  onDue(now: number): void {
    const { deadlines, leases, settings: { leakThreshold } } = this.pool
    if (leases.size === 0) return
    let next = now + leakThreshold
    const found: Array<Lease> = []
    leases.forEach((lease) => {
      const since = this.suspects(lease.holder) ? undefined : lease.holder.quietSince
      if (since === undefined) return
      if (since + leakThreshold <= now) found.push(lease)
      else next = Math.min(next, since + leakThreshold)
    })
    found.forEach((lease, index) => this.suspect(lease, now, index < mostWarnings))
    if (found.length > mostWarnings) this.warn(`${found.length - mostWarnings} more leases may be leaked`)
    deadlines.set(this, Math.max(next, now + leakThreshold / looks))
  }

  /** Something moves on it. */
  moved(holder: LeaseHolder): void {
    this.retract(holder, "something moves on it again")
  }

  ended(holder: LeaseHolder): void {
    this.retract(holder, "it was given back")
  }

  private suspect(lease: Lease, now: number, warn: boolean): void {
    const { deliveredAt, held, holder, origin } = lease
    this.leases.set(holder, lease)
    const heldFor = now - deliveredAt
    const { fiberId, request } = askerOf(holder)
    const by = acquiredBy(holder)
    this.pool.books.leakSuspected(held!, { heldFor, fiberId, acquiredBy: by }, now)
    if (!warn) return
    const what = request === undefined ? "a lease that sends nothing" : `${request} (${holder.connectionPhase})`
    this.warn(
      `connection ${held!.id} to ${origin.origin.href} may be leaked: held for ${
        printDuration(heldFor)
      } by ${what}, and ` +
        `nothing has moved for ${printDuration(now - holder.quietSince!)}; acquired by ${
          by ?? "a fiber without a span"
        }` +
        (fiberId === undefined ? "" : ` in fiber ${fiberId}`)
    )
  }

  private retract(holder: LeaseHolder, why: string): void {
    const lease = this.leases.get(holder)
    if (lease === undefined) return
    this.leases.delete(holder)
    const { now } = this.pool
    const { deliveredAt, held, origin } = lease
    this.pool.books.leakRetracted(held!, now - deliveredAt, now)
    this.pool.fork(Effect.logInfo(`connection ${held!.id} to ${origin.origin.href} was not leaked: ${why}`))
  }

  private warn(text: string): void {
    this.pool.fork(Effect.logWarning(text))
  }
}
