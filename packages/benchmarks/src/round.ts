// One stretch of time in which callers call, each as soon as its last call has been answered.

export class Round {
  readonly startedAt = performance.now()
  /** When no further call is made; calls that are under way are awaited. */
  readonly deadline: number
  /** Of each answered call, in milliseconds, waiting for a connection included. */
  readonly latencies: Array<number> = []
  readonly callers: number

  constructor(callers: number, milliseconds: number) {
    this.callers = callers
    this.deadline = this.startedAt + milliseconds
  }

  /** A call made at `since` is answered. Returns the time, at which the caller makes its next call. */
  answered(since: number): number {
    const now = performance.now()
    this.latencies.push(now - since)
    return now
  }
}
