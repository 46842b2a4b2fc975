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

/** What an update needs, tagged once. */
type Tagged = Metric.Metric.Counter<number>

const add = (metric: Tagged, amount: number): void => metric.unsafeUpdate(amount, [])

/** The metrics of one origin in one pool; tagging costs a hundred times an update. */
class OriginMetrics {
  private readonly active: Tagged
  private readonly idle: Tagged
  private readonly pending: Tagged
  private readonly requests: Tagged
  private readonly created: Tagged
  private readonly reused: Tagged
  private readonly failures = new Map<string, Tagged>()
  private readonly closures = new Map<string, Tagged>()
  private readonly tag: <Type, In, Out>(metric: Metric.Metric<Type, In, Out>) => Metric.Metric<Type, In, Out>

  constructor(poolName: string, origin: Origin | undefined, limit: number) {
    this.tag = (metric) => {
      const named = Metric.tagged(metric, "http.client.connection.pool.name", poolName)
      if (origin === undefined) return Metric.tagged(named, "server.address", "_OTHER")
      return named.pipe(
        Metric.tagged("server.address", origin.host),
        Metric.tagged("server.port", String(origin.port)),
        Metric.tagged("url.scheme", origin.scheme)
      )
    }
    this.active = Metric.tagged(this.tag(openConnections), "http.connection.state", "active")
    this.idle = Metric.tagged(this.tag(openConnections), "http.connection.state", "idle")
    this.pending = this.tag(pendingRequests)
    this.requests = this.tag(requests)
    this.created = this.tag(connectionsCreated)
    this.reused = this.tag(connectionsReused)
    if (origin !== undefined) this.tag(maxConnections).unsafeUpdate(limit, [])
  }

  moveActive(by: number): void {
    add(this.active, by)
  }

  moveIdle(by: number): void {
    add(this.idle, by)
  }

  movePending(by: number): void {
    add(this.pending, by)
  }

  requested(reused: boolean): void {
    add(this.requests, 1)
    if (reused) add(this.reused, 1)
  }

  opened(): void {
    add(this.created, 1)
  }

  failed(tag: string): void {
    this.addTagged(this.failures, failures, "error.type", tag)
  }

  closed(reason: string): void {
    this.addTagged(this.closures, connectionsClosed, "reason", reason)
  }

  private addTagged(cache: Map<string, Tagged>, metric: Tagged, key: string, value: string): void {
    let tagged = cache.get(value)
    if (tagged === undefined) {
      tagged = Metric.tagged(this.tag(metric), key, value)
      cache.set(value, tagged)
    }
    add(tagged, 1)
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
