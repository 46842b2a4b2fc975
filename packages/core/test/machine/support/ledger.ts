/**
 * The history of a pool as its skin sees it: fed with facts and with the machine's orders, and with nothing of the machine's own
 * books.
 */
import type { Command } from "../../../src/machine/command.js"
import { IdleLimit } from "../../../src/machine/idleLimit.js"
import type { KeyLimits } from "../../../src/machine/originShelf.js"
import type { PoolLimits } from "../../../src/machine/poolMachine.js"
import type { Ask, Connection, Fact } from "./fact.js"
import { leases } from "./fact.js"
import { hold } from "./hold.js"
import { lookAround, lookForOmissions } from "./omissions.js"
import { carryOut } from "./orders.js"
import { without } from "./without.js"

export class Ledger {
  now = 0
  wakeAt = Infinity
  draining = false
  readonly asks: Array<Ask> = []
  readonly connections: Array<Connection> = []
  /** Open and closing connections. */
  readonly here = new Set<Connection>()
  /** Who waits, and apart from them who takes fresh connections only; first come first. */
  private readonly ordinary = new Map<string, Array<number>>()
  private readonly fresh = new Map<string, Array<number>>()
  readonly idle: Array<Connection> = []
  private readonly lastUsed = new Map<string, number>()
  /** When a key that was not forgotten yet was last in use. */
  readonly lastInUse = new Map<string, number>()
  readonly failing = new Set<string>()
  readonly idleLimits = new Map<string, IdleLimit>()
  /** How often in a row a peer closed a connection of the key early, before anybody used it. */
  readonly hangUps = new Map<string, number>()
  readonly limits: PoolLimits
  readonly keyLimits: (key: string) => KeyLimits
  fact: Fact = { _tag: "closeIdleRequested" }
  /** Whether the fact is about something the machine still knows. */
  applies = true
  /** Whether a request that left was the last to need a dial. */
  surplus = false
  /** Whether a failed dial had been given up before. */
  givenUp = false

  constructor(limits: PoolLimits, keyLimits: (key: string) => KeyLimits) {
    this.limits = limits
    this.keyLimits = keyLimits
  }

  count(phase: Connection["phase"], key?: string): number {
    let count = 0
    for (const one of this.here) if (one.phase === phase && (key === undefined || one.key === key)) count++
    return count
  }

  open(key?: string): number {
    return this.count("connecting", key) + this.count("open", key)
  }

  get keys(): ReadonlyArray<string> {
    return [...this.ordinary.keys(), ...[...this.fresh.keys()].filter((key) => !this.ordinary.has(key))]
  }

  get waiters(): ReadonlyArray<number> {
    return [...this.ordinary.values(), ...this.fresh.values()].flat()
  }

  demand(key: string): number {
    return this.queue(key).length + this.queue(key, true).length
  }

  /** One input and its answer. */
  record(fact: Fact, commands: ReadonlyArray<Command>): void {
    this.fact = fact
    this.applies = true
    this.surplus = false
    this.givenUp = false
    if ("now" in fact) this.now = fact.now
    this.lookWhoIsInUse()
    this.take(fact)
    if (!this.applies) hold(commands.length === 0, "L7", `an input about nothing was answered`)
    for (const command of commands) carryOut(this, command)
    lookForOmissions(this, commands)
    lookAround(this)
  }

  queue(key: string, fresh = false): Array<number> {
    const queues = fresh ? this.fresh : this.ordinary
    let queue = queues.get(key)
    if (queue === undefined) queues.set(key, queue = [])
    return queue
  }

  queueOf(ask: Ask): Array<number> {
    return this.queue(ask.key, ask.fresh)
  }

  // --- facts ------------------------------------------------------------------------------------------------------------------

