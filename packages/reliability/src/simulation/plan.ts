// What is to happen in a run: everything that is not drawn when it happens.
import type { PoolOptions } from "@connection-pool/core/PoolConfig"
import type { Moment } from "./ledger.js"
import { moments } from "./ledger.js"
import type { NetworkPlan } from "./network.js"
import type { Random } from "./random.js"

/** What the caller does with the body of an answer; `dropped`: it forgets the exchange, body and all. */
export type Reading = "all" | "slowly" | "late" | "some" | "nothing" | "bytes" | "dropped"

/** How a request's body is given. `wrong`: of another length than is declared; `fails`: its source does. */
export type Upload = "none" | "text" | "bytes" | "stream" | "declared" | "wrong" | "fails"

export interface RequestPlan {
  readonly method: string
  readonly upload: Upload
  /** Bytes. */
  readonly size: number
  /** Milliseconds between the pieces of a streamed body. */
  readonly gap: number
  readonly idempotent: boolean | undefined
  readonly timeout: number | undefined
  readonly acquireTimeout: number | undefined
  readonly headersTimeout: number | undefined
  readonly bodyTimeout: number | undefined
  readonly maxResponseSize: number | undefined
  readonly watched: boolean
}

/** When somebody is interrupted: after so many milliseconds, or at a moment, perhaps in the middle of it. */
export type Interruption =
  | { readonly after: number }
  | { readonly moment: Moment; readonly within: boolean }

export interface CallPlan {
  readonly at: number
  readonly origin: string
  readonly kind: "execute" | "stream" | "open" | "lease"
  /** One, but for a lease. */
  readonly requests: ReadonlyArray<RequestPlan>
  readonly reading: Reading
  /** Milliseconds that a reader or the holder of a lease takes his time. */
  readonly pause: number
  /** Of a lease: all at once, not one after another. */
  readonly atOnce: boolean
  /** Of a lease: its scope does not wait for the requests. */
  readonly outlive: boolean
  readonly setReusable: boolean | undefined
  readonly interruption: Interruption | undefined
}

export type Deed =
  | { readonly kind: "closeIdle" | "connections" | "close"; readonly at: number }
  | {
    readonly kind: "warmUp"
    readonly at: number
    readonly connections: number
    readonly origins: ReadonlyArray<string>
    readonly interruptedAfter: number | undefined
  }
  | {
    readonly kind: "drain"
    readonly at: number
    readonly timeout: number | undefined
    readonly interruptedAfter: number | undefined
  }

export interface Plan {
  readonly options: PoolOptions & { readonly drainTimeout: number; readonly acquireTimeout: number }
  readonly network: NetworkPlan
  readonly calls: ReadonlyArray<CallPlan>
  readonly deeds: ReadonlyArray<Deed>
}

const maybe = <A>(random: Random, probability: number, value: () => A): A | undefined =>
  random.chance(probability) ? value() : undefined

const drawOptions = (random: Random, tick: number, origins: ReadonlyArray<string>) => {
  const maxConnectionsPerOrigin = random.between(1, 4)
  const maxConnections = random.between(1, 8)
  const maxIdlePerOrigin = maybe(random, 0.3, () => random.between(0, 2))
  const minIdlePerOrigin = random.chance(0.2)
    ? random.between(0, Math.min(maxConnectionsPerOrigin, maxIdlePerOrigin ?? 4))
    : 0
  const warm = random.between(1, 3)
  const mayWarm = warm <= Math.min(maxConnectionsPerOrigin, maxIdlePerOrigin ?? 4) &&
    warm * origins.length <= maxConnections
  return {
    maxConnectionsPerOrigin,
    maxConnections,
    maxIdlePerOrigin,
    minIdlePerOrigin,
    maxWaiting: random.pick([2, 10, 1_000, 1_000, 1_000]),
    connectTimeout: tick * random.pick([5, 20, 100]),
    acquireTimeout: random.pick([10 * tick, 50 * tick, 300 * tick, 30_000, Infinity]),
    requestTimeout: random.pick([50 * tick, 200 * tick, "none" as const, "none" as const]),
    headersTimeout: random.pick([5 * tick, 30 * tick, 60_000]),
    bodyTimeout: random.pick([4 * tick, 30 * tick, 60_000]),
    idleTimeout: random.pick([3 * tick, 20 * tick, 100 * tick, 30_000, "none" as const]),
    maxLifetime: random.pick([10 * tick, 100 * tick, 600_000, 600_000, "none" as const]),
    maxRequestsPerConnection: random.pick([1, 3, 10, "none" as const, "none" as const, "none" as const]),
    maxResponseSize: random.pick([1_000, 50_000, 10_000_000, 10_000_000, "none" as const]),
    keepAlive: !random.chance(0.05),
    scheduling: random.pick(["lifo", "fifo"] as const),
    drainTimeout: random.pick([0, 5 * tick, 50 * tick, 5_000]),
    unreadBodyLimit: random.pick([0, 100_000, 2_000_000]),
    unreadBodyBudget: random.pick([0, 150_000, 32_000_000]),
    leakThreshold: random.pick([20 * tick, 60_000]),
    // What is kept idle is replaced again and again, until its origin is forgotten.
    housekeepingInterval: minIdlePerOrigin > 0 ? 50 * tick : random.pick([20 * tick, 1_000, 60_000]),
    warmUp: maybe(random, mayWarm ? 0.3 : 0, () => ({ origins, connections: warm, required: random.chance(0.3) }))
  }
}

