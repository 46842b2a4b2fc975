/**
 * One connection as the machine sees it: its state, the legal moves between states, and what it may still be used for.
 *
 * @internal
 */
import type { Alarm } from "./alarms.js"
import type { CloseReason } from "./command.js"
import { OrderNode } from "./entryOrder.js"
import type { OriginShelf } from "./originShelf.js"
import type { Waiter } from "./waitQueue.js"

/** `closing`: ordered to close, and not yet reported closed. */
export type EntryState = "connecting" | "idle" | "active" | "closing"

const legalMoves: Record<EntryState, ReadonlyArray<EntryState>> = {
  connecting: ["idle", "closing"],
  idle: ["active", "closing"],
  active: ["idle", "closing"],
  closing: []
}

/** The entries of a key, or of the pool, in each state. Changed by `admit`, `move` and `dismiss` alone. */
export class StateCounts {
  connecting = 0
  idle = 0
  active = 0
  closing = 0

  /** What the limits count. */
  get open(): number {
    return this.connecting + this.idle + this.active
  }

  /** Without a computed name, which costs several times as much. */
  add(state: EntryState, entries: 1 | -1): void {
    switch (state) {
      case "idle":
        this.idle += entries
        break
      case "active":
        this.active += entries
        break
      case "connecting":
        this.connecting += entries
        break
      case "closing":
        this.closing += entries
    }
  }
}

export class ConnectionEntry implements Alarm {
  readonly kind = "entry"
  at = Infinity
  slot = -1
  state: EntryState = "connecting"
  /** Its place in one order of its shelf. */
  readonly inShelf = new OrderNode(this)
  /** Its place among all idle connections of the pool. */
  readonly inPool = new OrderNode(this)
  /** How many leases it carries at once: none until it is established, 1 with HTTP/1.1. */
  maxConcurrent = 0
  /** Leases that were granted and not yet delivered, newest first. */
  granted: Waiter | undefined = undefined
  /** Leases that were delivered and not yet released. */
  delivered = 0
  /** Leases that ended with an exchange. */
  served = 0
  /** When its lifetime ends. */
  expiresAt = Infinity
  /** Since when nobody has used it, while idle. */
  idleSince = 0
  /** For how long it may be idle. */
  idleLimit = Infinity
  /** Set once it must not be granted any more; it is closed when its last lease ends. */
  retired: CloseReason | undefined = undefined
  readonly id: number
  readonly shelf: OriginShelf

  constructor(id: number, shelf: OriginShelf) {
    this.id = id
    this.shelf = shelf
  }

  /** Whether its dial has succeeded. */
  get established(): boolean {
    return this.maxConcurrent > 0
  }

  get leases(): number {
    let leases = this.delivered
    for (let waiter = this.granted; waiter !== undefined; waiter = waiter.next) leases++
    return leases
  }

  get hasRoom(): boolean {
    return this.retired === undefined && this.leases < this.maxConcurrent
  }

  /** When an idle one is to be closed. */
  get closeAt(): number {
    return Math.min(this.idleSince + this.idleLimit, this.expiresAt)
  }
}

/** Counts a new entry. */
export const admit = (entry: ConnectionEntry, total: StateCounts): void => {
  entry.shelf.counts.add("connecting", 1)
  total.add("connecting", 1)
}

/** Moves an entry to another state and counts it there. */
export const move = (entry: ConnectionEntry, to: EntryState, total: StateCounts): void => {
  const from = entry.state
  if (!legalMoves[from].includes(to)) throw new Error(`connection ${entry.id} cannot go from ${from} to ${to}`)
  const { counts } = entry.shelf
  counts.add(from, -1)
  counts.add(to, 1)
  total.add(from, -1)
  total.add(to, 1)
  entry.state = to
}

/** Counts an entry out. */
export const dismiss = (entry: ConnectionEntry, total: StateCounts): void => {
  entry.shelf.counts.add(entry.state, -1)
  total.add(entry.state, -1)
}
