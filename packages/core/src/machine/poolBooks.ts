/**
 * The pool's books: who waits, which connections there are and in which state, what was ordered. Each entry and waiter is moved
 * here and nowhere else; who gets what is decided by the machine.
 *
 * @internal
 */
import { Alarms } from "./alarms.js"
import type { CloseReason, Command, RejectReason } from "./command.js"
import { noCommands } from "./command.js"
import { admit, ConnectionEntry, dismiss, move, StateCounts } from "./connectionEntry.js"
import { EntryOrder } from "./entryOrder.js"
import { IdTable } from "./idTable.js"
import type { OriginShelf, Redial, Scheduling } from "./originShelf.js"
import type { Waiter, WaitQueue } from "./waitQueue.js"

export interface PoolLimits {
  /** Connecting, active and idle of all keys together. */
  readonly maxConnections: number
  /** Requests without a connection, of all keys together. */
  readonly maxWaiting: number
  readonly scheduling: Scheduling
}

export class PoolBooks {
  readonly shelves = new Map<string, OriginShelf>()
  readonly entries = new Map<number, ConnectionEntry>()
  /** Requests in a queue. */
  readonly waiting = new IdTable<Waiter>()
  /** Requests with a grant that was not delivered yet. */
  readonly granted = new IdTable<Waiter>()
  readonly counts = new StateCounts()
  readonly idle = new EntryOrder()
  /** Keys whose waiters want a dial, in the order of their turns. Between inputs: those that wait for room in the whole pool. */
  readonly dialTurns = new Set<OriginShelf>()
  /** Keys that may have fewer idle connections than they are to keep. */
  readonly sparse = new Set<OriginShelf>()
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
  protected requests = 0
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

  protected connect(shelf: OriginShelf, order: EntryOrder): void {
    const entry = new ConnectionEntry(this.opened++, shelf)
    this.entries.set(entry.id, entry)
    admit(entry, this.counts)
    order.add(entry.inShelf)
    this.order({ _tag: "Connect", connection: entry.id, key: shelf.key })
  }

  protected grant(entry: ConnectionEntry, waiter: Waiter): void {
    if (entry.state === "idle") {
      entry.inPool.remove()
      move(entry, "active", this.counts)
      this.thinned(entry.shelf)
    }
    waiter.entry = entry
    waiter.next = entry.granted
    entry.granted = waiter
    this.granted.set(waiter.id, waiter)
    this.place(entry)
    this.order({ _tag: "Grant", waiter: waiter.id, connection: entry.id })
  }

  protected becomeIdle(entry: ConnectionEntry): void {
    entry.inShelf.remove()
    move(entry, "idle", this.counts)
    entry.shelf.idle.add(entry.inShelf)
    this.idle.add(entry.inPool)
  }

  /** No further lease: it is closed when the last one ends. */
  protected retire(entry: ConnectionEntry, reason: CloseReason): void {
    entry.retired ??= reason
    this.place(entry)
  }

  /** An active connection is in the order of those that can be shared while it has room. */
  protected place(entry: ConnectionEntry): void {
    entry.inShelf.remove()
    if (entry.hasRoom) entry.shelf.shared.add(entry.inShelf)
  }

  /** A waiter goes to the end of its queue. */
  protected enqueue(waiter: Waiter): void {
    waiter.queue.push(waiter)
    this.enqueued(waiter)
  }

  private enqueued(waiter: Waiter): void {
    this.thinned(waiter.shelf)
    this.waiting.set(waiter.id, waiter)
    this.alarms.set(waiter, waiter.deadline)
  }

  protected unqueue(waiter: Waiter): void {
    waiter.queue.remove(waiter)
    this.waiting.delete(waiter.id)
    this.alarms.clear(waiter)
    if (!waiter.shelf.wantsDial()) this.dialTurns.delete(waiter.shelf)
  }

  protected ungrant(waiter: Waiter): ConnectionEntry {
    const entry = waiter.entry!
    this.granted.delete(waiter.id)
    if (entry.granted === waiter) {
      entry.granted = waiter.next
    } else {
      let before = entry.granted!
      while (before.next !== waiter) before = before.next!
      before.next = waiter.next
    }
    waiter.entry = undefined
    return entry
  }

  /** Undelivered grants of a connection that is gone return to the head of the queue, oldest first. */
  protected takeBackGrants(entry: ConnectionEntry): void {
    for (let waiter = entry.granted; waiter !== undefined; waiter = entry.granted) {
      this.ungrant(waiter)
      if (this.draining) {
        this.refuse(waiter.id, "closed")
      } else {
        waiter.queue.unshift(waiter)
        this.enqueued(waiter)
      }
    }
  }

  protected reject(waiter: Waiter, reason: RejectReason): void {
    this.unqueue(waiter)
    this.refuse(waiter.id, reason)
  }

  protected refuse(waiter: number, reason: RejectReason): void {
    this.order({ _tag: "Reject", waiter, reason })
  }

  protected rejectAll(queue: WaitQueue, reason: RejectReason): void {
    for (let waiter = queue.first; waiter !== undefined; waiter = queue.first) {
      this.reject(waiter, reason)
    }
  }

  /** Orders a connection to close; it leaves the limits at once, and the books when `closeCompleted` says so. */
  protected close(entry: ConnectionEntry, reason: CloseReason): void {
    this.withdraw(entry)
    entry.retired = reason
    move(entry, "closing", this.counts)
    this.order({ _tag: "Close", connection: entry.id, reason })
  }

  protected remove(entry: ConnectionEntry): void {
    this.withdraw(entry)
    dismiss(entry, this.counts)
    this.entries.delete(entry.id)
    this.closed++
  }

  /** A key may have too few idle connections now, or may dial for them again. */
  protected thinned(shelf: OriginShelf): void {
    if (shelf.limits.minIdle > 0) this.sparse.add(shelf)
  }

  private withdraw(entry: ConnectionEntry): void {
    if (entry.state !== "closing") this.thinned(entry.shelf)
    entry.inShelf.remove()
    entry.inPool.remove()
    this.alarms.clear(entry)
  }

  protected order(command: Command): void {
    if (this.out === undefined) this.out = [command]
    else this.out.push(command)
  }

  /** Ends an input: its orders, and the next time to wake if that is earlier than what was said before. */
  protected answer(): ReadonlyArray<Command> {
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
