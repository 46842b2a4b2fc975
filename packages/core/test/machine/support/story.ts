/**
 * A pool told as a story: facts in, orders out as short lines, and the laws checked after every fact.
 */
import { expect } from "vitest"
import type { Command } from "../../../src/machine/command.js"
import { violations } from "../../../src/machine/invariant.js"
import type { KeyLimits } from "../../../src/machine/originShelf.js"
import type { PoolLimits } from "../../../src/machine/poolMachine.js"
import { PoolMachine } from "../../../src/machine/poolMachine.js"
import { print } from "./print.js"

/** Limits that limit nothing. */
export const boundless: KeyLimits = {
  maxConnections: 100,
  maxIdle: 100,
  minIdle: 0,
  idleTimeout: Infinity,
  maxLifetime: Infinity,
  maxRequests: Infinity,
  unusedAfter: Infinity
}

export interface StoryOptions {
  readonly pool?: Partial<PoolLimits>
  /** Of every key. */
  readonly limits?: Partial<KeyLimits>
  /** Of single keys. */
  readonly keys?: Readonly<Record<string, Partial<KeyLimits>>>
}

export class Story {
  readonly machine: PoolMachine
  now = 0
  private readonly options: StoryOptions

  constructor(options: StoryOptions = {}) {
    this.options = options
    this.machine = new PoolMachine({ maxConnections: 100, maxWaiting: 10_000, scheduling: "lifo", ...options.pool })
  }

  at(now: number): this {
    this.now = now
    return this
  }

  limits(key: string): KeyLimits {
    return { ...boundless, ...this.options.limits, ...this.options.keys?.[key] }
  }

  private tell(commands: ReadonlyArray<Command>): Array<string> {
    expect(violations(this.machine)).toEqual([])
    return commands.map(print)
  }

  requested(key = "a", deadline = Infinity): Array<string> {
    return this.tell(this.machine.requested(this.now, key, this.limits(key), deadline))
  }

  /** A request that takes a fresh connection only. */
  requestedFresh(key = "a", deadline = Infinity): Array<string> {
    return this.tell(this.machine.requested(this.now, key, this.limits(key), deadline, true))
  }

  cancelled(waiter: number): Array<string> {
    return this.tell(this.machine.cancelled(this.now, waiter))
  }

  delivered(waiter: number): void {
    this.machine.delivered(waiter)
    this.tell([])
  }

  connected(id: number, options: { readonly jitter?: number; readonly carries?: number } = {}): Array<string> {
    return this.tell(this.machine.connected(this.now, id, options.jitter ?? 0, options.carries ?? 1))
  }

  connectFailed(id: number, jitter = 0): Array<string> {
    return this.tell(this.machine.connectFailed(this.now, id, jitter))
  }

  released(id: number, options: { readonly reusable?: boolean; readonly idleLimit?: number } = {}): Array<string> {
    return this.tell(this.machine.released(this.now, id, options.reusable ?? true, options.idleLimit ?? Infinity))
  }

  closedByPeer(id: number, jitter = 0): Array<string> {
    return this.tell(this.machine.closedByPeer(this.now, id, jitter))
  }

  closeCompleted(id: number): void {
    this.machine.closeCompleted(id)
    this.tell([])
  }

  woke(): Array<string> {
    return this.tell(this.machine.woke(this.now))
  }

  warmUpRequested(key: string, connections: number): Array<string> {
    return this.tell(this.machine.warmUpRequested(this.now, key, this.limits(key), connections))
  }

  closeIdleRequested(reason: "close_idle" | "clock_jump" = "close_idle"): Array<string> {
    return this.tell(this.machine.closeIdleRequested(reason))
  }

  drainStarted(): Array<string> {
    return this.tell(this.machine.drainStarted())
  }

  drainTimedOut(): Array<string> {
    return this.tell(this.machine.drainTimedOut())
  }

  // --- what many stories begin with -------------------------------------------------------------------------------------------

  /** New connections, each with a delivered lease. Answers the first one's number. */
  leased(key = "a", count = 1): number {
    const first = this.machine.opened
    for (let left = count; left > 0; left--) {
      const waiter = this.machine.nextWaiter
      const connection = this.machine.opened
      this.requested(key)
      this.connected(connection)
      this.delivered(waiter)
    }
    return first
  }

  /** New idle connections that have served once; the first is idle longest. */
  idle(key = "a", count = 1): number {
    const first = this.leased(key, count)
    for (let id = first; id < first + count; id++) this.released(id)
    return first
  }

  /** Where every connection is. */
  get states(): Record<number, string> {
    return Object.fromEntries(Array.from(this.machine.entries.values(), (entry) => [entry.id, entry.state]))
  }

  /** Who waits for a key, first come first. */
  queue(key = "a"): Array<number> {
    const waiters: Array<number> = []
    for (let one = this.machine.shelves.get(key)?.waiting.first; one !== undefined; one = one.next) waiters.push(one.id)
    return waiters
  }
}
