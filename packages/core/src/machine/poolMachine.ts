/**
 * The pool as a machine: facts go in, orders come out. Inputs are past tense and legal at any time; what no longer matters
 * (a release of a connection that is gone, say) changes nothing. No clock, no input or output, no calls to anybody.
 *
 * @internal
 */
import { Alarms } from "./alarms.js"
import { assign, owesRoom } from "./assign.js"
import type { CloseReason, Command, RejectReason } from "./command.js"
import { noCommands } from "./command.js"
import { admit, ConnectionEntry, dismiss, move, StateCounts } from "./connectionEntry.js"
import { EntryOrder } from "./entryOrder.js"
import type { KeyLimits, Redial, Scheduling } from "./originShelf.js"
import { OriginShelf } from "./originShelf.js"
import { Waiter } from "./waitQueue.js"

export interface PoolLimits {
  /** Connecting, active and idle of all keys together. */
  readonly maxConnections: number
  /** Requests without a connection, of all keys together. */
  readonly maxWaiting: number
  readonly scheduling: Scheduling
}

/** Up to this part of `maxLifetime` is taken off, so that connections opened together do not end together. */
const lifetimeJitter = 0.025

export class PoolMachine {
  readonly shelves = new Map<string, OriginShelf>()
  readonly entries = new Map<number, ConnectionEntry>()
  /** Requests in a queue. */
  readonly waiting = new Map<number, Waiter>()
  /** Requests with a grant that was not delivered yet. */
  readonly granted = new Map<number, Waiter>()
  readonly counts = new StateCounts()
  readonly idle = new EntryOrder()
  /** Keys whose waiters want a dial, in the order of their turns. Between inputs: those that wait for room in the whole pool. */
  readonly dialTurns = new Set<OriginShelf>()
  readonly alarms = new Alarms<ConnectionEntry | Waiter | OriginShelf | Redial>()
  readonly limits: PoolLimits
  readonly scheduling: Scheduling
  draining = false
  /** Connections whose opening was ordered, ever. */
  opened = 0
  /** Connections that are gone, ever. */
  closed = 0
  /** The time of the last `WakeAt` that was not answered by `woke`. */
  wakeAt = Infinity
  private requests = 0
  private out: Array<Command> | undefined = undefined

  constructor(limits: PoolLimits) {
    this.limits = limits
    this.scheduling = limits.scheduling
  }

  get room(): number {
    return this.limits.maxConnections - this.counts.open
  }

  /** Whether a drain has come to its end. */
  get drained(): boolean {
    return this.draining && this.entries.size === 0
  }

  /** The id that the next `requested` gives to its waiter. */
  get nextWaiter(): number {
    return this.requests
  }

  // --- inputs ---------------------------------------------------------------------------------------------------------------

  /** Somebody wants a connection until `deadline`; the waiter's id is what `nextWaiter` said before. */
  requested(now: number, key: string, limits: KeyLimits, deadline: number): ReadonlyArray<Command> {
    const id = this.requests++
    if (this.draining) return [reject(id, "closed")]
    const shelf = this.shelf(now, key, limits)
    shelf.lastUsed = now
    const waiter = new Waiter(id, shelf, deadline)
    const ready = shelf.ready(this.scheduling)
    if (ready !== undefined) {
      this.grant(ready, waiter)
    } else if (this.waiting.size >= this.limits.maxWaiting) {
      this.order(reject(id, "queue_full"))
    } else {
      shelf.waiting.push(waiter)
      this.enqueued(waiter)
      this.serve(shelf)
      this.dialInTurns()
    }
    return this.answer()
  }

  /** The waiter does not want a connection any more, or the one it was granted. */
  cancelled(now: number, waiterId: number): ReadonlyArray<Command> {
    const waiting = this.waiting.get(waiterId)
    if (waiting !== undefined) {
      this.unqueue(waiting)
      const surplus = waiting.shelf.surplusDial
      if (surplus !== undefined) this.close(surplus, "not_needed")
      this.dialInTurns()
      return this.answer()
    }
    const granted = this.granted.get(waiterId)
    if (granted === undefined) return noCommands
    const entry = this.ungrant(granted)
    this.leaseEnded(now, entry)
    return this.answer()
  }

  /** A granted connection was handed to its waiter; from here on it is a lease, and ends by `released`. */
  delivered(waiterId: number): void {
    const waiter = this.granted.get(waiterId)
    if (waiter === undefined) return
    this.ungrant(waiter).delivered++
  }

