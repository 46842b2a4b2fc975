/**
 * Random histories: a short program of inputs, each choosing its target among what is there when its turn comes, played to a
 * machine and to a ledger.
 */
import * as fc from "fast-check"
import type { Command } from "../../../src/machine/command.js"
import { violations } from "../../../src/machine/invariant.js"
import type { KeyLimits } from "../../../src/machine/originShelf.js"
import type { PoolLimits } from "../../../src/machine/poolMachine.js"
import { PoolMachine } from "../../../src/machine/poolMachine.js"
import type { Ask, Connection, Fact } from "./fact.js"
import { Ledger } from "./ledger.js"
import { print } from "./print.js"

export const keys = ["a", "b", "c"] as const

export interface Settings {
  readonly pool: PoolLimits
  readonly keys: ReadonlyArray<KeyLimits>
}

/** One input: its kind, which one of the candidates it is about, and a value. */
export type Op = readonly [kind: number, target: number, value: number]

export interface History {
  readonly settings: Settings
  readonly ops: ReadonlyArray<Op>
}

const keyLimits: fc.Arbitrary<KeyLimits> = fc.record({
  maxConnections: fc.integer({ min: 1, max: 4 }),
  maxIdle: fc.constantFrom(4, 3, 2, 1, 0),
  minIdle: fc.constantFrom(0, 0, 0, 1, 2),
  idleTimeout: fc.constantFrom(Infinity, 200, 20),
  maxLifetime: fc.constantFrom(Infinity, 1_000, 150),
  maxRequests: fc.constantFrom(Infinity, 5, 2, 1),
  unusedAfter: fc.constantFrom(Infinity, 1_000, 100)
}).map((limits) => ({ ...limits, minIdle: Math.min(limits.minIdle, limits.maxIdle, limits.maxConnections) }))

export const settings: fc.Arbitrary<Settings> = fc.record({
  pool: fc.record({
    maxConnections: fc.constantFrom(100, 5, 3, 2, 1),
    maxWaiting: fc.constantFrom(100, 100, 100, 100, 100, 100, 100, 4, 3, 2, 1, 0),
    scheduling: fc.constantFrom("lifo", "fifo")
  }),
  keys: fc.tuple(keyLimits, keyLimits, keyLimits)
})

const weights: Readonly<Record<keyof Player["play"], number>> = {
  request: 7,
  connect: 6,
  deliver: 5,
  release: 5,
  cancel: 3,
  failConnect: 1,
  peerClose: 1,
  closeDone: 2,
  wakeOnTime: 2,
  wakeLate: 1,
  wakeEarly: 1,
  pass: 1,
  misplaced: 1,
  rare: 1
}

const kinds = Object.entries(weights).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind)
) as ReadonlyArray<
  keyof Player["play"]
>

const op: fc.Arbitrary<Op> = fc.noBias(fc.tuple(fc.nat(kinds.length - 1), fc.nat(63), fc.nat(63)))

export const history = (maxLength = 80): fc.Arbitrary<History> =>
  fc.record({ settings, ops: fc.array(op, { minLength: 5, maxLength, size: "max" }) })

export class Player {
  readonly machine: PoolMachine
  readonly ledger: Ledger
  now = 0
  private readonly settings: Settings
  private readonly log: Array<string> | undefined

  constructor(settings: Settings, log?: Array<string>) {
    this.settings = settings
    this.log = log
    this.machine = new PoolMachine(settings.pool)
    this.ledger = new Ledger(settings.pool, (key) => this.limits(key))
  }

  limits(key: string): KeyLimits {
    return this.settings.keys[keys.indexOf(key as "a")]!
  }

  run([kind, target, value]: Op): void {
    this.play[kinds[kind]!](target, value)
  }

  input(fact: Fact): void {
    this.log?.push(`${JSON.stringify(fact, (_, value) => value === Infinity ? "Infinity" : value)}`)
    const commands = this.tell(fact)
    for (const command of commands) this.log?.push(`    ${print(command)}`)
    this.ledger.record(fact, commands)
    const broken = violations(this.machine)
    if (broken.length > 0) throw new Error(broken.join("; "))
    const { counts } = this.machine
    const agreed = counts.connecting === this.ledger.count("connecting") &&
      counts.closing === this.ledger.count("closing") &&
      counts.open === this.ledger.open()
    if (!agreed) throw new Error("L3: the machine counts otherwise")
    const over = this.ledger.draining && this.ledger.here.size === 0
    if (this.machine.drained !== over) throw new Error(`L8: drained is ${this.machine.drained}`)
  }

  private tell(fact: Fact): ReadonlyArray<Command> {
    const { machine } = this
    switch (fact._tag) {
      case "requested":
        return machine.requested(fact.now, fact.key, this.limits(fact.key), fact.deadline, fact.fresh)
      case "cancelled":
        return machine.cancelled(fact.now, fact.waiter)
      case "delivered":
        machine.delivered(fact.waiter)
        return []
      case "connected":
        return machine.connected(fact.now, fact.id, fact.jitter, fact.carries)
      case "connectFailed":
        return machine.connectFailed(fact.now, fact.id, fact.jitter)
      case "released":
        return machine.released(fact.now, fact.id, fact.reusable, fact.idleLimit)
      case "closedByPeer":
        return machine.closedByPeer(fact.now, fact.id, fact.jitter)
      case "closeCompleted":
        machine.closeCompleted(fact.id)
        return []
      case "woke":
        return machine.woke(fact.now)
      case "warmUpRequested":
        return machine.warmUpRequested(fact.now, fact.key, this.limits(fact.key), fact.connections)
      case "closeIdleRequested":
        return machine.closeIdleRequested("close_idle")
      case "drainStarted":
        return machine.drainStarted()
      case "drainTimedOut":
        return machine.drainTimedOut()
    }
  }

