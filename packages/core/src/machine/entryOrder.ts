/**
 * Entries in the order in which they were added, oldest first; every operation is O(1).
 *
 * @internal
 */
import type { ConnectionEntry } from "./connectionEntry.js"

/** A member of an `EntryOrder`. */
export class OrderNode {
  prev: OrderNode = this
  next: OrderNode = this
  readonly entry: ConnectionEntry | undefined

  constructor(entry: ConnectionEntry | undefined) {
    this.entry = entry
  }

  get listed(): boolean {
    return this.next !== this
  }

  remove(): void {
    this.prev.next = this.next
    this.next.prev = this.prev
    this.prev = this
    this.next = this
  }
}

/** A ring of nodes with one that holds no entry. */
export class EntryOrder {
  private readonly end = new OrderNode(undefined)

  get oldest(): ConnectionEntry | undefined {
    return this.end.next.entry
  }

  get newest(): ConnectionEntry | undefined {
    return this.end.prev.entry
  }

  /** Oldest first; the one that was given last may be removed meanwhile. */
  *[Symbol.iterator](): Generator<ConnectionEntry> {
    for (let node = this.end.next; node.entry !== undefined;) {
      const { next } = node
      yield node.entry
      node = next
    }
  }

  add(node: OrderNode): void {
    node.prev = this.end.prev
    node.next = this.end
    this.end.prev.next = node
    this.end.prev = node
  }
}
