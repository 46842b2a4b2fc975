/**
 * The origins that a pool knows, by their pool key: origin and TLS identity.
 *
 * @internal
 */
import type { TlsOptions } from "../Connector.js"
import type { Origin } from "../Origin.js"
import type { PoolSettings } from "../PoolConfig.js"
import { originSettings } from "../PoolConfig.js"
import { MetricsCache } from "./originMetrics.js"
import { OriginState } from "./originState.js"
import { TlsKeys } from "./tlsKeys.js"

export class Origins {
  private readonly known = new Map<string, OriginState>()
  private readonly tlsKeys = new TlsKeys()
  private readonly metrics: MetricsCache
  private readonly settings: PoolSettings

  constructor(settings: PoolSettings) {
    this.settings = settings
    this.metrics = new MetricsCache(settings)
  }

  get(key: string): OriginState | undefined {
    return this.known.get(key)
  }

  all(): Iterable<OriginState> {
    return this.known.values()
  }

  /** What is known of an origin; it is remembered from now on if it is to be kept. */
  of(origin: Origin, tls: TlsOptions | undefined, keep: boolean): OriginState {
    const identity = origin.scheme === "https" ? tls : undefined
    const key = identity === undefined ? origin.href : `${origin.href} ${this.tlsKeys.keyOf(identity)}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    const state = this.make(key, origin, identity)
    if (!keep) return state
    this.known.set(key, state)
    state.showLimits()
    if (identity !== undefined) this.tlsKeys.hold(identity)
    return state
  }

  remove(origin: OriginState): void {
    this.known.delete(origin.key)
    if (origin.tls !== undefined) this.tlsKeys.release(origin.tls)
  }

  private make(key: string, origin: Origin, identity: TlsOptions | undefined): OriginState {
    const settings = originSettings(this.settings, origin.href)
    const limits = {
      maxConnections: settings.maxConnectionsPerOrigin,
      maxIdle: settings.maxIdlePerOrigin,
      minIdle: settings.minIdlePerOrigin,
      idleTimeout: settings.idleTimeout,
      maxLifetime: settings.maxLifetime,
      maxRequests: settings.maxRequestsPerConnection,
      unusedAfter: 2 * this.settings.housekeepingInterval
    }
    return new OriginState(key, origin, identity, settings, limits, this.metrics.of(origin))
  }
}