  private take(fact: Fact): void {
    switch (fact._tag) {
      case "requested": {
        const id = this.asks.length
        const { deadline, fresh, key } = fact
        const ask: Ask = { id, key, deadline, fresh, state: "waiting", connection: -1 }
        this.asks.push(ask)
        this.queueOf(ask).push(id)
        if (!this.draining) this.use(fact.key)
        return
      }
      case "cancelled": {
        const ask = this.asks[fact.waiter]
        if (ask?.state === "waiting") {
          without(this.queueOf(ask), ask.id)
          const forWaiters = [...this.here].some((one) =>
            one.key === ask.key && one.phase === "connecting" && !one.forWarmUp
          )
          this.surplus = forWaiters && this.count("connecting", ask.key) > this.demand(ask.key)
        } else if (ask?.state === "granted") {
          const connection = this.connections[ask.connection]!
          without(connection.granted, ask.id)
          this.leaseEnded(connection)
        } else {
          this.applies = false
          return
        }
        ask.state = "cancelled"
        return
      }
      case "delivered": {
        const ask = this.asks[fact.waiter]
        if (ask?.state !== "granted") return
        const connection = this.connections[ask.connection]!
        without(connection.granted, ask.id)
        connection.delivered++
        ask.state = "delivered"
        return
      }
      case "connected": {
        const connection = this.connections[fact.id]
        if (connection === undefined || connection.phase === "gone" || connection.established) {
          this.applies = false
          return
        }
        connection.established = true
        if (connection.phase === "closing") return
        const limits = this.keyLimits(connection.key)
        connection.phase = "open"
        connection.carries = fact.carries
        connection.expiresAt = fact.now + limits.maxLifetime * (1 - 0.025 * fact.jitter)
        this.rest(connection, Infinity)
        this.idle.push(connection)
        this.failing.delete(connection.key)
        return
      }
      case "connectFailed": {
        const connection = this.connections[fact.id]
        if (connection === undefined || connection.phase === "gone" || connection.established) {
          this.applies = false
          return
        }
        if (connection.phase === "connecting") this.failing.add(connection.key)
        else this.givenUp = true
        this.gone(connection)
        return
      }
      case "released": {
        const connection = this.connections[fact.id]
        if (connection?.phase !== "open" || connection.delivered === 0) {
          this.applies = false
          return
        }
        const limits = this.keyLimits(connection.key)
        this.use(connection.key)
        if (fact.reusable) this.hangUps.delete(connection.key)
        connection.delivered--
        connection.served++
        this.rest(connection, fact.idleLimit)
        if (!fact.reusable || connection.served >= limits.maxRequests) connection.spent = true
        this.leaseEnded(connection)
        return
      }
      case "closedByPeer": {
        const connection = this.connections[fact.id]
        if (connection === undefined || connection.phase === "gone") {
          this.applies = false
          return
        }
        if (connection.phase === "open" && connection.delivered === 0) {
          this.learn(connection)
          if (connection.served === 0) this.hungUpOn(connection)
        }
        this.returnGrants(connection)
        this.gone(connection)
        return
      }
      case "closeCompleted": {
        const connection = this.connections[fact.id]
        if (connection?.phase === "closing") this.gone(connection)
        return
      }
      case "woke":
        this.wakeAt = Infinity
        return
      case "warmUpRequested":
        if (this.draining) {
          this.applies = false
          return
        }
        this.use(fact.key)
        this.keepDials(fact.key, fact.connections)
        return
      case "drainStarted":
        this.draining = true
        return
      case "drainTimedOut":
        this.applies = this.draining
        return
      case "closeIdleRequested":
        return
    }
  }

  /** Dials for waiters that a warm-up counts on stay when the waiters leave. */
  private keepDials(key: string, connections: number): void {
    let lacking = Math.min(connections, this.keyLimits(key).maxConnections) - this.count("open", key)
    for (const one of this.here) {
      if (one.key !== key || one.phase !== "connecting" || one.forWarmUp) continue
      if (lacking-- > 0) one.forWarmUp = true
    }
  }

  /** Nobody uses it from now on. */
  private rest(connection: Connection, idleLimit: number): void {
    const { idleTimeout } = this.keyLimits(connection.key)
    connection.idleSince = this.now
    connection.idleLimit = Math.min(idleTimeout, idleLimit, this.learned(connection.key).value)
  }

  private learned(key: string): IdleLimit {
    let limit = this.idleLimits.get(key)
    if (limit === undefined) this.idleLimits.set(key, limit = new IdleLimit())
    return limit
  }

  private learn({ idleSince, key }: Connection): void {
    const limit = this.learned(key)
    if (!limit.closed(this.now, this.now - idleSince)) return
    for (const one of this.idle) if (one.key === key) one.idleLimit = Math.min(one.idleLimit, limit.value)
  }

  private hungUpOn({ idleSince, key }: Connection): void {
    if (this.now - idleSince >= 1_000) this.hangUps.delete(key)
    else this.hangUps.set(key, (this.hangUps.get(key) ?? 0) + 1)
  }

  outlived({ idleLimit, key }: Connection): void {
    const { idleTimeout } = this.keyLimits(key)
    const limit = this.learned(key)
    if (idleLimit < idleTimeout && idleLimit >= limit.value) limit.outlived(idleTimeout)
  }

  private lookWhoIsInUse(): void {
    for (const key of this.lastInUse.keys()) {
      const active = [...this.here].some((one) => one.key === key && one.phase === "open" && leases(one) > 0)
      const dialling = [...this.here].some((one) => one.key === key && one.phase === "connecting" && !one.forWarmUp)
      const used = active || dialling || this.demand(key) > 0
      if (used) this.lastInUse.set(key, this.now)
    }
  }

  private use(key: string): void {
    this.lastUsed.set(key, this.now)
    this.lastInUse.set(key, this.now)
  }

  private leaseEnded(connection: Connection): void {
    if (connection.expiresAt <= this.now) connection.spent = true
    if (leases(connection) === 0) this.idle.push(connection)
  }

  private returnGrants(connection: Connection): void {
    for (const waiter of connection.granted) this.asks[waiter]!.state = "waiting"
    for (const fresh of [true, false]) {
      const returned = connection.granted.filter((waiter) => this.asks[waiter]!.fresh === fresh)
      this.queue(connection.key, fresh).unshift(...returned)
    }
    connection.granted = []
  }

  private gone(connection: Connection): void {
    without(this.idle, connection)
    connection.phase = "gone"
    this.here.delete(connection)
  }

  // --- what is asked of it ------------------------------------------------------------------------------------------------------

  /** Whether a key that keeps some connections idle has too few of them, dials that nobody waits for included. */
  lacksIdle(key: string): boolean {
    const idle = this.idle.filter((one) => one.key === key).length
    const spare = Math.max(0, this.count("connecting", key) - this.demand(key))
    return idle + spare < this.keyLimits(key).minIdle
  }

  /** Whether a connection could carry one more lease. */
  hasRoom(connection: Connection): boolean {
    return connection.phase === "open" && !connection.spent && leases(connection) < connection.carries
  }

  isUnused(key: string): boolean {
    return "now" in this.fact && this.lastUsed.get(key)! + this.keyLimits(key).unusedAfter <= this.now
  }
}
