/**
 * The metrics of one origin in one pool, tagged once.
 *
 * @internal
 */
import type * as MetricLabel from "effect/MetricLabel"
import type { Origin } from "../Origin.js"
import * as PoolMetrics from "../PoolMetrics.js"

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

const labelsOf = (poolName: string, origin: Origin | undefined): Labels => {
  const name = PoolMetrics.label("http.client.connection.pool.name", poolName)
  if (origin === undefined) return [name, PoolMetrics.label("server.address", "_OTHER")]
  return [
    name,
    PoolMetrics.label("server.address", origin.host),
    PoolMetrics.label("server.port", String(origin.port)),
    PoolMetrics.label("url.scheme", origin.scheme)
  ]
}

/**
 * The metrics of one origin in one pool. A metric finds its series by the array of labels it is given: the same array costs a
 * hundredth of an equal one, which is hashed again.
 */
export class OriginMetrics {
  private readonly labels: Labels
  private readonly active: Labels
  private readonly idle: Labels
  private readonly failureLabels = new Map<string, Labels>()
  private readonly closeLabels = new Map<string, Labels>()

  constructor(poolName: string, origin: Origin | undefined, limit: number) {
    this.labels = labelsOf(poolName, origin)
    this.active = [...this.labels, PoolMetrics.label("http.connection.state", "active")]
    this.idle = [...this.labels, PoolMetrics.label("http.connection.state", "idle")]
    if (origin !== undefined) PoolMetrics.maxConnections.unsafeUpdate(limit, this.labels)
  }

  moveActive(by: number): void {
    PoolMetrics.openConnections.unsafeUpdate(by, this.active)
  }

  moveIdle(by: number): void {
    PoolMetrics.openConnections.unsafeUpdate(by, this.idle)
  }

  movePending(by: number): void {
    PoolMetrics.pendingRequests.unsafeUpdate(by, this.labels)
  }

  requested(reused: boolean): void {
    PoolMetrics.requests.unsafeUpdate(1, this.labels)
    if (reused) PoolMetrics.connectionsReused.unsafeUpdate(1, this.labels)
  }

  repeated(): void {
    PoolMetrics.repeats.unsafeUpdate(1, this.labels)
  }

  opened(): void {
    PoolMetrics.connectionsCreated.unsafeUpdate(1, this.labels)
  }

  failed(tag: string): void {
    PoolMetrics.failures.unsafeUpdate(1, this.with(this.failureLabels, "error.type", tag))
  }

  closed(reason: string): void {
    PoolMetrics.connectionsClosed.unsafeUpdate(1, this.with(this.closeLabels, "reason", reason))
  }

  private with(cache: Map<string, Labels>, key: string, value: string): Labels {
    let labels = cache.get(value)
    if (labels === undefined) {
      labels = [...this.labels, PoolMetrics.label(key, value)]
      cache.set(value, labels)
    }
    return labels
  }
}

/** Gives each origin its metrics, up to a number of origins. Effect 3 cannot remove a series, so that it counts for ever. */
export class MetricsCache {
  private readonly known = new Map<string, OriginMetrics>()
  private other: OriginMetrics | undefined = undefined
  private readonly poolName: string
  private readonly maxOrigins: number

  constructor(poolName: string, maxOrigins: number) {
    this.poolName = poolName
    this.maxOrigins = maxOrigins
  }

  of(origin: Origin, limit: number): OriginMetrics {
    const known = this.known.get(origin.href)
    if (known !== undefined) return known
    if (this.known.size >= this.maxOrigins) {
      return this.other ??= new OriginMetrics(this.poolName, undefined, limit)
    }
    const metrics = new OriginMetrics(this.poolName, origin, limit)
    this.known.set(origin.href, metrics)
    return metrics
  }
}