  /** A connection is open. `jitter` in [0, 1) spreads the ends of lifetimes. */
  connected(now: number, id: number, jitter: number, maxConcurrent: number): ReadonlyArray<Command> {
    const entry = this.entries.get(id)
    if (entry === undefined) return noCommands
    // It was given up while it was being opened.
    if (entry.state === "closing") return [{ _tag: "Close", connection: id, reason: entry.retired! }]
    if (entry.state !== "connecting") return noCommands
    const shelf = entry.shelf
    entry.maxConcurrent = maxConcurrent
    entry.expiresAt = now + shelf.limits.maxLifetime * (1 - lifetimeJitter * jitter)
    entry.idleUntil = now + shelf.limits.idleTimeout
    shelf.failures = 0
    this.alarms.clear(shelf.redial)
    this.becomeIdle(entry)
    this.settle(shelf)
    return this.answer()
  }

  /**
   * A connection could not be opened. Every waiter of its key that has no connection to hope for is rejected; from now on the
   * key dials one at a time until a dial succeeds.
   */
  connectFailed(now: number, id: number, jitter: number): ReadonlyArray<Command> {
    const entry = this.entries.get(id)
    if (entry === undefined || entry.state === "idle" || entry.state === "active") return noCommands
    const shelf = entry.shelf
    const givenUp = entry.state === "closing"
    this.remove(entry)
    if (givenUp) return this.answer()
    if (!shelf.hasEstablished) {
      shelf.failures++
      this.rejectAll(shelf, "connect_failed")
    } else if (shelf.redial.slot < 0) {
      // Dials that fail together are one round.
      shelf.failures++
      this.alarms.set(shelf.redial, shelf.redialAt(now, jitter))
    }
    this.settle(shelf)
    return this.answer()
  }

  /**
   * A lease has ended. `reusable`: the exchange was complete and the connection can serve another. The connection may stay idle
   * for `idleLimit` milliseconds at most, and for `idleTimeout`.
   */
  released(now: number, id: number, reusable: boolean, idleLimit: number): ReadonlyArray<Command> {
    const entry = this.entries.get(id)
    if (entry === undefined || entry.delivered === 0) return noCommands
    const shelf = entry.shelf
    shelf.lastUsed = now
    entry.delivered--
    entry.served++
    entry.idleUntil = now + Math.min(idleLimit, shelf.limits.idleTimeout)
    if (!reusable) entry.retired ??= "not_reusable"
    else if (entry.served >= shelf.limits.maxRequests) entry.retired ??= "max_requests"
    this.leaseEnded(now, entry)
    return this.answer()
  }

  /** A connection is gone and we had not ordered it: the peer closed it, or it broke. */
  closedByPeer(id: number): ReadonlyArray<Command> {
    const entry = this.entries.get(id)
    if (entry === undefined) return noCommands
    const shelf = entry.shelf
    this.takeBackGrants(entry)
    this.remove(entry)
    this.settle(shelf)
    return this.answer()
  }

  /** A connection that was ordered to close is gone. */
  closeCompleted(id: number): void {
    const entry = this.entries.get(id)
    if (entry !== undefined && entry.state === "closing") this.remove(entry)
  }

  /** Time has passed. */
  woke(now: number): ReadonlyArray<Command> {
    this.wakeAt = Infinity
    for (let due = this.alarms.takeDue(now); due !== undefined; due = this.alarms.takeDue(now)) {
      switch (due.kind) {
        case "waiter":
          // Its dial goes on: who asks next will be glad of it.
          this.reject(due, "timed_out")
          break
        case "entry":
          if (due.state !== "idle") break
          if (due.closeAt > now) this.alarms.set(due, due.closeAt)
          else this.close(due, due.expiresAt <= now ? "max_lifetime" : "idle_timeout")
          break
        case "redial":
          this.serve(due.shelf)
          break
        case "shelf":
          this.reviewShelf(now, due)
      }
    }
    this.dialInTurns()
    return this.answer()
  }

  /** Connections are wanted before anybody asks for one: dials until `connections` of the key are open, as far as limits allow. */
  warmUpRequested(now: number, key: string, limits: KeyLimits, connections: number): ReadonlyArray<Command> {
    if (this.draining) return noCommands
    const shelf = this.shelf(now, key, limits)
    shelf.lastUsed = now
    const wanted = Math.min(connections, limits.maxConnections)
    while (shelf.counts.open < wanted && this.room > 0) this.connect(shelf, undefined)
    return this.answer()
  }

