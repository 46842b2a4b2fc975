// One run: a pool over the simulated network, everything that is to happen to it, and the look at the books afterwards.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as Connector from "@connection-pool/core/Connector"
import type { PoolStats } from "@connection-pool/core/PoolStats"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Caller } from "./callers.js"
import { Ledger } from "./ledger.js"
import { Network } from "./network.js"
import { Observer } from "./observer.js"
import type { Deed, Plan } from "./plan.js"
import * as Plans from "./plan.js"
import { Random } from "./random.js"
import { World } from "./world.js"

/** What became of a run. */
export interface RunReport {
  readonly seed: number
  /** What did not hold, if anything. */
  readonly problem: string | undefined
  readonly trace: ReadonlyArray<string>
  /** Simulated milliseconds. */
  readonly time: number
  readonly ledger: Ledger
  readonly network: Network
  readonly leases: number
}

/** For connections that are slow to confirm that they are closed, as in the pool. */
const closeGrace = 1_000

/** These are also told where no exchange was begun, or to who reads when it has ended. */
const uncounted: ReadonlyArray<string> = ["InvalidRequest", "ConnectionLost", "ResponseTooLarge"]

class Run {
  readonly world: World
  readonly ledger: Ledger
  readonly network: Network
  readonly callers: Array<Caller> = []
  private readonly plan: Plan
  private readonly scope = Effect.runSync(Scope.make())
  private pool: ConnectionPool.Service | undefined = undefined
  private observer: Observer | undefined = undefined
  private before: PoolStats | undefined = undefined
  private closing = false
  private closed = false
  /** Who had a bare lease when the pool had ended. */
  private holders = 0
  private drained = false
  private readonly jitter: Random

  constructor(random: Random, jitter: Random) {
    this.world = new World(random)
    this.jitter = jitter
    this.ledger = new Ledger(this.world)
    this.plan = Plans.draw(random)
    this.network = new Network(this.world, this.ledger, this.plan.network)
  }

  async go(): Promise<void> {
    const { world } = this
    world.note(`options ${JSON.stringify(this.plan.options)}`)
    world.note(`network ${JSON.stringify(this.plan.network)}`)
    this.make()
    await world.rest(() => this.compare())
    if (world.problem === undefined && !this.drained && !this.closing) this.checkNobodyWaits()
    if (world.problem === undefined) {
      this.close()
      await world.rest(() => this.compare())
    }
    if (world.problem === undefined) this.checkEnd()
  }

  // --- what happens -------------------------------------------------------------------------------------------------------------

  private make(): void {
    const made = this.world.fork(
      ConnectionPool.make(this.plan.options).pipe(
        Effect.provideService(Connector.Connector, this.network.connector),
        Effect.provideService(ConnectionPool.CheckLaws, true),
        Effect.withRandom(this.jitter.asEffects()),
        Scope.extend(this.scope)
      )
    )
    made.addObserver((exit) => {
      if (Exit.isSuccess(exit)) return this.begin(exit.value)
      const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
      this.world.note(`the pool could not be made: ${error?._tag}`)
      // Only a warm-up that is required may fail it.
      if (error === undefined || this.plan.options.warmUp?.required !== true) {
        this.world.broken(`the pool could not be made: ${Cause.pretty(exit.cause)}`)
      }
    })
  }

  private begin(pool: ConnectionPool.Service): void {
    const { world } = this
    this.pool = pool
    world.fork(Stream.runForEach(pool.events, (event) => Effect.sync(() => this.observer?.onEvent(event))))
    // A stream begins a little later.
    world.whenQuiet(() => this.start(pool))
  }

  private start(pool: ConnectionPool.Service): void {
    const { world } = this
    this.before = Effect.runSync(pool.stats)
    const connections = Effect.runSync(pool.connections)
    this.observer = new Observer(world, connections.flatMap(({ id, state }) => state === "connecting" ? [] : [id]))
    const { acquireTimeout } = this.plan.options
    for (const [i, call] of this.plan.calls.entries()) {
      const caller = new Caller(`r${i}`, call, pool, world, this.ledger, acquireTimeout)
      this.callers.push(caller)
      world.after(call.at, () => caller.start())
    }
    for (const deed of this.plan.deeds) world.after(deed.at, () => this.act(deed, pool))
  }

  private act(deed: Deed, pool: ConnectionPool.Service): void {
    this.world.note(JSON.stringify(deed))
    switch (deed.kind) {
      case "closeIdle":
        return void this.world.forkUser(pool.closeIdle)
      case "connections":
        return void this.world.forkUser(pool.connections)
      case "close":
        return this.close()
      case "warmUp": {
        const { connections, interruptedAfter, origins } = deed
        return this.interrupted(interruptedAfter, this.warmUp(pool, origins, connections))
      }
      case "drain":
        this.drained = true
        this.ledger.drains++
        return this.interrupted(deed.interruptedAfter, this.drain(pool, deed.timeout))
    }
  }

  private interrupted(after: number | undefined, effect: Effect.Effect<void>): void {
    const fiber = this.world.forkUser(effect)
    if (after !== undefined) this.world.after(after, () => fiber.unsafeInterruptAsFork(FiberId.none))
  }