  all(holds: (connection: Connection) => boolean): Array<Connection> {
    return [...this.ledger.here].filter(holds)
  }

  asks(state: Ask["state"]): Array<Ask> {
    return this.ledger.asks.filter((ask) => ask.state === state)
  }

  /** Who was granted a connection and does not have it yet, told from the commands. */
  undelivered(): Array<number> {
    return [...this.ledger.here].flatMap((connection) => connection.granted)
  }

  readonly play = {
    request: (target: number, value: number): void => {
      const deadline = value % 3 === 0 ? Infinity : this.now + 1 + value * 4
      this.input({ _tag: "requested", now: this.now, key: keys[target % 3]!, deadline, fresh: value % 8 === 5 })
    },
    connect: (target: number, value: number): void => {
      const id = pick(this.all(isConnecting), target)?.id
      const carries = value % 4 === 0 ? 1 + value % 3 : 1
      if (id === undefined) this.play.request(target, value)
      else this.input({ _tag: "connected", now: this.now, id, jitter: value / 64, carries })
    },
    deliver: (target: number, value: number): void => {
      const waiter = pick(this.undelivered(), target)
      if (waiter === undefined) this.play.connect(target, value)
      else this.input({ _tag: "delivered", waiter })
    },
    release: (target: number, value: number): void => {
      const id = pick(this.all((one) => one.delivered > 0), target)?.id
      const reusable = value % 8 > 0
      const idleLimit = value % 4 === 0 ? value : Infinity
      if (id === undefined) this.play.deliver(target, value)
      else this.input({ _tag: "released", now: this.now, id, reusable, idleLimit })
    },
    /** In every state: waiting, granted and not delivered, delivered, ended. */
    cancel: (target: number, value: number): void => {
      const from = value % 8
      const waiter = from < 3
        ? pick(this.ledger.waiters, target)
        : from < 6
        ? pick(this.undelivered(), target)
        : pick(this.ledger.asks, target)?.id
      if (waiter !== undefined) this.input({ _tag: "cancelled", now: this.now, waiter })
    },
    failConnect: (target: number, value: number): void => {
      const id = pick(this.all(isConnecting), target)?.id
      if (id !== undefined) this.input({ _tag: "connectFailed", now: this.now, id, jitter: value / 64 })
    },
    peerClose: (target: number, value: number): void => {
      const granted = this.all((one) => one.granted.length > 0)
      const id = pick(value % 2 === 0 && granted.length > 0 ? granted : [...this.ledger.here], target)?.id
      if (id !== undefined) this.input({ _tag: "closedByPeer", now: this.now, id, jitter: value / 64 })
    },
    closeDone: (target: number): void => {
      const id = pick(this.all((one) => one.phase === "closing"), target)?.id
      if (id !== undefined) this.input({ _tag: "closeCompleted", id })
    },
    wakeOnTime: (): void => {
      if (this.ledger.wakeAt < Infinity) this.now = Math.max(this.now, this.ledger.wakeAt)
      this.input({ _tag: "woke", now: this.now })
    },
    wakeLate: (target: number): void => {
      if (this.ledger.wakeAt < Infinity) this.now = Math.max(this.now, this.ledger.wakeAt)
      this.now += target
      this.input({ _tag: "woke", now: this.now })
    },
    wakeEarly: (target: number): void => {
      this.now = Math.max(this.now, Math.min(this.now + target, this.ledger.wakeAt - 1))
      this.input({ _tag: "woke", now: this.now })
    },
    /** The event loop is busy, and the timer late. */
    pass: (target: number): void => {
      this.now += target
    },
    /** Facts about connections and waiters in any state, or about none. */
    misplaced: (target: number, value: number): void => {
      const { now } = this
      const id = Math.floor(target * (this.ledger.connections.length + 1) / 64)
      const waiter = Math.floor(target * (this.ledger.asks.length + 1) / 64)
      const facts: ReadonlyArray<Fact> = [
        { _tag: "connected", now, id, jitter: 0, carries: 1 },
        { _tag: "connectFailed", now, id, jitter: 0 },
        { _tag: "released", now, id, reusable: true, idleLimit: Infinity },
        { _tag: "closedByPeer", now, id, jitter: 0 },
        { _tag: "closeCompleted", id },
        { _tag: "delivered", waiter },
        { _tag: "cancelled", now, waiter }
      ]
      this.input(facts[value % facts.length]!)
    },
    rare: (target: number, value: number): void => {
      const facts: ReadonlyArray<Fact> = [
        { _tag: "warmUpRequested", now: this.now, key: keys[target % 3]!, connections: value % 6 },
        { _tag: "closeIdleRequested" },
        { _tag: "warmUpRequested", now: this.now, key: keys[target % 3]!, connections: value % 6 },
        { _tag: "closeIdleRequested" },
        { _tag: "warmUpRequested", now: this.now, key: keys[target % 3]!, connections: value % 6 },
        { _tag: "closeIdleRequested" },
        { _tag: "drainTimedOut" },
        { _tag: "drainStarted" }
      ]
      this.input(facts[value % facts.length]!)
    }
  }
}

const isConnecting = (connection: Connection): boolean => connection.phase === "connecting"

const pick = <A>(from: ReadonlyArray<A>, target: number): A | undefined => from[target % from.length]

/** Plays a history and its ending. When that fails, it is told line by line. */
export const playHistory = ({ ops, settings }: History, ending: (player: Player) => void): void => {
  const play = (log?: Array<string>): void => {
    const player = new Player(settings, log)
    for (const one of ops) player.run(one)
    ending(player)
  }
  try {
    play()
  } catch {
    const log: Array<string> = []
    try {
      play(log)
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${log.join("\n")}`)
    }
  }
}
