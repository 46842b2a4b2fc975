/**
 * The skin of the machine: it reports facts, carries out orders, and keeps what the orders are about. It decides nothing.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { CloseCause, Connection } from "../Connection.js"
import type { TlsOptions } from "../Connector.js"
import type { ContentDecoder } from "../ContentDecoder.js"
import type { Command, RejectReason } from "../machine/command.js"
import { noCommands } from "../machine/command.js"
import { IdTable } from "../machine/idTable.js"
import { violations } from "../machine/invariant.js"
import { PoolMachine } from "../machine/poolMachine.js"
import type { Origin } from "../Origin.js"
import type { PoolSettings } from "../PoolConfig.js"
import type { ConnectFailed, ConnectTimeout, PoolCounts } from "../PoolError.js"
import type { CloseReason } from "../PoolEvent.js"
import { Books } from "./books.js"
import type { RequestDefaults } from "./checkRequest.js"
import { ClockWatch } from "./clockWatch.js"
import { Closings } from "./closings.js"
import type { Deadline } from "./deadlines.js"
import { Deadlines } from "./deadlines.js"
import { SharedDiagnoses } from "./diagnosis.js"
import { Dialler } from "./dialler.js"
import { DialWatchers } from "./dialWatchers.js"
import { DrainWatchers } from "./drainWatchers.js"
import { connectTimeout, dialError, goneAtOnce, poolClosed, rejectionOf } from "./failures.js"
import { HeldConnection } from "./heldConnection.js"
import { LeakWatch } from "./leakWatch.js"
import type { Lease } from "./lease.js"
import { Orders } from "./orders.js"
import { Origins } from "./origins.js"
import type { OriginState } from "./originState.js"
import { SaturationWatch } from "./saturationWatch.js"
import type { Surroundings } from "./surroundings.js"
import { UnreadBodies } from "./unreadBodies.js"

type DialOutcome = Exit.Exit<Connection, ConnectFailed | ConnectTimeout>

export class ConnectionPool {
  readonly books = new Books()
  readonly deadlines: Deadlines
  private readonly closings: Closings
  readonly machine: PoolMachine
  readonly held = new Map<number, HeldConnection>()
  /** By the machine's name, from the request to the lease's end. */
  readonly leases = new IdTable<Lease>()
  readonly settings: PoolSettings
  readonly origins: Origins
  readonly unread = new UnreadBodies(this)
  readonly diagnoses = new SharedDiagnoses(this)
  readonly leaks = new LeakWatch(this)
  private readonly saturation: SaturationWatch
  readonly requestDefaults: RequestDefaults
  /** Where answers are to be decoded. */
  readonly decoder: Context.Tag.Service<ContentDecoder> | undefined
  private readonly clocks: ClockWatch
  private readonly dialler: Dialler
  private readonly jitter: () => number
  private readonly runtime: Runtime.Runtime<never>
  private readonly checked: boolean
  /** Of those that ran when a drain began. */
  exchangesCutOff = 0
  private drained = false
  private readonly orders = new Orders((order) => this.carryOut(order), (what, defect) => this.logDefect(what, defect))
  readonly dialWatchers = new DialWatchers()
  private readonly drainWatchers = new DrainWatchers()
  private readonly wake: Deadline = { at: Infinity, slot: -1, onDue: (now) => this.woke(now) }

  constructor(settings: PoolSettings, { checked, clock, connector, decoder, jitter, runtime }: Surroundings) {
    this.settings = settings
    this.saturation = new SaturationWatch(this, settings.saturationThreshold)
    this.dialler = new Dialler(connector, settings, runtime)
    this.jitter = jitter
    this.decoder = settings.decompress ? decoder : undefined
    this.requestDefaults = { keepAlive: settings.keepAlive, acceptEncoding: this.decoder?.codings.join(", ") }
    this.runtime = runtime
    this.checked = checked
    this.machine = new PoolMachine(settings)
    this.origins = new Origins(settings)
    this.deadlines = new Deadlines(clock, (effect) => this.fork(effect))
    this.closings = new Closings(this.deadlines)
    this.clocks = new ClockWatch(clock, this.now)
  }

  get now(): number {
    return this.deadlines.now()
  }

  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    return Runtime.runFork(this.runtime)(effect)
  }

  logDefect(what: string, defect: unknown): void {
    this.fork(Effect.logError(what, Cause.die(defect)))
  }

  originOf(origin: Origin, tls: TlsOptions | undefined): OriginState {
    // A closed pool keeps nothing.
    return this.origins.of(origin, tls, !this.machine.draining)
  }

  // --- facts from requests ----------------------------------------------------------------------------------------------------

  /**
   * Asks for a connection, or a `fresh` one; the holder hears of the outcome, perhaps before this returns. `deadline`: when it is not
   * wanted any more.
   */
  ask(lease: Lease, deadline: number, fresh: boolean): void {
    const { askedAt, origin } = lease
    lease.id = this.machine.nextWaiter
    this.leases.set(lease.id, lease)
    this.deadlines.hold()
    if (this.clocks.jumped(askedAt)) this.obey(this.machine.closeIdleRequested("clock_jump"))
    const orders = this.machine.requested(askedAt, origin.key, origin.limits, deadline, fresh)
    const waiter = this.machine.waiting.get(lease.id)
    if (waiter !== undefined) {
      lease.queued = true
      this.books.queued(origin, askedAt)
      this.saturation.queued(origin, waiter.shelf, askedAt)
      lease.holder.onQueued(orders.some(({ _tag }) => _tag === "Connect"))
    }
    this.obey(orders)
    if (waiter !== undefined) this.unread.review()
    this.showCounts(origin)
  }

  deliver(lease: Lease, held: HeldConnection, now: number): void {
    this.machine.delivered(lease.id)
    lease.deliveredAt = now
    this.books.granted(lease, held, now)
  }

  /** Called by the lease, once. */
  leaseEnded(lease: Lease, reusable: boolean, idleLimit: number, now: number): void {
    this.forgetLease(lease)
    if (this.leaks.suspecting) this.leaks.ended(lease.holder)
    if (lease.delivered) {
      const held = lease.held!
      this.books.released(lease, held, reusable, now)
      this.obey(this.machine.released(now, held.id, reusable, idleLimit))
    } else {
      this.books.leftQueue(lease, now)
      this.obey(this.machine.cancelled(now, lease.id))
    }
    this.showCounts(lease.origin)
  }

  // --- facts from connections -------------------------------------------------------------------------------------------------

  closedByPeer(held: HeldConnection, reason: CloseReason): void {
    if (held.gone) return
    this.gone(held, reason)
    this.obey(this.machine.closedByPeer(this.now, held.id, this.jitter()))
    this.showCounts(held.origin)
    held.connection!.close()
  }

  connectTimedOut(held: HeldConnection): void {
    this.dialFailed(held, connectTimeout(held.origin))
    interrupt(held.dial)
  }

  /** Time has passed for the machine. */
  private woke(now: number): void {
    this.closings.inPortions(now, () => this.obey(this.machine.woke(now)))
  }

  // --- orders -----------------------------------------------------------------------------------------------------------------

  /** Carries orders out, and whatever they lead to. */
  obey(orders: ReadonlyArray<Command>): void {
    if (this.checked) this.checkLaws()
    if (this.books.hub.observed) this.books.housekept(orders, this.now)
    this.orders.carryOut(orders)
    if (this.orders.busy) return
    if (this.machine.drained) this.tellDrained()
  }

  private tellDrained(): void {
    if (!this.drained) this.books.drained(this.now)
    this.drained = true
    this.drainWatchers.tell()
  }

  private carryOut(order: Command): void {
    switch (order._tag) {
      case "Grant":
        // Since the decision the waiter may have left, or the connection may have died and the waiter been given another.
        if (this.machine.granted.get(order.waiter)?.entry?.id !== order.connection) break
        this.leases.get(order.waiter)!.grant(this.held.get(order.connection)!)
        break
      case "Connect":
        this.connect(order.connection, this.origins.get(order.key)!)
        break
      case "Reject":
        this.reject(order.waiter, order.reason)
        break
      case "Close":
        this.close(order.connection, order.reason)
        break
      case "WakeAt":
        this.deadlines.set(this.wake, order.at)
        break
      case "Forget":
        this.forget(order.key)
    }
  }

  private connect(id: number, origin: OriginState): void {
    const now = this.now
    const held = new HeldConnection(this, id, origin, now)
    this.held.set(id, held)
    this.deadlines.set(held, now + origin.settings.connectTimeout)
    this.showCounts(origin)
    const fiber = this.fork(
      Effect.uninterruptibleMask((restore) =>
        Effect.andThen(
          Effect.exit(this.dialler.dial(held, restore)),
          (exit) => Effect.sync(() => this.dialEnded(held, exit))
        )
      )
    )
    // It may have ended by now.
    if (held.connection === undefined && !held.gone) held.dial = fiber
  }

  private dialEnded(held: HeldConnection, exit: DialOutcome): void {
    this.deadlines.clear(held)
    held.dial = undefined
    if (held.gone || held.closing !== undefined) {
      if (Exit.isSuccess(exit)) exit.value.close()
      this.closeCompleted(held)
    } else if (Exit.isSuccess(exit)) {
      this.opened(held, exit.value)
    } else {
      this.dialFailed(held, dialError(held.origin.origin, exit.cause))
    }
  }

  private opened(held: HeldConnection, connection: Connection): void {
    const now = this.now
    const open = held.open(connection, now, (cause) => this.connectionClosed(held, cause))
    if (!open) return this.dialFailed(held, goneAtOnce(held.origin.origin))
    held.origin.lastConnectFailure = undefined
    this.books.opened(held, now)
    this.dialWatchers.tell(held.id, undefined)
    this.obey(this.machine.connected(now, held.id, this.jitter(), connection.maxConcurrent))
    this.showCounts(held.origin)
  }

  private dialFailed(held: HeldConnection, error: ConnectFailed | ConnectTimeout): void {
    if (held.gone) return
    held.gone = true
    this.held.delete(held.id)
    const now = this.now
    this.books.connectFailed(held.origin, error, now)
    held.origin.failedDials.add(error, now)
    this.dialWatchers.tell(held.id, error)
    this.obey(this.machine.connectFailed(now, held.id, this.jitter()))
    this.showCounts(held.origin)
  }

  private close(id: number, reason: CloseReason): void {
    const held = this.held.get(id)
    if (held === undefined) return
    held.closing = reason
    this.showCounts(held.origin)
    if (held.connection !== undefined) this.closings.close(held.connection)
    else interrupt(held.dial)
  }

  /** The connection itself says that it is gone: at our order, or not. */
  private connectionClosed(held: HeldConnection, cause: CloseCause): void {
    if (held.closing !== undefined) this.closeCompleted(held)
    else this.closedByPeer(held, cause === "poisoned" ? "poisoned" : "server_close")
  }

  private closeCompleted(held: HeldConnection): void {
    if (held.gone) return
    this.gone(held, held.closing!)
    this.machine.closeCompleted(held.id)
    this.obey(noCommands)
    this.showCounts(held.origin)
  }

  private gone(held: HeldConnection, reason: CloseReason): void {
    held.gone = true
    this.held.delete(held.id)
    if (held.connection === undefined) this.dialWatchers.tell(held.id, poolClosed(held.origin.origin))
    else this.books.closed(held, reason, this.now)
  }

  private reject(waiterId: number, reason: RejectReason): void {
    const lease = this.leases.get(waiterId)
    if (lease === undefined) return
    this.forgetLease(lease)
    this.books.leftQueue(lease, this.now)
    lease.reject(rejectionOf(lease, reason))
    this.showCounts(lease.origin)
  }

  private forget(key: string): void {
    // Since the decision somebody may have asked for it again.
    if (this.machine.shelves.has(key)) return
    const origin = this.origins.get(key)!
    origin.showNothing()
    this.origins.remove(origin)
    this.books.originRemoved(origin, this.now)
  }

  private forgetLease(lease: Lease): void {
    this.leases.delete(lease.id)
    this.deadlines.release()
  }

  /** Of a forgotten origin nothing is shown: what is known by its key now is counted by another. */
  private showCounts(origin: OriginState): void {
    if (this.origins.get(origin.key) !== origin) return
    origin.showCounts(this.machine.shelves.get(origin.key))
  }

  private checkLaws(): void {
    const broken = violations(this.machine)
    if (broken.length > 0) throw new Error(`the pool broke its laws: ${broken.join("; ")}`)
  }

  // --- at somebody's word -----------------------------------------------------------------------------------------------------

  closeIdle(): number {
    const orders = this.machine.closeIdleRequested("close_idle")
    this.obey(orders)
    return orders.filter((order) => order._tag === "Close").length
  }

  /** No more requests; running exchanges go on. */
  startDrain(): void {
    if (this.machine.draining) return
    this.books.draining(this.now)
    this.closings.flush()
    this.obey(this.machine.drainStarted())
    for (const lease of this.leases.values()) if (lease.holder.resting) lease.holder.onTakenAway()
  }

  /** Takes every connection away from who still has one. */
  cutOff(): void {
    this.exchangesCutOff += this.leases.size
    for (const lease of this.leases.values()) lease.holder.onTakenAway()
    this.obey(this.machine.drainTimedOut())
  }

  /** Calls back, once, when nothing is open any more or the pool has ended. The answer takes that back. */
  whenDrained(done: () => void): () => void {
    const forget = this.drainWatchers.watch(done)
    if (this.machine.drained) this.drainWatchers.tell()
    return forget
  }

  stop(): void {
    this.deadlines.stop()
    for (const origin of this.origins.all()) origin.showNothing()
    this.books.hub.end()
    this.drainWatchers.end()
  }

  countsOf(origin: OriginState): PoolCounts {
    return origin.counts(this.machine.shelves.get(origin.key))
  }
}

const interrupt = (fiber: Fiber.RuntimeFiber<void> | undefined): void => fiber?.unsafeInterruptAsFork(FiberId.none)
