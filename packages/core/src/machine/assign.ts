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
 * - `evict`: close the pool's oldest idle connection, then dial; it belongs to another key, since this one has none idle
 * - `blocked`: dial as soon as the whole pool has room
 * - `wait`: what is open or under way will do
 */
export type Decision = ConnectionEntry | "open" | "evict" | "blocked" | "wait"

export const assign = (shelf: OriginShelf, pool: PoolRoom): Decision => {
  const ready = shelf.ready(pool.scheduling)
  if (ready !== undefined) return ready
  if (!shelf.wantsDial()) return "wait"
  if (pool.room > 0) return "open"
  return pool.idle.oldest === undefined ? "blocked" : "evict"
}

/**
 * Whether a connection of `holder` that just became free is to be closed so that `blocked`, another key that waits for room in
 * the whole pool, can open one: when it has none at all, or clearly fewer.
 */
export const owesRoom = (holder: OriginShelf, blocked: OriginShelf): boolean =>
  blocked.counts.open === 0 || blocked.counts.open + 1 < holder.counts.open
