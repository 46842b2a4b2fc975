/**
 * Closes connections whose time is over a portion at a time: very many that end together must not hold up the event loop.
 *
 * @internal
 */
import type { Connection } from "../Connection.js"
import type { Deadline, Deadlines } from "./deadlines.js"

/** So many take a millisecond or two (docs/DESIGN.md, 13.33). */
const portion = 50

export class Closings implements Deadline {
  at = Infinity
  slot = -1
  private room = Infinity
  private later: Array<Connection> = []
  private readonly deadlines: Deadlines

  constructor(deadlines: Deadlines) {
    this.deadlines = deadlines
  }

  close(connection: Connection): void {
    if (this.room-- > 0) connection.close()
    else this.later.push(connection)
  }

  /** What is closed by `work` beyond a portion is closed later. */
  inPortions(now: number, work: () => void): void {
    this.room = this.later.length > 0 ? 0 : portion
    work()
    this.room = Infinity
    if (this.later.length > 0 && this.slot < 0) this.deadlines.set(this, now + 1)
  }

  onDue(now: number): void {
    for (const connection of this.later.splice(0, portion)) connection.close()
    if (this.later.length > 0) this.deadlines.set(this, now + 1)
  }

  /** All that are left, at once: a drain waits for them. */
  flush(): void {
    const left = this.later
    this.later = []
    for (const connection of left) connection.close()
  }
}
