/**
 * The pool as a machine: facts go in, orders come out. Inputs are past tense and legal at any time; what no longer matters
 * (a release of a connection that is gone, say) changes nothing. No clock, no input or output, no calls to anybody.
 *
 * @internal
 */
import { assign, owesRoom, victim } from "./assign.js"
import type { Command } from "./command.js"
import { noCommands } from "./command.js"
import type { ConnectionEntry } from "./connectionEntry.js"
import type { KeyLimits } from "./originShelf.js"
import { OriginShelf } from "./originShelf.js"
import { PoolBooks } from "./poolBooks.js"
import { Waiter } from "./waitQueue.js"

export type { PoolLimits } from "./poolBooks.js"

/** Up to this part of `maxLifetime` is taken off, so that connections opened together do not end together. */
const lifetimeJitter = 0.025

export class PoolMachine extends PoolBooks {
  // --- inputs ---------------------------------------------------------------------------------------------------------------

  /**
   * Somebody wants a connection until `deadline`; the waiter's id is what `nextWaiter` said before. `fresh`: no other than one that
   * is opened from now on, and before all others. It was admitted once, and `maxWaiting` does not concern it.
   */
  requested(now: number, key: string, limits: KeyLimits, deadline: number, fresh = false): ReadonlyArray<Command> {
    const id = this.requests++
    if (this.draining) {
      this.refuse(id, "closed")
      return this.answer()
    }
    const shelf = this.use(now, key, limits)
    this.elapse(now)
    const waiter = new Waiter(id, shelf, deadline, fresh ? shelf.fresh : shelf.waiting)
    const ready = fresh ? undefined : shelf.ready(this.scheduling)
    if (ready !== undefined) {
      this.grant(ready, waiter)
    } else if (this.waiting.size >= this.limits.maxWaiting && !fresh) {
      this.refuse(id, "queue_full")
    } else {
      this.enqueue(waiter)
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
    this.elapse(now)
    this.leaseEnded(now, this.ungrant(granted))
    return this.answer()
  }

  /** Whether somebody waits who would be served if a connection of this key were given back now. */
  isWanted(key: string): boolean {
    const shelf = this.shelves.get(key)
    return this.dialTurns.size > 0 || (shelf !== undefined && shelf.demand > shelf.counts.connecting)
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
    if (entry === undefined || entry.established) return noCommands
    const givenUp = entry.retired
    entry.maxConcurrent = maxConcurrent
    if (givenUp !== undefined) return [{ _tag: "Close", connection: id, reason: givenUp }]
    this.elapse(now)
    // Its key may have been forgotten by now.
    if (entry.retired !== undefined) return this.answer()
    const shelf = entry.shelf
    entry.expiresAt = now + shelf.limits.maxLifetime * (1 - lifetimeJitter * jitter)
    this.rest(entry, now, Infinity)
    shelf.failures = 0
    this.recovered(shelf)
    this.becomeIdle(entry)
    for (let waiter = shelf.fresh.first; waiter !== undefined && entry.hasRoom; waiter = shelf.fresh.first) {
      this.unqueue(waiter)
      this.grant(entry, waiter)
    }
    this.settle(shelf)
    return this.answer()
  }

  /**
   * A connection could not be opened. Every waiter of its key that has no connection to hope for is rejected; from now on the
   * key dials one at a time until a dial succeeds.
   */
  connectFailed(now: number, id: number, jitter: number): ReadonlyArray<Command> {
    const entry = this.entries.get(id)
    if (entry === undefined || entry.established) return noCommands
    const shelf = entry.shelf
    const givenUp = entry.state === "closing"
    this.remove(entry)
    if (givenUp) return this.answer()
    this.rejectAll(shelf.fresh, "connect_failed")
    const hopeless = !shelf.hasEstablished
    if (hopeless) this.rejectAll(shelf.waiting, "connect_failed")
    if (shelf.failures === 0 || shelf.redial.slot < 0) {
      // Dials that fail together are one round.
      shelf.failures++
      if (!hopeless || shelf.limits.minIdle > 0) this.alarms.set(shelf.redial, shelf.redialAt(now, jitter))
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
    if (entry === undefined || entry.state !== "active" || entry.delivered === 0) return noCommands
    this.elapse(now)
    const shelf = entry.shelf
    shelf.lastUsed = now
    entry.delivered--
    entry.served++
    this.rest(entry, now, idleLimit)
    if (reusable && shelf.stillbirths > 0) {
      shelf.stillbirths = 0
      this.recovered(shelf)
    }
    if (!reusable) this.retire(entry, "not_reusable")
    else if (entry.served >= shelf.limits.maxRequests) this.retire(entry, "max_requests")
    this.leaseEnded(now, entry)
    return this.answer()
  }

  /** A connection is gone and we had not ordered it: the peer closed it, or it broke. `jitter` spreads what is dialled in its place. */
  closedByPeer(now: number, id: number, jitter: number): ReadonlyArray<Command> {
    const entry = this.entries.get(id)
    if (entry === undefined) return noCommands
    const shelf = entry.shelf
    const rested = entry.established && entry.delivered === 0 && entry.state !== "closing"
    if (rested && shelf.learned.closed(now, now - entry.idleSince)) this.shortenIdling(shelf)
    this.takeBackGrants(entry)
    this.remove(entry)
    if (rested && entry.served === 0 && shelf.limits.minIdle > 0 && shelf.buried(now - entry.idleSince)) {
      this.alarms.set(shelf.redial, shelf.redialAt(now, jitter))
    }
    this.endDue(now)
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
    this.elapse(now)
    return this.answer()
  }

  /** Connections are wanted before anybody asks for one: dials until `connections` of the key are open, as far as limits allow. */
  warmUpRequested(now: number, key: string, limits: KeyLimits, connections: number): ReadonlyArray<Command> {
    if (this.draining) return noCommands
    const shelf = this.use(now, key, limits)
    const wanted = Math.min(connections, limits.maxConnections)
    // Dials that were meant for waiters count, and now stay even if those leave.
    for (let lacking = wanted - shelf.counts.active - shelf.counts.idle; lacking > 0; lacking--) {
      const dial = shelf.connecting.oldest
      if (dial === undefined) break
      dial.inShelf.remove()
      shelf.spare.add(dial.inShelf)
    }
    while (shelf.counts.open < wanted && this.room > 0) this.connect(shelf, shelf.spare)
    return this.answer()
  }

  /** All idle connections are to be closed. */
  closeIdleRequested(reason: "close_idle" | "clock_jump"): ReadonlyArray<Command> {
    for (let entry = this.idle.oldest; entry !== undefined; entry = this.idle.oldest) this.close(entry, reason)
    return this.answer()
  }

  /** No new requests, no waiters, no idle connections; exchanges may end. */
  drainStarted(): ReadonlyArray<Command> {
    this.draining = true
    for (const waiter of this.waiting.values()) this.reject(waiter, "closed")
    for (const entry of this.entries.values()) {
      if (entry.state === "connecting" || entry.state === "idle") this.close(entry, "drain")
      else this.retire(entry, "drain")
    }
    return this.answer()
  }

  /** The time to end exchanges is over. */
  drainTimedOut(): ReadonlyArray<Command> {
    if (!this.draining) return noCommands
    for (const entry of this.entries.values()) {
      if (entry.state === "closing") continue
      this.takeBackGrants(entry)
      this.close(entry, "drain")
    }
    return this.answer()
  }

  // --- what inputs have in common ---------------------------------------------------------------------------------------------

  /** The key is wanted now. */
  private use(now: number, key: string, limits: KeyLimits): OriginShelf {
    let shelf = this.shelves.get(key)
    if (shelf === undefined) {
      shelf = new OriginShelf(key, limits)
      this.shelves.set(key, shelf)
      this.alarms.set(shelf, now + limits.unusedAfter)
      this.thinned(shelf)
    }
    shelf.lastUsed = now
    return shelf
  }

  /**
   * Whatever is due by now happens before the input itself, also when the timer is late: nobody gets a connection after his
   * deadline, or one that should be closed.
   */
  private elapse(now: number): void {
    this.endDue(now)
    this.dialInTurns()
  }

  private endDue(now: number): void {
    for (let due = this.alarms.takeDue(now); due !== undefined; due = this.alarms.takeDue(now)) {
      switch (due.kind) {
        case "waiter":
          // Its dial goes on: who asks next will be glad of it.
          this.reject(due, "timed_out")
          break
        case "entry":
          if (due.state !== "idle") break
          if (due.closeAt > now) this.alarms.set(due, due.closeAt)
          else this.expire(now, due)
          break
        case "redial":
          this.thinned(due.shelf)
          this.serve(due.shelf)
          break
        case "shelf":
          this.reviewShelf(now, due)
      }
    }
  }

  /** What the key dials may be of use again. */
  private recovered(shelf: OriginShelf): void {
    if (!shelf.troubled) this.alarms.clear(shelf.redial)
    this.thinned(shelf)
  }

  /** An idle connection's time is over. */
  private expire(now: number, entry: ConnectionEntry): void {
    if (entry.expiresAt <= now) return this.close(entry, "max_lifetime")
    const { idleTimeout } = entry.shelf.limits
    const { learned } = entry.shelf
    if (entry.idleLimit < idleTimeout && entry.idleLimit >= learned.value) learned.outlived(idleTimeout)
    this.close(entry, "idle_timeout")
  }

  /** Nobody uses the connection from now on, which its server may allow for `idleLimit` milliseconds. */
  private rest(entry: ConnectionEntry, now: number, idleLimit: number): void {
    const { learned, limits } = entry.shelf
    entry.idleSince = now
    entry.idleLimit = Math.min(idleLimit, limits.idleTimeout, learned.value)
  }

  /** What was learned from one connection holds for those that are idle now. */
  private shortenIdling(shelf: OriginShelf): void {
    for (const entry of shelf.idle) {
      entry.idleLimit = Math.min(entry.idleLimit, shelf.learned.value)
      this.alarms.set(entry, entry.closeAt)
    }
  }

  /** Keys that keep some connections idle dial for those that they lack, when nobody waits for room in the pool. */
  private refill(): void {
    if (this.draining) return this.sparse.clear()
    for (const shelf of this.sparse) {
      while (shelf.lacksIdle) {
        if (this.room <= 0 || this.dialTurns.size > 0) return
        this.connect(shelf, shelf.spare)
      }
      this.sparse.delete(shelf)
    }
  }

  protected override answer(): ReadonlyArray<Command> {
    if (this.sparse.size > 0) this.refill()
    return super.answer()
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
    let decision = assign(shelf, this)
    while (typeof decision !== "string") {
      const waiter = shelf.waiting.first!
      this.unqueue(waiter)
      this.grant(decision, waiter)
      decision = assign(shelf, this)
    }
    if (decision === "wait") this.dialTurns.delete(shelf)
    else this.dialTurns.add(shelf)
  }

  /** Room in the pool goes to the keys that want to dial, one dial a turn. */
  private dialInTurns(): void {
    for (const shelf of this.dialTurns) {
      const decision = assign(shelf, this)
      if (decision === "blocked") return
      this.dialTurns.delete(shelf)
      if (decision === "evict") this.close(victim(shelf, this)!, "evicted")
      this.connect(shelf, shelf.connecting)
      // Back to the end of the line, where the loop meets it again.
      if (shelf.wantsDial()) this.dialTurns.add(shelf)
    }
  }

  /** A lease has ended, or was given back unused: the connection serves the next, becomes idle, or is closed. */
  private leaseEnded(now: number, entry: ConnectionEntry): void {
    const shelf = entry.shelf
    if (entry.expiresAt <= now) this.retire(entry, "max_lifetime")
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
    const [first, second] = turns
    if (first === shelf) moveToEnd(turns, first)
    const next = first === shelf ? second : first
    if (next === undefined) return false
    if (owesRoom(shelf, next)) return true
    moveToEnd(turns, next)
    return false
  }

  /** A key that nobody used for long is forgotten, with its idle connections. */
  private reviewShelf(now: number, shelf: OriginShelf): void {
    if (shelf.inUse) shelf.lastUsed = now
    const unusedAt = shelf.lastUsed + shelf.limits.unusedAfter
    if (unusedAt > now) return this.alarms.set(shelf, unusedAt)
    for (const order of [shelf.idle, shelf.spare]) {
      for (const entry of order) this.close(entry, "unused_origin")
    }
    this.alarms.clear(shelf.redial)
    this.sparse.delete(shelf)
    this.shelves.delete(shelf.key)
    this.order({ _tag: "Forget", key: shelf.key })
  }
}

const moveToEnd = (turns: Set<OriginShelf>, shelf: OriginShelf): void => {
  turns.delete(shelf)
  turns.add(shelf)
}
