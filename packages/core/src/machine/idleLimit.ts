/**
 * How long an origin keeps an idle connection, learned from when it closed some.
 *
 * @internal
 */

/** Sooner than this, a close tells of something else than of a limit. */
const shortest = 100

/** Closes tell of the same limit when they differ by no more than this part of it. */
const tolerance = 0.2

/** The part of what the origin allows that is made use of. */
const share = 0.9

/** What was learned is forgotten by this part of it, each time a connection was idle for so long and was still open. */
const forgotten = 0.005

export class IdleLimit {
  /** In milliseconds; `Infinity` while nothing is known. */
  value = Infinity
  private closedAfter = -Infinity
  private closedAt = -Infinity

  /** The origin closed a connection that had been idle for so long. Tells whether the limit is lower now. */
  closed(now: number, idleFor: number): boolean {
    if (idleFor < shortest) return false
    const alike = Math.abs(idleFor - this.closedAfter) <= tolerance * this.closedAfter
    // What is closed together counts once: it may have been a restart.
    if (alike && now - this.closedAt < tolerance * idleFor) return false
    const learned = alike ? share * Math.min(idleFor, this.closedAfter) : Infinity
    this.closedAfter = idleFor
    this.closedAt = now
    if (learned >= this.value) return false
    this.value = learned
    return true
  }

  /** A connection was idle for that long, and the origin had not closed it. From `most` on nothing is known any more. */
  outlived(most: number): void {
    this.value *= 1 + forgotten
    if (this.value >= most) this.value = Infinity
  }
}
