// The callers and what disturbs them, for a time; now and then all of them rest, and then everything is counted.
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Random } from "../simulation/random.js"
import { Random as SeededRandom, seedOfRun } from "../simulation/random.js"
import * as Callers from "./callers.js"
import type { Disturbance } from "./disturbances.js"
import type { Ledger } from "./ledger.js"
import { countIn } from "./messages.js"
import { plan } from "./plan.js"
import type { Pools } from "./pools.js"
import type { Target } from "./targets.js"

const callers = 80

/** Milliseconds between two requests of a caller, at most. */
const longestPause = 20

/** Milliseconds in which everybody must have come to rest: longer than any timeout of the pools. */
const patience = 40_000

const tick = Effect.sleep("10 millis")

export class Load {
  /** What was done beside the requests, and how often. */
  readonly disturbed = new Map<string, number>()
  private running = 0
  private resting = false
  private over = false
  private readonly fibers: Array<Fiber.RuntimeFiber<void>> = []
  private readonly pools: Pools
  private readonly targets: ReadonlyArray<Target>
  private readonly ledger: Ledger

  constructor(pools: Pools, targets: ReadonlyArray<Target>, ledger: Ledger) {
    this.pools = pools
    this.targets = targets
    this.ledger = ledger
  }

  start(seed: number, disturbances: ReadonlyArray<Disturbance>): Effect.Effect<void> {
    const all = [
      ...Array.from({ length: callers }, () => (random: Random) => this.caller(random)),
      ...disturbances.map((disturbance) => (random: Random) => this.disturber(disturbance, random))
    ]
    return Effect.forEach(
      all,
      (make, index) =>
        Effect.map(Effect.forkDaemon(make(new SeededRandom(seedOfRun(seed, index + 10)))), (fiber) => {
          this.fibers.push(fiber)
        }),
      { discard: true }
    )
  }

  /** Lets everybody come to rest. False: somebody does not. */
  get rest(): Effect.Effect<boolean> {
    return Effect.gen(this, function*() {
      this.resting = true
      const end = performance.now() + patience
      while (this.running > 0 && performance.now() < end) yield* tick
      return this.running === 0
    })
  }

  resume(): void {
    this.resting = false
  }

  /** For the last time: nobody goes on after this. False: somebody did not come to rest. */
  get end(): Effect.Effect<boolean> {
    return Effect.gen(this, function*() {
      this.over = true
      const rested = yield* this.rest
      yield* Effect.timeoutOption(Fiber.interruptAll(this.fibers), "5 seconds")
      return rested
    })
  }

  /** Runs something unless it is time to rest; then there is a rest first. */
  private turn(act: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.resting) return tick
      this.running++
      return Effect.ensuring(act, Effect.sync(() => this.running--))
    })
  }

  private repeatedly(act: () => Effect.Effect<void>, pause: () => number): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      while (!this.over) {
        yield* this.turn(Effect.suspend(act))
        yield* Effect.sleep(pause())
      }
    })
  }

  private caller(random: Random): Effect.Effect<void> {
    return this.repeatedly(() => {
      const call = plan(random, this.targets)
      return Callers.make(this.ledger, this.pools[call.pool], call)
    }, () => random.below(longestPause))
  }

  private disturber({ act, pause: [least, most] }: Disturbance, random: Random): Effect.Effect<void> {
    const once = (): Effect.Effect<void> =>
      act(random).pipe(
        Effect.map((what) => countIn(this.disturbed, what)),
        Effect.catchAllCause((cause) => Effect.sync(() => this.ledger.wrong("others", String(cause))))
      )
    return this.repeatedly(once, () => random.between(least, most))
  }
}
