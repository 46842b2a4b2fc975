/**
 * The metrics of all pools, with the names of the OpenTelemetry HTTP and database conventions (v1.44) where these have one.
 *
 * What goes up and down is a counter moved by ±1, so that two pools add up. Attributes: `http.client.connection.pool.name`, and of
 * the origin `server.address`, `server.port` and `url.scheme`; from the `maxMetricOrigins`th origin on, `server.address` is
 * `_OTHER`.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import type { Origin } from "./Origin.js"

const counter = (name: string, description: string) => Metric.counter(name, { description })
const sum = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

/**
 * Connections that are open now; `http.connection.state` is `active` or `idle`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const openConnections = counter("http.client.open_connections", "Connections that are open")

/**
 * Requests that wait for a connection now.
 *
 * @since 0.1.0
 * @category metrics
 */
export const pendingRequests = counter("http.client.connection.pending_requests", "Requests that wait for a connection")

/**
 * The most connections an origin may have.
 *
 * @since 0.1.0
 * @category metrics
 */
export const maxConnections = Metric.gauge("http.client.connection.max", { description: "Connections allowed to an origin" })

/**
 * Requests that were given a connection.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requests = sum("http.client.pool.requests", "Requests that were given a connection")

/**
 * Connections that were opened.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsCreated = sum("http.client.pool.connections.created", "Connections that were opened")

/**
 * Requests whose connection had answered a request before.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsReused = sum("http.client.pool.connections.reused", "Requests on a connection used before")

/**
 * Failed requests; `error.type` is the tag of the error.
 *
 * @since 0.1.0
 * @category metrics
 */
export const failures = sum("http.client.pool.failures", "Failed requests")

/**
 * Closed connections; `reason` says why.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsClosed = sum("http.client.pool.connections.closed", "Closed connections")

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

const labelsOf = (poolName: string, origin: Origin | undefined): Labels => {
  const name = MetricLabel.make("http.client.connection.pool.name", poolName)
  if (origin === undefined) return [name, MetricLabel.make("server.address", "_OTHER")]
  return [
    name,
    MetricLabel.make("server.address", origin.host),
    MetricLabel.make("server.port", String(origin.port)),
    MetricLabel.make("url.scheme", origin.scheme)
  ]
}

/**
 * The metrics of one origin in one pool. A metric finds its series by the array of labels it is given: the same array costs
 * 0.04 µs, an equal one 3 µs.
 */
class OriginMetrics {
  private readonly labels: Labels
  private readonly active: Labels
  private readonly idle: Labels
  private readonly failureLabels = new Map<string, Labels>()
  private readonly closeLabels = new Map<string, Labels>()

  constructor(poolName: string, origin: Origin | undefined, limit: number) {
    this.labels = labelsOf(poolName, origin)
    this.active = [...this.labels, MetricLabel.make("http.connection.state", "active")]
    this.idle = [...this.labels, MetricLabel.make("http.connection.state", "idle")]
    if (origin !== undefined) maxConnections.unsafeUpdate(limit, this.labels)
  }

  moveActive(by: number): void {
    openConnections.unsafeUpdate(by, this.active)
  }

  moveIdle(by: number): void {
    openConnections.unsafeUpdate(by, this.idle)
  }

  movePending(by: number): void {
    pendingRequests.unsafeUpdate(by, this.labels)
  }

  requested(reused: boolean): void {
    requests.unsafeUpdate(1, this.labels)
    if (reused) connectionsReused.unsafeUpdate(1, this.labels)
  }

  opened(): void {
    connectionsCreated.unsafeUpdate(1, this.labels)
  }

  failed(tag: string): void {
    failures.unsafeUpdate(1, this.with(this.failureLabels, "error.type", tag))
  }

  closed(reason: string): void {
    connectionsClosed.unsafeUpdate(1, this.with(this.closeLabels, "reason", reason))
  }

  private with(cache: Map<string, Labels>, key: string, value: string): Labels {
    let labels = cache.get(value)
    if (labels === undefined) {
      labels = [...this.labels, MetricLabel.make(key, value)]
      cache.set(value, labels)
    }
    return labels
  }
}

/** Gives each origin its metrics, up to a number of origins. Effect 3 cannot remove a series, so that it counts for ever. */
class MetricsCache {
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

/** @internal */
export { MetricsCache, type OriginMetrics }
