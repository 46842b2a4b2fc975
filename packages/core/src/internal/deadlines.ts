/**
 * All timeouts of a pool on one timer, on the `Clock` of whoever built it.
 *
 * With the default clock the timer is a `setTimeout` of our own, which keeps the process alive only while somebody waits; with
 * any other clock (`TestClock`, say) it is that clock's `sleep`.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { Alarm } from "../machine/alarms.js"
import { Alarms } from "../machine/alarms.js"

/** Something that is called when its time comes, unless it was cleared before. */
export interface Deadline extends Alarm {
  onDue(now: number): void
}

/** @internal */
export interface Timer {
  /** Calls back after `delay` milliseconds, once; replaces what was set before. */
  set(delay: number): void
  clear(): void
  /** Whether the timer keeps the process alive. */
  hold(held: boolean): void
}

/** What a 32-bit timer can do; longer delays wake in between. */
const longestDelay = 2 ** 31 - 1

/** @internal */
export class LiveTimer implements Timer {
  private handle: ReturnType<typeof setTimeout> | undefined = undefined
  private held = false
  private readonly fire: () => void

  constructor(onFire: () => void) {
    this.fire = () => {
      this.handle = undefined
      onFire()
      this.keepHolding()
    }
  }

  set(delay: number): void {
    clearTimeout(this.handle)
    this.handle = setTimeout(this.fire, Math.max(0, Math.min(Math.ceil(delay), longestDelay)))
    if (!this.held) unref(this.handle)
  }

  clear(): void {
    clearTimeout(this.handle)
    this.handle = undefined
  }

  hold(held: boolean): void {
    this.held = held
    if (!held) unref(this.handle)
    else if (this.handle !== undefined) ref(this.handle)
    this.keepHolding()
  }

  private keepHolding(): void {
    if (this.held && this.handle === undefined) this.set(longestDelay)
  }
}

/** Node's timers hold the process; browsers' are numbers and hold nothing. */
type TimerHandle = { readonly ref?: () => void; readonly unref?: () => void } | number | undefined
const ref = (handle: TimerHandle): void => typeof handle === "object" ? handle.ref?.() : undefined
const unref = (handle: TimerHandle): void => typeof handle === "object" ? handle.unref?.() : undefined

type Fork = (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>

class ClockTimer implements Timer {
  private fiber: Fiber.RuntimeFiber<void> | undefined = undefined
  private readonly clock: Clock.Clock
  private readonly fork: Fork
  private readonly fire: Effect.Effect<void>

  constructor(clock: Clock.Clock, fork: Fork, onFire: () => void) {
    this.clock = clock
    this.fork = fork
    this.fire = Effect.sync(() => {
      this.fiber = undefined
      onFire()
    })
  }

  set(delay: number): void {
    this.clear()
    // Never inside this call, not even when it is due already or in less than a clock can tell.
    const sleep = delay > 0 ? this.clock.sleep(Duration.millis(Math.ceil(delay))) : Effect.yieldNow()
    this.fiber = this.fork(Effect.andThen(sleep, this.fire))
  }

  clear(): void {
    this.fiber?.unsafeInterruptAsFork(FiberId.none)
    this.fiber = undefined
  }

  hold(): void {}
}

/** @internal */
export class Deadlines {
  private readonly alarms = new Alarms<Deadline>()
  private readonly timer: Timer
  private setFor = Infinity
  private holders = 0
  private stopped = false
  /** Monotonic milliseconds. */
  readonly now: () => number

  constructor(clock: Clock.Clock, fork: Fork) {
    const fire = () => this.fire()
    if (clock === Context.get(DefaultServices.liveServices, Clock.Clock)) {
      this.now = () => performance.now()
      this.timer = new LiveTimer(fire)
    } else {
      this.now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
      this.timer = new ClockTimer(clock, fork, fire)
    }
  }

  /** Sets or moves a deadline; `Infinity` clears it. */
  set(deadline: Deadline, at: number): void {
    this.alarms.set(deadline, at)
    this.arm()
  }

  clear(deadline: Deadline): void {
    this.alarms.clear(deadline)
  }

  /** Somebody waits: the process must not end. */
  hold(): void {
    if (this.holders++ === 0) this.timer.hold(true)
  }

  release(): void {
    if (--this.holders === 0) this.timer.hold(false)
  }

  /** Nothing is called any more. */
  stop(): void {
    this.stopped = true
    this.timer.clear()
  }

  /** The timer is moved only to an earlier time; one that fires too early is set again. */
  private arm(): void {
    const next = this.alarms.next
    if (next >= this.setFor || this.stopped) return
    this.setFor = next
    this.timer.set(next - this.now())
  }

  private fire(): void {
    this.setFor = Infinity
    const now = this.now()
    for (let due = this.alarms.takeDue(now); due !== undefined; due = this.alarms.takeDue(now)) due.onDue(now)
    this.arm()
  }
}
