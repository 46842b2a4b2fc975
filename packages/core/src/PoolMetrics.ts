/**
 * The metrics of all pools, with the names, units, attributes and buckets of the OpenTelemetry conventions (v1.44): those for HTTP
 * clients, those of .NET where these are silent, and those for pools of database connections with `http.client` in place of
 * `db.client`. What no convention names begins with `http.client.pool`.
 *
 * - What goes up and down is a counter moved by ±1, so that two pools add up; it returns to 0 when its origin is forgotten or its
 *   pool ends.
 * - Durations are seconds.
 * - Attributes: `http.client.connection.pool.name`, and of the origin `server.address`, `server.port` and `url.scheme`; from the
 *   `maxMetricOrigins`th origin on, `server.address` is `_OTHER`, and without `metricOriginTags` there are none.
 * - `unit` is where `@effect/opentelemetry` looks for the unit. It is the same for all values of a metric.
 *
 * @example
 * ```ts
 * import { PoolMetrics } from "@connection-pool/core"
 * import { Effect, Metric } from "effect"
 *
 * // Of one pool at one origin: an exporter reads all of them by itself.
 * const requests = PoolMetrics.requests.pipe(
 *   Metric.tagged("http.client.connection.pool.name", "default"),
 *   Metric.tagged("server.address", "127.0.0.1"),
 *   Metric.tagged("server.port", "8545"),
 *   Metric.tagged("url.scheme", "http")
 * )
 *
 * console.log(Effect.runSync(Metric.value(requests)).count) // 0
 * ```
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"

// The unit is part of the key: `Metric.tagged` would put the tags together again at every update.
const upDown = (name: string, unit: string, description: string): Metric.Metric.Counter<number> =>
  Metric.fromMetricKey(MetricKey.tagged(MetricKey.counter(name, { description }), "unit", unit))

const sum = (name: string, unit: string, description: string): Metric.Metric.Counter<number> =>
  Metric.fromMetricKey(MetricKey.tagged(MetricKey.counter(name, { description, incremental: true }), "unit", unit))

const gauge = (name: string, unit: string, description: string): Metric.Metric.Gauge<number> =>
  Metric.fromMetricKey(MetricKey.tagged(MetricKey.gauge(name, { description }), "unit", unit))

const seconds = (name: string, bounds: ReadonlyArray<number>, description: string): Metric.Metric.Histogram<number> =>
  Metric.fromMetricKey(
    MetricKey.tagged(MetricKey.histogram(name, MetricBoundaries.fromIterable(bounds), description), "unit", "s")
  )

/** Those that the conventions advise for requests. */
const requestBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** Those that they advise for the life of a connection. */
const lifeBounds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** For what a pool does they advise none: what is idle is there in microseconds, and who waits does so for 30 s by default. */
const poolBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/**
 * Connections that are open now; `http.connection.state` is `active` or `idle`.
 *
 * @since 0.1.0
 * @category connections
 */
export const openConnections = upDown("http.client.open_connections", "{connection}", "Connections that are open")

/**
 * How long connections were open, told when they are closed.
 *
 * @since 0.1.0
 * @category connections
 */
export const connectionDuration = seconds(
  "http.client.connection.duration",
  lifeBounds,
  "How long closed connections had been open"
)

/**
 * How long it took to open connections: name look-up, TCP and TLS. Those that could not be opened do not count.
 *
 * @since 0.1.0
 * @category connections
 */
export const connectionCreateTime = seconds(
  "http.client.connection.create_time",
  poolBounds,
  "How long it took to open a connection"
)

/**
 * How long it took from asking for a connection to having one; 0 where one was idle. Who gets none does not count.
 *
 * @since 0.1.0
 * @category connections
 */
export const connectionWaitTime = seconds(
  "http.client.connection.wait_time",
  poolBounds,
  "How long it took to get a connection of the pool"
)

/**
 * How long connections were in use, from having one to giving it back.
 *
 * @since 0.1.0
 * @category connections
 */
export const connectionUseTime = seconds(
  "http.client.connection.use_time",
  poolBounds,
  "How long a connection was used before it was given back"
)

/**
 * Connections that were opened.
 *
 * @since 0.1.0
 * @category connections
 */
export const connectionsCreated = sum(
  "http.client.pool.connections.created",
  "{connection}",
  "Connections that were opened"
)

