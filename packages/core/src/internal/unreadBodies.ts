/**
 * Answers that nobody has begun to read and that are too large to be taken in anyway (C4). While a request waits for the
 * connection of one, it is taken into memory up to the limits; what passes them is given up a second later.
 *
 * @internal
 */
import type { AnswerBody } from "./answerBody.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Deadline } from "./deadlines.js"

/** How long a request waits for a reader to come, once an answer has passed the limits. */
const patience = 1_000

/** One such answer, from the moment it is large until it is read or nobody can read it any more. */
export class UnreadBody implements Deadline {
  at = Infinity
  slot = -1
  /** Bytes that count towards the budget. */
  bytes = 0
  private readonly all: UnreadBodies
  readonly body: AnswerBody

  constructor(all: UnreadBodies, body: AnswerBody) {
    this.all = all
    this.body = body
  }

  /** It holds so many bytes now: whether it may take in more. */
  admits(bytes: number): boolean {
    this.all.count(this, bytes)
    return this.all.decide(this)
  }

  /** It is read, or nobody can read it any more. */
  leave(): void {
    this.all.remove(this)
  }

  onDue(): void {
    if (!this.body.exchange.complete && this.all.isWanted(this)) this.body.giveUp()
  }
}

export class UnreadBodies {
  private readonly members = new Set<UnreadBody>()
  /** What all of them hold. */
  bytes = 0
  private readonly pool: ConnectionPool

  constructor(pool: ConnectionPool) {
    this.pool = pool
  }

  add(body: AnswerBody): UnreadBody {
    const unread = new UnreadBody(this, body)
    this.members.add(unread)
    return unread
  }

  count(unread: UnreadBody, bytes: number): void {
    this.bytes += bytes - unread.bytes
    unread.bytes = bytes
  }

  remove(unread: UnreadBody): void {
    if (!this.members.delete(unread)) return
    this.count(unread, 0)
    this.pool.deadlines.clear(unread)
    this.review()
  }

  isWanted({ body }: UnreadBody): boolean {
    return this.pool.machine.isWanted(body.exchange.origin.key)
  }

  /** Somebody waits, or there is room again: each that can do something about it does. */
  review(): void {
    for (const unread of this.members) {
      if (!unread.body.exchange.complete && this.decide(unread)) unread.body.takeIn()
    }
  }

  /** Whether it is to be taken in further; where it is wanted and must not be, its time begins to run. */
  decide(unread: UnreadBody): boolean {
    if (!this.isWanted(unread)) return false
    const { unreadBodyBudget, unreadBodyLimit } = this.pool.settings
    if (unread.bytes <= unreadBodyLimit && this.bytes <= unreadBodyBudget) {
      this.pool.deadlines.clear(unread)
      return true
    }
    if (unread.slot < 0) this.pool.deadlines.set(unread, this.pool.now + patience)
    return false
  }
}