  private warmUp(
    pool: ConnectionPool.Service,
    origins: ReadonlyArray<string>,
    connections: number
  ): Effect.Effect<void> {
    return Effect.match(pool.warmUp(origins, { connections }), {
      onFailure: ({ _tag }) => {
        if (_tag !== "PoolClosed" || !(this.drained || this.closing)) this.world.broken(`a warm-up failed with ${_tag}`)
      },
      onSuccess: ({ opened, origins }) => {
        const failed = origins.reduce((sum, { failures }) => sum + failures.length, 0)
        this.world.note(`warmed up: ${opened} opened, ${failed} failed`)
        // What an origin is to keep idle is opened with it.
        const most = Math.max(connections, this.plan.options.minIdlePerOrigin ?? 0) * origins.length
        if (opened < 0 || opened + failed > most) this.world.broken("a warm-up opened too many")
      }
    })
  }

  private drain(pool: ConnectionPool.Service, timeout: number | undefined): Effect.Effect<void> {
    const { longestClose } = this.plan.network
    const most = (timeout ?? this.plan.options.drainTimeout) + (longestClose > 0 ? closeGrace : 0)
    return Effect.map(pool.drain(timeout), (report) => {
      const { answered, cutOff, elapsed, unclosed } = report
      this.world.note(`drained: ${JSON.stringify(report)}`)
      if (answered < 0 || cutOff < 0 || elapsed > most) this.world.broken(`a drain says ${JSON.stringify(report)}`)
      const { active, connecting, idle, waiting } = Effect.runSync(pool.stats)
      if (active + connecting + idle + waiting > 0) this.world.broken("something is left after a drain")
      if (unclosed > 0 && longestClose <= closeGrace) this.world.broken(`${unclosed} unclosed`)
    })
  }

  private close(): void {
    if (this.closing) return
    this.closing = true
    this.world.note("the scope closes")
    this.world.fork(Scope.close(this.scope, Exit.void)).addObserver((exit) => {
      this.world.note("the scope is closed")
      this.closed = true
      this.holders = this.callers.filter(({ ended, plan }) => plan.kind === "lease" && !ended).length
      if (Exit.isFailure(exit)) this.world.broken(`the release failed: ${Cause.pretty(exit.cause)}`)
    })
  }

  // --- what must hold -----------------------------------------------------------------------------------------------------------

  private compare(): void {
    if (this.pool !== undefined) this.network.check(Effect.runSync(this.pool.stats))
    // Each timer of the pool is a fiber that sleeps.
    if (this.closed && this.world.others > 0) {
      this.world.broken(`${this.world.others} fibers are left after the release`)
    }
  }

  /** Time has passed until nothing was left to happen: whoever still waits would wait for ever. */
  private checkNobodyWaits(): void {
    for (const { ended, name } of this.callers) if (!ended) this.world.broken(`${name} waits for ever`)
    for (const { id, outcome } of this.ledger.requests.values()) {
      if (outcome === "running") this.world.broken(`${id} waits for ever`)
    }
  }

  private checkEnd(): void {
    const { ledger, network, world } = this
    for (const { ended, name } of this.callers) if (!ended) world.broken(`${name} has not ended with the pool`)
    const sum = ledger.count("answered") + ledger.count("failed") + ledger.count("interrupted")
    if (sum !== ledger.requests.size) world.broken(`${ledger.requests.size} requests, and ${sum} ends of requests`)
    if (world.fibers.size > 0) world.broken(`${world.fibers.size} fibers are left`)
    if (!this.closed) world.broken("the release does not end")
    network.checkEnd()
    if (this.pool !== undefined) this.checkStats(Effect.runSync(this.pool.stats))
  }

  private checkStats(stats: PoolStats): void {
    const { network, world } = this
    for (const { active, connecting, idle, waiting } of [stats, ...stats.origins]) {
      if (active + connecting + idle + waiting > 0) world.broken("the stats are not at rest after the end")
    }
    const left = Effect.runSync(this.pool!.connections).length
    if (left > 0) world.broken(`the pool knows ${left} connections after the end`)
    const agree = (what: string, pool: number, counted: number): void => {
      if (pool !== counted) world.broken(`${what}: the pool says ${pool}, the network ${counted}`)
    }
    agree("opened", stats.opened, network.taken)
    agree("closed", stats.closed, network.gone)
    agree("requests", stats.requests, network.sent)
    agree("reused", stats.reused, network.reused)
    agree("repeated", stats.repeated, this.ledger.repeats)
    agree("bytes received", stats.bytesReceived, network.bytes)
    this.observer!.check(this.before!, stats, this.plan.network.longestClose > closeGrace, this.holders)
    if (this.observer!.completed > network.ends) world.broken("more requests completed than answers came to their end")
    this.checkErrors(stats)
  }

  /** What callers were told was counted. A body that failed is counted whether somebody reads it or not. */
  private checkErrors(stats: PoolStats): void {
    for (const [tag, count] of this.ledger.errors) {
      if (uncounted.includes(tag)) continue
      const counted = stats.failures[tag] ?? 0
      if (count > counted) this.world.broken(`${count} callers got ${tag}, and the pool counted ${counted}`)
    }
  }
}

export const run = async (seed: number): Promise<RunReport> => {
  // Effect hashes some objects by the runtime's chance, and has them in the order of their hashes.
  const real = Math.random
  const chance = new Random(seed + 1)
  Math.random = () => chance.fraction()
  try {
    const running = new Run(new Random(seed), chance)
    await running.go()
    const { callers, ledger, network, world } = running
    const leases = callers.filter(({ plan }) => plan.kind === "lease").length
    return { seed, problem: world.problem, trace: world.trace, time: world.now, ledger, network, leases }
  } finally {
    Math.random = real
  }
}