  /** All idle connections are to be closed. */
  closeIdleRequested(): ReadonlyArray<Command> {
    for (let entry = this.idle.oldest; entry !== undefined; entry = this.idle.oldest) this.close(entry, "close_idle")
    return this.answer()
  }

  /** No new requests, no waiters, no idle connections; exchanges may end. */
  drainStarted(): ReadonlyArray<Command> {
    this.draining = true
    for (const waiter of this.waiting.values()) this.reject(waiter, "closed")
    for (const entry of this.entries.values()) {
      if (entry.state === "connecting" || entry.state === "idle") this.close(entry, "drain")
      else entry.retired ??= "drain"
    }
    return this.answer()
  }

  /** The time to end exchanges is over. */
  drainTimedOut(): ReadonlyArray<Command> {
    for (const entry of this.entries.values()) {
      if (entry.state === "closing") continue
      this.takeBackGrants(entry)
      this.close(entry, "drain")
    }
    return this.answer()
  }

  // --- what inputs have in common ---------------------------------------------------------------------------------------------

  private shelf(now: number, key: string, limits: KeyLimits): OriginShelf {
    const known = this.shelves.get(key)
    if (known !== undefined) return known
    const shelf = new OriginShelf(key, limits, now)
    this.shelves.set(key, shelf)
    this.alarms.set(shelf, now + limits.unusedAfter)
    return shelf
  }

  /** Whatever changed for a key: its waiters get what can be given, and what is idle too much is closed. */
  private settle(shelf: OriginShelf): void {
    this.serve(shelf)
    this.dialInTurns()
    while (shelf.counts.idle > shelf.limits.maxIdle) this.close(shelf.idle.oldest!, "idle_limit")
    const newest = shelf.idle.newest
    // An alarm that rings too early is set again then, so that a busy connection costs the heap nothing.
    if (newest !== undefined && (newest.slot < 0 || newest.closeAt < newest.at)) this.alarms.set(newest, newest.closeAt)
  }

  /** The key's oldest waiters get the connections that are ready; if that is not enough, the key asks for its turn to dial. */
  private serve(shelf: OriginShelf): void {
    for (let waiter = shelf.waiting.first; waiter !== undefined; waiter = shelf.waiting.first) {
      const decision = assign(shelf, this)
      if (decision === "wait") break
      if (typeof decision === "string") {
        this.dialTurns.add(shelf)
        return
      }
      this.unqueue(waiter)
      this.grant(decision, waiter)
    }
    this.dialTurns.delete(shelf)
  }

  /** Room in the pool goes to the keys that want to dial, one dial a turn. */
  private dialInTurns(): void {
    for (const shelf of this.dialTurns) {
      const decision = assign(shelf, this)
      if (decision === "blocked") return
      this.dialTurns.delete(shelf)
      if (decision === "evict") this.close(this.idle.oldest!, "evicted")
      this.connect(shelf, shelf.connecting)
      // Back to the end of the line, where the loop meets it again.
      if (shelf.wantsDial()) this.dialTurns.add(shelf)
    }
  }

  private connect(shelf: OriginShelf, order: EntryOrder | undefined): void {
    const entry = new ConnectionEntry(this.opened++, shelf)
    this.entries.set(entry.id, entry)
    admit(entry, this.counts)
    order?.add(entry.inShelf)
    this.order({ _tag: "Connect", connection: entry.id, key: shelf.key })
  }

  private grant(entry: ConnectionEntry, waiter: Waiter): void {
    if (entry.state === "idle") {
      entry.inPool.remove()
      move(entry, "active", this.counts)
    }
    waiter.entry = entry
    waiter.next = entry.granted
    entry.granted = waiter
    this.granted.set(waiter.id, waiter)
    this.place(entry)
    this.order({ _tag: "Grant", waiter: waiter.id, connection: entry.id, reused: entry.served > 0 })
  }

  /** A lease has ended, or was given back unused: the connection serves the next, becomes idle, or is closed. */
  private leaseEnded(now: number, entry: ConnectionEntry): void {
    const shelf = entry.shelf
    if (entry.expiresAt <= now) entry.retired ??= "max_lifetime"
    if (entry.leases > 0) {
      this.place(entry)
    } else if (entry.retired !== undefined) {
      this.close(entry, entry.retired)
    } else if (this.owesRoom(shelf)) {
      this.close(entry, "rebalanced")
    } else {
      this.becomeIdle(entry)
    }
    this.settle(shelf)
  }

