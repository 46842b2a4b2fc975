// Where a run takes place: its clock, its scheduler, its chance, its fibers and its trace. Nothing here is real, and nothing is
// left to the machine: what happens at one moment happens in an order that the seed decides.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Runtime from "effect/Runtime"
import type * as Scheduler from "effect/Scheduler"
import * as Supervisor from "effect/Supervisor"
import type { Random } from "./random.js"

/** A run that has taken so many steps goes round in circles. */
const mostSteps = 300_000

/** Between two forced yields of a fiber lie at most so many operations. */
const longestStretch = 150

interface Task {
  readonly run: () => void
  /** Of a fiber, not of the network or the plan. */
  readonly ofFiber: boolean
}

interface Timer {
  readonly at: number
  readonly run: () => void
}

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/**
 * Whether a fiber is of a user of the pool. Only these are made to yield: `Effect.async` loses its canceller, or what it returned,
 * when an interruption comes in certain places, which a fiber reaches only by yielding there.
 */
const ofUser = FiberRef.unsafeMake(false)

export class World implements Scheduler.Scheduler {
  now = 0
  /** What was found wrong first. */
  problem: string | undefined = undefined
  readonly trace: Array<string> = []
  /** Every fiber that has begun and not ended. */
  readonly fibers = new Set<AnyFiber>()
  readonly random: Random
  private readonly runtime: Runtime.Runtime<never>
  private readonly users: Runtime.Runtime<never>
  private steps = 0
  private ready: Array<Task> = []
  private readonly quiet: Array<() => void> = []
  /** The next one last. */
  private readonly timers: Array<Timer> = []
  private stretch = longestStretch
  /**
   * Whether what is ready at one moment runs in any order, and fibers yield where they need not: nothing that the pool promises may
   * depend on either. Among fibers the order stays that of Effect's own scheduler, which Effect depends on (`forEach`, say).
   */
  private readonly shuffled: boolean

  constructor(random: Random) {
    this.random = random
    this.shuffled = random.chance(0.5)
    this.runtime = Effect.runSync(
      Effect.runtime<never>().pipe(
        Effect.withClock(this.clock()),
        Effect.supervised(this.supervisor()),
        Effect.withScheduler(this),
        Effect.provide(Logger.replace(Logger.defaultLogger, this.logger()))
      )
    )
    this.users = Runtime.setFiberRef(this.runtime, ofUser, true)
  }

  // --- what everybody here uses -------------------------------------------------------------------------------------------------

  note(text: string): void {
    this.trace.push(`${this.now} ${text}`)
  }

