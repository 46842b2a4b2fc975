/**
 * The decision: what a key's oldest waiter gets now. Everything else in the machine keeps the books for it.
 *
 * @internal
 */
import type { ConnectionEntry } from "./connectionEntry.js"
import type { EntryOrder } from "./entryOrder.js"
import type { OriginShelf, Scheduling } from "./originShelf.js"

export interface PoolRoom {
  readonly scheduling: Scheduling
  /** Connections that may still be opened under the limit of the whole pool. */
  readonly room: number
  /** All idle connections, the longest idle first. */
  readonly idle: EntryOrder
}

/**
 * - an entry: reuse it
 * - `open`: dial
 * - `evict`: close an idle connection, the `victim`, then dial
 * - `blocked`: dial as soon as the whole pool has room
 * - `wait`: what is open or under way will do
 */
export type Decision = ConnectionEntry | "open" | "evict" | "blocked" | "wait"

export const assign = (shelf: OriginShelf, pool: PoolRoom): Decision => {
  if (shelf.demand === 0) return "wait"
  const wantsDial = shelf.wantsDial()
  const hasRoom = pool.room > 0 && !shelf.full
  if (shelf.waiting.size > 0) {
    // What is idle makes room for who takes a fresh connection only: that one came first.
    const makesRoom = wantsDial && shelf.lacksFresh && !hasRoom
    const ready = makesRoom ? shelf.shared.newest : shelf.ready(pool.scheduling)
    if (ready !== undefined) return ready
  }
  if (!wantsDial) return "wait"
  if (hasRoom) return "open"
  return victim(shelf, pool) === undefined ? "blocked" : "evict"
}

/** The idle connection that gives way to a dial of this key: its own oldest where the key is full, otherwise the pool's oldest. */
export const victim = (shelf: OriginShelf, pool: PoolRoom): ConnectionEntry | undefined =>
  shelf.full ? shelf.idle.oldest : pool.idle.oldest

/**
 * Whether a connection of `holder` that just became free is to be closed so that `blocked`, another key that waits for room in
 * the whole pool, can open one: when it has none at all, or clearly fewer.
 */
export const owesRoom = (holder: OriginShelf, blocked: OriginShelf): boolean =>
  blocked.counts.open === 0 || blocked.counts.open + 1 < holder.counts.open