  /** Whether the next key in turn should have the place. Each release asks one other key, and the turn moves on. */
  private owesRoom(shelf: OriginShelf): boolean {
    const turns = this.dialTurns
    if (turns.size === 0) return false
    let [next] = turns
    if (next === shelf) {
      moveToEnd(turns, next)
      ;[next] = turns
    }
    if (next === undefined) return false
    if (owesRoom(shelf, next)) return true
    moveToEnd(turns, next)
    return false
  }

  private becomeIdle(entry: ConnectionEntry): void {
    entry.inShelf.remove()
    move(entry, "idle", this.counts)
    entry.shelf.idle.add(entry.inShelf)
    this.idle.add(entry.inPool)
  }

  /** An active connection is in the order of those that can be shared while it has room. */
  private place(entry: ConnectionEntry): void {
    entry.inShelf.remove()
    if (entry.hasRoom) entry.shelf.shared.add(entry.inShelf)
  }

  private enqueued(waiter: Waiter): void {
    waiter.entry = undefined
    this.waiting.set(waiter.id, waiter)
    this.alarms.set(waiter, waiter.deadline)
  }

  private unqueue(waiter: Waiter): void {
    waiter.shelf.waiting.remove(waiter)
    this.waiting.delete(waiter.id)
    this.alarms.clear(waiter)
    if (!waiter.shelf.wantsDial()) this.dialTurns.delete(waiter.shelf)
  }

  private ungrant(waiter: Waiter): ConnectionEntry {
    const entry = waiter.entry!
    this.granted.delete(waiter.id)
    if (entry.granted === waiter) {
      entry.granted = waiter.next
    } else {
      let before = entry.granted!
      while (before.next !== waiter) before = before.next!
      before.next = waiter.next
    }
    waiter.next = undefined
    return entry
  }

  /** Undelivered grants of a connection that is gone return to the head of the queue, oldest first. */
  private takeBackGrants(entry: ConnectionEntry): void {
    for (let waiter = entry.granted; waiter !== undefined; waiter = entry.granted) {
      this.ungrant(waiter)
      if (this.draining) {
        this.order(reject(waiter.id, "closed"))
      } else {
        waiter.shelf.waiting.unshift(waiter)
        this.enqueued(waiter)
      }
    }
  }

  private reject(waiter: Waiter, reason: RejectReason): void {
    this.unqueue(waiter)
    this.order(reject(waiter.id, reason))
  }

  private rejectAll(shelf: OriginShelf, reason: RejectReason): void {
    for (let waiter = shelf.waiting.first; waiter !== undefined; waiter = shelf.waiting.first) this.reject(waiter, reason)
  }

  /** Orders a connection to close; it leaves the limits at once, and the books when `closeCompleted` says so. */
  private close(entry: ConnectionEntry, reason: CloseReason): void {
    this.withdraw(entry)
    entry.retired = reason
    move(entry, "closing", this.counts)
    this.order({ _tag: "Close", connection: entry.id, reason })
  }

  private remove(entry: ConnectionEntry): void {
    this.withdraw(entry)
    dismiss(entry, this.counts)
    this.entries.delete(entry.id)
    this.closed++
  }

  private withdraw(entry: ConnectionEntry): void {
    entry.inShelf.remove()
    entry.inPool.remove()
    this.alarms.clear(entry)
  }

  /** A key that nobody used for long is forgotten, with its idle connections. */
  private reviewShelf(now: number, shelf: OriginShelf): void {
    if (shelf.inUse) shelf.lastUsed = now
    const unusedAt = shelf.lastUsed + shelf.limits.unusedAfter
    if (unusedAt > now) return this.alarms.set(shelf, unusedAt)
    for (let entry = shelf.idle.oldest; entry !== undefined; entry = shelf.idle.oldest) this.close(entry, "unused_origin")
    this.alarms.clear(shelf.redial)
    this.shelves.delete(shelf.key)
    this.order({ _tag: "Forget", key: shelf.key })
  }

  private order(command: Command): void {
    if (this.out === undefined) this.out = [command]
    else this.out.push(command)
  }

  /** Ends an input: its orders, and the next time to wake if that is earlier than what was said before. */
  private answer(): ReadonlyArray<Command> {
    const next = this.alarms.next
    if (next < this.wakeAt) {
      this.wakeAt = next
      this.order({ _tag: "WakeAt", at: next })
    }
    const out = this.out
    this.out = undefined
    return out ?? noCommands
  }
}

const reject = (waiter: number, reason: RejectReason): Command => ({ _tag: "Reject", waiter, reason })

const moveToEnd = (turns: Set<OriginShelf>, shelf: OriginShelf): void => {
  turns.delete(shelf)
  turns.add(shelf)
}