  /** Something does not hold that must. */
  broken(problem: string): void {
    this.problem ??= problem
    this.note(`BROKEN ${problem}`)
  }

  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    return Runtime.runFork(this.runtime)(effect)
  }

  /** The same, for what users of the pool do. */
  forkUser<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    return Runtime.runFork(this.users)(effect)
  }

  /** At this moment, but not in this call. */
  soon(run: () => void): void {
    this.ready.push({ run, ofFiber: false })
  }

  /** At this moment, when no fiber has anything left to do. */
  whenQuiet(run: () => void): void {
    this.quiet.push(run)
  }

  /** Calls back after `delay` milliseconds, unless what is returned was called before. */
  after(delay: number, run: () => void): () => void {
    let wanted = true
    const timer = { at: this.now + delay, run: () => wanted && run() }
    // Those with the same time keep their order.
    let place = this.timers.length
    while (place > 0 && this.timers[place - 1]!.at <= timer.at) place--
    this.timers.splice(place, 0, timer)
    return () => {
      // It may be due, and wait for its turn.
      wanted = false
      const index = this.timers.indexOf(timer)
      if (index >= 0) this.timers.splice(index, 1)
    }
  }

  /** The fibers that are of no user. */
  get others(): number {
    let others = 0
    for (const fiber of this.fibers) if (!fiber.getFiberRef(ofUser)) others++
    return others
  }

  /**
   * Goes on until nothing is ready and no timer is set, or something is broken. `onMomentOver` is called whenever time is about to
   * pass.
   */
  async rest(onMomentOver: () => void): Promise<void> {
    while (this.problem === undefined) {
      this.runReady()
      // Whoever queues a microtask is heard before time passes.
      await undefined
      if (this.ready.length > 0) continue
      const quiet = this.quiet.shift()
      if (quiet !== undefined) {
        this.soon(quiet)
        continue
      }
      const next = this.timers.at(-1)
      if (next === undefined || next.at > this.now) onMomentOver()
      if (next === undefined || this.problem !== undefined) return
      this.now = next.at
      do this.soon(this.timers.pop()!.run)
      while (this.shuffled && this.timers.at(-1)?.at === this.now)
    }
  }

  private runReady(): void {
    while (this.ready.length > 0 && this.problem === undefined) {
      if (++this.steps > mostSteps) return this.broken(`does not come to rest in ${mostSteps} steps`)
      try {
        this.takeReady().run()
      } catch (error) {
        this.broken(`an exception escaped: ${error instanceof Error ? error.stack : String(error)}`)
      }
    }
  }

  private takeReady(): Task {
    const { ready } = this
    if (!this.shuffled || ready.length === 1) return ready.shift()!
    const picked = this.random.below(ready.length)
    const index = ready[picked]!.ofFiber ? ready.findIndex(({ ofFiber }) => ofFiber) : picked
    return ready.splice(index, 1)[0]!
  }

  // --- what Effect is given -----------------------------------------------------------------------------------------------------

  /** Everything here has the same priority. */
  scheduleTask(run: () => void): void {
    this.ready.push({ run, ofFiber: true })
  }

  shouldYield(fiber: AnyFiber): number | false {
    if (this.shuffled && fiber.getFiberRef(ofUser) && --this.stretch <= 0) {
      this.stretch = this.random.between(1, longestStretch)
      return 0
    }
    return fiber.currentOpCount > fiber.getFiberRef(FiberRef.currentMaxOpsBeforeYield) ? 0 : false
  }

  private clock(): Clock.Clock {
    const nanos = () => BigInt(Math.round(this.now * 1e6))
    return {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => this.now,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(() => this.now),
      currentTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.async((resume) => Effect.sync(this.after(Duration.toMillis(duration), () => resume(Effect.void))))
    }
  }

  private supervisor(): Supervisor.Supervisor<void> {
    const started = (fiber: AnyFiber) => this.fibers.add(fiber)
    const ended = (exit: Exit.Exit<unknown, unknown>, fiber: AnyFiber) => {
      this.fibers.delete(fiber)
      if (Exit.isSuccess(exit)) return
      for (const defect of Cause.defects(exit.cause)) this.broken(`a fiber died: ${Cause.pretty(Cause.die(defect))}`)
    }
    return new class extends Supervisor.AbstractSupervisor<void> {
      readonly value = Effect.void
      override onStart(_context: unknown, _effect: unknown, _parent: unknown, fiber: AnyFiber) {
        started(fiber)
      }
      override onEnd(exit: Exit.Exit<unknown, unknown>, fiber: AnyFiber) {
        ended(exit, fiber)
      }
    }()
  }

  /** The pool logs nothing unless it, or a transport, is broken, or its callers keep others from its connections. */
  private logger(): Logger.Logger<unknown, void> {
    return Logger.make(({ cause, logLevel, message }) => {
      if (LogLevel.lessThan(logLevel, LogLevel.Warning) || ofCallers.test(String(message))) return
      this.broken(`${logLevel.label} logged: ${String(message)} ${Cause.pretty(cause)}`)
    })
  }
}

/** Warnings that leases may be leaked, and that requests wait for long. */
const ofCallers = /may be leaked|have waited for/
