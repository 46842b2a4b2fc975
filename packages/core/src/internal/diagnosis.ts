/**
 * Why requests wait, at one moment.
 *
 * @internal
 */
import * as Inspectable from "effect/Inspectable"
import type { Holder, OriginDiagnosis, PoolDiagnosis, WaitingRequest } from "../PoolDiagnosis.js"
import { askerOf } from "./asker.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Lease } from "./lease.js"
import type { OriginState } from "./originState.js"
import { printDuration } from "./printDuration.js"

const mostListed = 10
const mostOrigins = 100

const isEarlier = (one: Lease, other: Lease): boolean => {
  const sooner = one.deliveredAt - other.deliveredAt
  return sooner < 0 || (sooner === 0 && one.id < other.id)
}

/** Those who hold connections of one origin: the longest of them, and how many there are. */
class Holders {
  count = 0
  /** Longest first. */
  readonly longest: Array<Lease> = []

  add(lease: Lease): void {
    this.count++
    const { longest } = this
    let place = longest.length
    while (place > 0 && isEarlier(lease, longest[place - 1]!)) place--
    if (place === mostListed) return
    longest.splice(place, 0, lease)
    if (longest.length > mostListed) longest.pop()
  }
}

const noHolders = new Holders()

/** By their origin; of `only` this one, if it is given. */
const holdersOf = (pool: ConnectionPool, only?: OriginState): ReadonlyMap<OriginState, Holders> => {
  const holders = new Map<OriginState, Holders>()
  pool.leases.forEach((lease) => {
    if (!lease.delivered || (only !== undefined && lease.origin !== only)) return
    let ofOrigin = holders.get(lease.origin)
    if (ofOrigin === undefined) holders.set(lease.origin, ofOrigin = new Holders())
    ofOrigin.add(lease)
  })
  return holders
}

const holderInfo = ({ deliveredAt, held, holder, pool }: Lease, now: number): Holder => ({
  connectionId: held!.id,
  phase: holder.connectionPhase ?? "leased",
  heldFor: now - deliveredAt,
  leakSuspected: pool.leaks.suspects(holder),
  ...askerOf(holder)
})

const waitersOf = ({ leases, machine }: ConnectionPool, origin: OriginState, now: number): Array<WaitingRequest> => {
  const waiters: Array<WaitingRequest> = []
  const shelf = machine.shelves.get(origin.key)
  if (shelf === undefined) return waiters
  for (const queue of [shelf.fresh, shelf.waiting]) {
    for (let waiter = queue.first; waiter !== undefined && waiters.length < mostListed; waiter = waiter.next) {
      const lease = leases.get(waiter.id)
      if (lease !== undefined) waiters.push({ waitedFor: now - lease.askedAt, ...askerOf(lease.holder) })
    }
  }
  return waiters
}

const printHolder = ({ heldFor, phase, request }: Holder): string =>
  `the longest held ${printDuration(heldFor)} by ${request === undefined ? "a lease" : `${request} (${phase})`}`

const summaryOf = (pool: ConnectionPool, origin: OriginState, longest: Holder | undefined): string => {
  const { active, connecting, idle, limit } = pool.countsOf(origin)
  const busy = `${active} of ${limit} connections are busy`
  const facts = [longest === undefined ? busy : `${busy}; ${printHolder(longest)}`]
  if (connecting > 0) facts.push(`${connecting} being opened`)
  if (active + connecting + idle < limit && pool.machine.room <= 0) {
    facts.push(`all ${pool.settings.maxConnections} connections of the pool are taken`)
  }
  return facts.join("; ")
}

const diagnosisOf = (pool: ConnectionPool, origin: OriginState, held: Holders, now: number): OriginDiagnosis => {
  const counts = pool.countsOf(origin)
  const holders = held.longest.map((lease) => holderInfo(lease, now))
  const waiters = waitersOf(pool, origin, now)
  return {
    origin: origin.origin.href,
    ...counts,
    saturated: counts.waiting > counts.connecting,
    summary: summaryOf(pool, origin, holders[0]),
    holders,
    moreHolders: held.count - holders.length,
    waiters,
    moreWaiters: counts.waiting - waiters.length,
    failedDials: origin.failedDials.list(now)
  }
}

const printed = {
  ...Inspectable.BaseProto,
  toJSON(this: PoolDiagnosis): unknown {
    return { ...this }
  },
  toString(this: PoolDiagnosis): string {
    const lines = this.origins.map(({ origin, summary, waiting }) => `${origin}: ${summary}; ${waiting} waiting`)
    return [`ConnectionPool(${this.name})`, ...lines].join("\n")
  }
}

const inUse = ({ active, connecting, waiting }: OriginDiagnosis): boolean => active + connecting + waiting > 0

export const diagnose = (pool: ConnectionPool): PoolDiagnosis => {
  const { now } = pool
  const holders = holdersOf(pool)
  const origins = Array.from(
    pool.origins.all(),
    (origin) => diagnosisOf(pool, origin, holders.get(origin) ?? noHolders, now)
  )
    .filter((origin) => inUse(origin) || origin.failedDials.length > 0)
    .sort((one, other) => other.waiting - one.waiting || other.active - one.active)
  return Object.assign(Object.create(printed) as typeof printed, {
    name: pool.settings.name,
    origins: origins.slice(0, mostOrigins),
    moreOrigins: Math.max(0, origins.length - mostOrigins)
  })
}

/** For so many milliseconds: with 1,000 holders and 10,000 waiters one takes more than half of one. */
const sharedFor = 10

/** For errors: thousands may fail at once, and those of one origin that fail together share what they say. */
export class SharedDiagnoses {
  private readonly last = new WeakMap<OriginState, { readonly at: number; readonly diagnosis: OriginDiagnosis }>()
  private readonly pool: ConnectionPool

  constructor(pool: ConnectionPool) {
    this.pool = pool
  }

  of(origin: OriginState): OriginDiagnosis {
    const { now } = this.pool
    const last = this.last.get(origin)
    if (last !== undefined && now - last.at < sharedFor) return last.diagnosis
    const holders = holdersOf(this.pool, origin).get(origin) ?? noHolders
    const diagnosis = diagnosisOf(this.pool, origin, holders, now)
    this.last.set(origin, { at: now, diagnosis })
    return diagnosis
  }
}
