/**
 * Closes connections whose time is over a portion at a time: very many that end together must not hold up the event loop.
 *
 * @internal
 */
import type { Connection } from "../Connection.js"
import type { Deadline, Deadlines } from "./deadlines.js"

/** A portion ends with whichever is first: so many milliseconds, or connections where the clock stands still (docs/DESIGN.md, 13.33). */
const longest = 1
const most = 50

export class Closings implements Deadline {
  at = Infinity
  slot = -1
  /** What may be closed at once. */
  private left = Infinity
  private until = Infinity
  private later: Array<Connection> = []
  private readonly deadlines: Deadlines

  constructor(deadlines: Deadlines) {
    this.deadlines = deadlines
  }

  close(connection: Connection): void {
    if (this.takesOne()) connection.close()
    else this.later.push(connection)
  }

  /** What is closed by `work` beyond a portion is closed later. */
  inPortions(now: number, work: () => void): void {
    this.begin(this.later.length > 0 ? 0 : most, now)
    work()
    this.end(now)
  }

  onDue(now: number): void {
    this.begin(most, now)
    let closed = 0
    while (closed < this.later.length && this.takesOne()) this.later[closed++]!.close()
    this.later.splice(0, closed)
    this.end(now)
  }

  /** All that are left, at once: a drain waits for them. */
  flush(): void {
    const left = this.later
    this.later = []
    for (const connection of left) connection.close()
  }

  /** Whether one more belongs to this portion, which has it then. */
  private takesOne(): boolean {
    if (this.left > 0 && this.until < Infinity && this.deadlines.now() >= this.until) this.left = 0
    return this.left-- > 0
  }

  private begin(left: number, now: number): void {
    this.left = left
    this.until = now + longest
  }

  private end(now: number): void {
    this.left = Infinity
    this.until = Infinity
    if (this.later.length > 0 && this.slot < 0) this.deadlines.set(this, now + 1)
  }
}
