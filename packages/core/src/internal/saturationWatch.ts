/**
 * Says so by itself when requests to an origin have waited for connections longer than `saturationThreshold` without a break: when the
 * queue has not been empty for so long.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { OriginShelf } from "../machine/originShelf.js"
import type { Holder, OriginDiagnosis } from "../PoolDiagnosis.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Deadline } from "./deadlines.js"
import type { OriginState } from "./originState.js"
import { printDuration } from "./printDuration.js"

/** How often one origin is logged at most, in milliseconds. */
const interval = 60_000

/** Since when the queue of an origin is not empty, if it is not, and when that was logged last. */
interface Queue {
  since: number
  loggedAt: number
}

export class SaturationWatch implements Deadline {
  at = Infinity
  slot = -1
  /** Those with a queue, or with one that was logged not long ago. */
  private readonly queues = new Map<OriginState, Queue>()
  private readonly pool: ConnectionPool
  private readonly threshold: number

  constructor(pool: ConnectionPool, threshold: number) {
    this.pool = pool
    this.threshold = threshold
  }

  /** A request has to wait. */
  queued(origin: OriginState, { demand }: OriginShelf, at: number): void {
    // Whoever joins a queue does not begin one.
    if (demand > 1 || this.threshold === Infinity) return
    const queue = this.queues.get(origin)
    if (queue === undefined) this.queues.set(origin, { since: at, loggedAt: -Infinity })
    else queue.since = at
    this.lookAt(at + this.threshold)
  }

  onDue(now: number): void {
    for (const [origin, queue] of this.queues) {
      const next = this.review(origin, queue, now)
      if (next === undefined) this.queues.delete(origin)
      else this.lookAt(next)
    }
  }

  private lookAt(time: number): void {
    if (this.slot < 0 || time < this.at) this.pool.deadlines.set(this, time)
  }

  /** When to look again; never, if nobody waits and nothing was logged of late. */
  private review(origin: OriginState, queue: Queue, now: number): number | undefined {
    const shelf = this.pool.machine.shelves.get(origin.key)
    const known = this.pool.origins.get(origin.key) === origin
    if (shelf === undefined || shelf.demand === 0 || !known) {
      return now < queue.loggedAt + interval ? queue.loggedAt + interval : undefined
    }
    const due = Math.max(queue.since + this.threshold, queue.loggedAt + interval)
    if (due > now) return due
    // Those who wait for a dial are told by `connectTimeout`.
    if (shelf.demand <= shelf.counts.connecting) return now + this.threshold
    queue.loggedAt = now
    this.log(this.pool.diagnoses.of(origin), now - queue.since)
    return now + interval
  }

  private log(diagnosis: OriginDiagnosis, queueFor: number): void {
    const { failedDials: [failed], holders, origin, summary, waiters, waiting } = diagnosis
    const oldest = Math.max(...waiters.map(({ waitedFor }) => waitedFor))
    const text = `requests to ${origin} have waited for ${printDuration(queueFor)} without a break: ${summary}; ` +
      `${waiting} waiting, the oldest for ${printDuration(oldest)}` +
      (failed === undefined || failed.ago > queueFor
        ? ""
        : `; the last dial failed ${printDuration(failed.ago)} ago: ${failed.message}`)
    const annotations = { pool: this.pool.settings.name, holders: holders.map(printHolder) }
    this.pool.fork(Effect.annotateLogs(Effect.logWarning(text), annotations))
  }
}

const printHolder = ({ heldFor, phase, request, span }: Holder): string =>
  `${request ?? "a lease"} (${phase}) for ${printDuration(heldFor)}` +
  (span === undefined ? "" : `, trace ${span.traceId} span ${span.spanId}`)
