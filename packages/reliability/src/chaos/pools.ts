// The pools under test: one that lives as long as the run, and one that is drained under load and built anew.
import * as PooledHttpClient from "@connection-pool/core/PooledHttpClient"
import type { NodePoolOptions } from "@connection-pool/platform-node/NodeConnectionPool"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Pool } from "./callers.js"
import type { Stage } from "./stage.js"
import type { Target } from "./targets.js"

/** Small limits and short times, so that all of them are met. */
const options = {
  maxConnectionsPerOrigin: 12,
  maxConnections: 80,
  maxWaiting: 500,
  acquireTimeout: "10 seconds",
  requestTimeout: "20 seconds",
  headersTimeout: "15 seconds",
  bodyTimeout: "15 seconds",
  connectTimeout: "5 seconds",
  idleTimeout: "2 seconds",
  maxLifetime: "5 seconds",
  maxRequestsPerConnection: 200,
  housekeepingInterval: "1 second",
  leakThreshold: "1 second",
  unreadBodyLimit: 64 * 1024,
  unreadBodyBudget: 1024 * 1024
} satisfies NodePoolOptions

const build = (more: NodePoolOptions, scope: Scope.Scope): Effect.Effect<Pool> =>
  NodeConnectionPool.make({ ...options, ...more }).pipe(
    Scope.extend(scope),
    Effect.map((service) => ({ service, client: PooledHttpClient.fromPool(service) })),
    Effect.orDie
  )

/** Where some dials never end, nobody has to wait for long. */
const impatientAt = (targets: ReadonlyArray<Target>): NonNullable<NodePoolOptions["origins"]> =>
  Object.fromEntries(
    targets.filter(({ stallsDials }) => stallsDials).map(({ origin }) => [origin, { connectTimeout: "400 millis" }])
  )

/** What a drain under load did, summed up. */
export interface Drains {
  drains: number
  answered: number
  cutOff: number
  unclosed: number
}

/** Of connections that were opened, and of requests, by pools that are gone. */
export interface Past {
  opened: number
  closed: number
  requests: number
  reused: number
  repeated: number
}

export class Pools {
  readonly drains: Drains = { drains: 0, answered: 0, cutOff: 0, unclosed: 0 }
  readonly past: Past = { opened: 0, closed: 0, requests: 0, reused: 0, repeated: 0 }
  readonly lasting: Pool
  rebuilt: Pool
  private readonly common: NodePoolOptions
  private readonly lastingScope: Scope.CloseableScope
  private rebuiltScope: Scope.CloseableScope

  private constructor(
    common: NodePoolOptions,
    lasting: Pool,
    lastingScope: Scope.CloseableScope,
    rebuilt: Pool,
    rebuiltScope: Scope.CloseableScope
  ) {
    this.common = common
    this.lasting = lasting
    this.lastingScope = lastingScope
    this.rebuilt = rebuilt
    this.rebuiltScope = rebuiltScope
  }

  static make({ ca, targets }: Stage): Effect.Effect<Pools> {
    return Effect.gen(function*() {
      const common = { tls: { ca }, origins: impatientAt(targets) }
      const lastingScope = yield* Scope.make()
      const lasting = yield* build({ name: "lasting", ...common }, lastingScope)
      const rebuiltScope = yield* Scope.make()
      const rebuilt = yield* Pools.buildShortLived(common, rebuiltScope)
      return new Pools(common, lasting, lastingScope, rebuilt, rebuiltScope)
    })
  }

  /** It decodes, and takes the idle ones in the other order. */
  private static buildShortLived(common: NodePoolOptions, scope: Scope.Scope): Effect.Effect<Pool> {
    return build({ name: "rebuilt", ...common, decompress: true, scheduling: "fifo" }, scope)
  }

  get all(): ReadonlyArray<Pool> {
    return [this.lasting, this.rebuilt]
  }

  /** Puts a new pool in the place of the one that is drained. */
  rebuild(within: number): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const { rebuilt, rebuiltScope } = this
      const scope = yield* Scope.make()
      this.rebuilt = yield* Pools.buildShortLived(this.common, scope)
      this.rebuiltScope = scope
      yield* this.end(rebuilt, rebuiltScope, within)
    })
  }

  private end(pool: Pool, scope: Scope.CloseableScope, within: number): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const { answered, cutOff, unclosed } = yield* pool.service.drain(within)
      yield* Scope.close(scope, Exit.void)
      const { closed, opened, repeated, requests, reused } = yield* pool.service.stats
      this.drains.drains++
      this.drains.answered += answered
      this.drains.cutOff += cutOff
      this.drains.unclosed += unclosed
      this.past.opened += opened
      this.past.closed += closed
      this.past.requests += requests
      this.past.reused += reused
      this.past.repeated += repeated
    })
  }

  /** Drains and closes both. */
  close(within: number): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      yield* this.end(this.lasting, this.lastingScope, within)
      yield* this.end(this.rebuilt, this.rebuiltScope, within)
    })
  }
}
