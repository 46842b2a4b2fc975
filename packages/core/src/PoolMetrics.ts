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
export const maxConnections = Metric.gauge("http.client.connection.max", {
  description: "Connections allowed to an origin"
})

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
 * Requests that were sent again because their connection was lost.
 *
 * @since 0.1.0
 * @category metrics
 */
export const repeats = sum("http.client.pool.repeats", "Requests that were sent again")

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

/** @internal */
export const label: (key: string, value: string) => MetricLabel.MetricLabel = MetricLabel.make