const uploads: Readonly<Record<Upload, number>> = {
  none: 1,
  text: 4,
  bytes: 2,
  stream: 2,
  declared: 2,
  wrong: 0.3,
  fails: 0.3
}

const drawRequest = (random: Random, tick: number): RequestPlan => {
  const method = random.pick(["GET", "GET", "GET", "HEAD", "POST", "POST", "POST", "PUT", "DELETE"])
  const upload = method === "POST" || method === "PUT" ? random.weighted(uploads) : "none"
  return {
    method,
    upload,
    size: upload === "none" ? 0 : random.between(1, 2_000),
    gap: tick * random.pick([0, 0, 1, 3]),
    idempotent: maybe(random, 0.2, () => random.chance(0.5)),
    timeout: maybe(random, 0.1, () => tick * random.between(1, 60)),
    acquireTimeout: maybe(random, 0.1, () => tick * random.between(1, 30)),
    headersTimeout: maybe(random, 0.1, () => tick * random.between(1, 30)),
    bodyTimeout: maybe(random, 0.2, () => tick * random.between(1, 30)),
    maxResponseSize: maybe(random, 0.05, () => random.between(1, 100_000)),
    watched: random.chance(0.3)
  }
}

const drawInterruption = (random: Random, tick: number): Interruption =>
  random.chance(0.5)
    ? { after: tick * random.below(60) }
    : { moment: random.pick(moments), within: random.chance(0.5) }

const readings: Readonly<Record<CallPlan["kind"], ReadonlyArray<Reading>>> = {
  execute: ["all"],
  lease: ["all"],
  stream: ["all", "all", "slowly", "late", "some", "nothing"],
  open: ["all", "bytes", "bytes", "slowly", "late", "some", "nothing", "dropped"]
}

const drawCall = (random: Random, tick: number, at: number, origins: ReadonlyArray<string>): CallPlan => {
  const kind = random.weighted({ execute: 5, stream: 2, open: 3, lease: 1.5 })
  const requests = Array.from({ length: kind === "lease" ? random.below(4) : 1 }, () => drawRequest(random, tick))
  return {
    at,
    // Some origins are asked more often than others.
    origin: origins[random.below(random.below(origins.length) + 1)]!,
    kind,
    requests,
    reading: random.pick(readings[kind]),
    pause: tick * random.pick([0, 1, 5, 30, 100]),
    atOnce: random.chance(0.2),
    outlive: random.chance(0.1),
    setReusable: maybe(random, 0.2, () => random.chance(0.3)),
    interruption: maybe(random, 0.25, () => drawInterruption(random, tick))
  }
}

const drawDeeds = (random: Random, tick: number, span: number, origins: ReadonlyArray<string>): ReadonlyArray<Deed> => {
  const some = (): number => tick * random.below(span + 1)
  const deeds: Array<Deed> = []
  for (let i = random.below(3); i > 0; i--) deeds.push({ kind: random.pick(["closeIdle", "connections"]), at: some() })
  for (let i = random.below(3) - 1; i > 0; i--) {
    deeds.push({
      kind: "warmUp",
      at: some(),
      connections: random.between(1, 5),
      origins: origins.slice(random.below(origins.length)),
      interruptedAfter: maybe(random, 0.2, some)
    })
  }
  const drains = random.weighted({ none: 7, one: 2, two: 1 })
  // Most of what happens lies before the end.
  const late = (): number => tick * Math.round(span * random.pick([random.fraction(), 0.8 + 0.5 * random.fraction()]))
  const at = late()
  const together = random.chance(0.5)
  for (let i = drains === "none" ? 0 : drains === "one" ? 1 : 2; i > 0; i--) {
    deeds.push({
      kind: "drain",
      at: together ? at : at + some(),
      timeout: maybe(random, 0.5, () => tick * random.below(100)),
      interruptedAfter: maybe(random, 0.2, () => tick * random.below(20))
    })
  }
  if (random.chance(0.2)) deeds.push({ kind: "close", at: late() })
  return deeds
}

/** The pool refuses times that are no whole milliseconds, so a tick is some of them. */
export const draw = (random: Random): Plan => {
  const tick = random.pick([1, 5, 10, 50])
  const origins = Array.from({ length: random.between(1, 4) }, (_, i) => `http://origin${i}.test:8080`)
  const options = drawOptions(random, tick, origins)
  const span = random.between(10, 300)
  const bursts = random.chance(0.3) ? random.between(1, 5) : undefined
  const calls = Array.from({ length: random.between(10, random.between(10, 60)) }, () => {
    const at = bursts === undefined ? random.below(span) : Math.floor(span / bursts) * random.below(bursts)
    return drawCall(random, tick, tick * at, origins)
  })
  return {
    options,
    network: {
      tick,
      rate: random.pick([0, 0.05, 0.2, 0.2, 0.5]),
      longestClose: random.chance(0.4) ? random.pick([5 * tick, 900, 900, 3_000]) : 0,
      maxConnections: options.maxConnections,
      maxConnectionsPerOrigin: options.maxConnectionsPerOrigin
    },
    calls,
    deeds: drawDeeds(random, tick, span, origins)
  }
}
