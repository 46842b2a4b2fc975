// One stretch of time in which callers call, each as soon as its last call has been answered.

export class Round {
  readonly startedAt = performance.now()
  /** When no further call is made, known once it counts; calls that are under way are awaited. */
  deadline = Infinity
  /** Of each answered call that counts, in milliseconds, waiting for a connection included. */
  readonly latencies: Array<number> = []
  /** Answers that do not count. */
  uncounted = 0
  readonly callers: number
  private readonly milliseconds: number
  private readonly settling: number
  private readonly onCounting: () => void

  /**
   * Lasts so many milliseconds from when it counts, which is after `settling` answers: until then all callers are being started, and
   * have called at the same time.
   */
  constructor(callers: number, milliseconds: number, settling: number, onCounting: () => void) {
    this.callers = callers
    this.milliseconds = milliseconds
    this.settling = settling
    this.onCounting = onCounting
    if (settling === 0) this.count(this.startedAt)
  }

  /** A call made at `since` is answered. Returns the time, at which the caller makes its next call. */
  answered(since: number): number {
    const now = performance.now()
    if (this.uncounted === this.settling) this.latencies.push(now - since)
    else if (++this.uncounted === this.settling) this.count(now)
    return now
  }

  private count(now: number): void {
    this.deadline = now + this.milliseconds
    this.onCounting()
  }
}
