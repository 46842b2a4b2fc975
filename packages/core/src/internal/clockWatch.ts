/**
 * Notices that the clocks disagree: the machine was asleep, which a monotonic clock may not count, or somebody set the time.
 *
 * @internal
 */
import type * as Clock from "effect/Clock"

/** Smaller steps are what time servers do all day, and no server closes a connection for them. */
const tolerance = 1_000

export class ClockWatch {
  private readonly clock: Clock.Clock
  /** Wall-clock time less monotonic time, in milliseconds. */
  private offset: number

  constructor(clock: Clock.Clock, now: number) {
    this.clock = clock
    this.offset = clock.unsafeCurrentTimeMillis() - now
  }

  /** Whether the two have parted since the last time that this was asked. `now` is the monotonic time, in milliseconds. */
  jumped(now: number): boolean {
    const offset = this.clock.unsafeCurrentTimeMillis() - now
    const jumped = Math.abs(offset - this.offset) > tolerance
    this.offset = offset
    return jumped
  }
}
