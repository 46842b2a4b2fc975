/**
 * Requests of one key that have no connection, first come first served.
 *
 * @internal
 */
import type { Alarm } from "./alarms.js"
import type { ConnectionEntry } from "./connectionEntry.js"
import type { OriginShelf } from "./originShelf.js"

/** A request without a delivered connection: it waits in its key's queue, or was granted an `entry`. */
export class Waiter implements Alarm {
  readonly kind = "waiter"
  at = Infinity
  slot = -1
  prev: Waiter | undefined = undefined
  next: Waiter | undefined = undefined
  entry: ConnectionEntry | undefined = undefined
  readonly id: number
  readonly shelf: OriginShelf
  /** When it gives up. */
  readonly deadline: number
  /** Where it waits. */
  readonly queue: WaitQueue

  constructor(id: number, shelf: OriginShelf, deadline: number, queue: WaitQueue = shelf.waiting) {
    this.id = id
    this.shelf = shelf
    this.deadline = deadline
    this.queue = queue
  }
}

/** A doubly linked list: adding at both ends and removing anywhere are O(1). */
export class WaitQueue {
  private head: Waiter | undefined = undefined
  private tail: Waiter | undefined = undefined
  private length = 0

  get size(): number {
    return this.length
  }

  get first(): Waiter | undefined {
    return this.head
  }

  push(waiter: Waiter): void {
    waiter.prev = this.tail
    waiter.next = undefined
    if (this.tail === undefined) this.head = waiter
    else this.tail.next = waiter
    this.tail = waiter
    this.length++
  }

  /** Back to the head: it was granted a connection that proved dead. */
  unshift(waiter: Waiter): void {
    waiter.prev = undefined
    waiter.next = this.head
    if (this.head === undefined) this.tail = waiter
    else this.head.prev = waiter
    this.head = waiter
    this.length++
  }

  remove(waiter: Waiter): void {
    if (waiter.prev === undefined) this.head = waiter.next
    else waiter.prev.next = waiter.next
    if (waiter.next === undefined) this.tail = waiter.prev
    else waiter.next.prev = waiter.prev
    waiter.prev = undefined
    waiter.next = undefined
    this.length--
  }
}