/**
 * Closed connections; `reason` is a `CloseReason`.
 *
 * @since 0.1.0
 * @category connections
 */
export const connectionsClosed = sum("http.client.pool.connections.closed", "{connection}", "Closed connections")

/**
 * Requests that run now, those that wait for a connection included; `http.request.method` is one of the standard ones or `_OTHER`.
 *
 * @since 0.1.0
 * @category requests
 */
export const activeRequests = upDown("http.client.active_requests", "{request}", "Requests that run")

/**
 * How long requests took, from the call to the last byte, repeats included. Attributes: `http.request.method`;
 * `http.response.status_code`, where there was an answer; `error.type`, where it failed: the status from 400 on, the tag of
 * the `PoolError`, `Interrupted`, or `_OTHER` for a defect. An origin has 64 combinations at most, and from there on the status
 * is `_OTHER`.
 *
 * @since 0.1.0
 * @category requests
 */
export const requestDuration = seconds("http.client.request.duration", requestBounds, "How long requests took")

/**
 * How long requests waited in the queue, of those that had to, whether they got a connection or not.
 *
 * @since 0.1.0
 * @category requests
 */
export const requestTimeInQueue = seconds(
  "http.client.request.time_in_queue",
  requestBounds,
  "How long requests were in the queue for a connection"
)

/**
 * Requests that wait for a connection now.
 *
 * @since 0.1.0
 * @category requests
 */
export const pendingRequests = upDown(
  "http.client.connection.pending_requests",
  "{request}",
  "Requests that wait for a connection"
)

/**
 * Requests that got no connection in `acquireTimeout`.
 *
 * @since 0.1.0
 * @category requests
 */
export const connectionTimeouts = sum(
  "http.client.connection.timeouts",
  "{timeout}",
  "Requests that got no connection in time"
)

/**
 * Requests that were given a connection; one that is sent again is given another.
 *
 * @since 0.1.0
 * @category requests
 */
export const requests = sum("http.client.pool.requests", "{request}", "Requests that were given a connection")

/**
 * Requests whose connection had answered a request before.
 *
 * @since 0.1.0
 * @category requests
 */
export const connectionsReused = sum(
  "http.client.pool.connections.reused",
  "{request}",
  "Requests on a connection used before"
)

/**
 * Requests that were sent again because their connection was lost.
 *
 * @since 0.1.0
 * @category requests
 */
export const repeats = sum("http.client.pool.repeats", "{request}", "Requests that were sent again")

/**
 * Failed requests; `error.type` is the tag of the error.
 *
 * @since 0.1.0
 * @category requests
 */
export const failures = sum("http.client.pool.failures", "{request}", "Failed requests")

/**
 * Bytes of answers' bodies, as they come: before they are decoded, and also of those that are never complete.
 *
 * @since 0.1.0
 * @category requests
 */
export const received = sum("http.client.pool.received", "By", "Bytes of answers' bodies")

/**
 * The most connections allowed, of all TLS identities at an origin and all pools of the name together.
 *
 * @since 0.1.0
 * @category limits
 */
export const maxConnections = gauge("http.client.connection.max", "{connection}", "Connections allowed")

/**
 * The most idle connections that are kept, counted in the same way.
 *
 * @since 0.1.0
 * @category limits
 */
export const maxIdleConnections = gauge(
  "http.client.connection.idle.max",
  "{connection}",
  "Idle connections that are kept"
)

/**
 * How long idle connections are kept since the origin was seen to close them by itself; 0 where it was not.
 *
 * @since 0.1.0
 * @category limits
 */
export const learnedIdleLimit = gauge(
  "http.client.pool.learned_idle_limit",
  "s",
  "How long the origin keeps idle connections, as learned from its closes"
)

/**
 * Leases that were suspected of being leaked.
 *
 * @since 0.1.0
 * @category leaks
 */
export const leaksSuspected = sum("http.client.pool.leaks.suspected", "{lease}", "Leases suspected of being leaked")

/**
 * Suspicions that were wrong: the lease has ended after all.
 *
 * @since 0.1.0
 * @category leaks
 */
export const leaksRetracted = sum("http.client.pool.leaks.retracted", "{lease}", "Suspected leases that have ended")

/** @internal */
export const label: (key: string, value: string) => MetricLabel.MetricLabel = MetricLabel.make
