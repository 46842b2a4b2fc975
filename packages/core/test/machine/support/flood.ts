/**
 * Keys with more requests than connections fill the pool; then another key asks for one connection.
 */
import * as fc from "fast-check"
import type { Command } from "../../../src/machine/command.js"
import { violations } from "../../../src/machine/invariant.js"
import type { KeyLimits } from "../../../src/machine/originShelf.js"
import { PoolMachine } from "../../../src/machine/poolMachine.js"

export interface Flood {
  /** The limit of each flooded key. */
  readonly keys: ReadonlyArray<number>
  readonly maxConnections: number
  /** Which leased connection is released next, before the lone request and after it. */
  readonly before: ReadonlyArray<number>
  readonly after: ReadonlyArray<number>
}

const releases = fc.array(fc.nat(59), { maxLength: 12 })

export const flood: fc.Arbitrary<Flood> = fc.record({
  keys: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
  maxConnections: fc.integer({ min: 1, max: 6 }),
  before: releases,
  after: releases
})

const keyLimits = (maxConnections: number): KeyLimits => ({
  maxConnections,
  maxIdle: maxConnections,
  minIdle: 0,
  idleTimeout: Infinity,
  maxLifetime: Infinity,
  maxRequests: Infinity,
  unusedAfter: Infinity
})

/** A pool whose dials, deliveries and closes succeed at once. */
class QuickPool {
  readonly machine: PoolMachine
  /** Waiters that got a connection. */
  readonly served = new Set<number>()
  private readonly leased: Array<number> = []

  constructor(maxConnections: number) {
    this.machine = new PoolMachine({ maxConnections, maxWaiting: Infinity, scheduling: "lifo" })
  }

  ask(key: string, limits: KeyLimits): number {
    const waiter = this.machine.nextWaiter
    this.obey(this.machine.requested(0, key, limits, Infinity))
    return waiter
  }

  release(which: number): void {
    const [connection] = this.leased.splice(which % this.leased.length, 1)
    this.obey(this.machine.released(0, connection!, true, Infinity))
  }

  private obey(commands: ReadonlyArray<Command>): void {
    const broken = violations(this.machine)
    if (broken.length > 0) throw new Error(broken.join("; "))
    for (const command of commands) {
      if (command._tag === "Connect") this.obey(this.machine.connected(0, command.connection, 0, 1))
      if (command._tag === "Close") this.machine.closeCompleted(command.connection)
      if (command._tag === "Grant") {
        this.machine.delivered(command.waiter)
        this.served.add(command.waiter)
        this.leased.push(command.connection)
      }
    }
  }
}

export const playFlood = ({ after, before, keys, maxConnections }: Flood): void => {
  const pool = new QuickPool(maxConnections)
  for (let round = 0; round < 40; round++) {
    keys.forEach((limit, index) => pool.ask(`flooded ${index}`, keyLimits(limit)))
  }
  for (const which of before) pool.release(which)
  const lone = pool.ask("lone", keyLimits(1))
  // The turns go round once; with several keys the one whose turn has just been may still hold the place that it got.
  const patience = keys.length === 1 ? 1 : keys.length + 1
  let releases = 0
  while (!pool.served.has(lone)) {
    pool.release(after[releases] ?? 0)
    releases++
    if (releases > patience) throw new Error(`L9: the lone request still waits after ${releases} releases`)
  }
}
