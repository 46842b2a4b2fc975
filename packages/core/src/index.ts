/**
 * What the pool asks of one open connection. A transport implements it; nothing above it knows a protocol's bytes.
 *
 * Calls and callbacks are synchronous and allocate little, since every request passes here.
 *
 * @since 0.1.0
 */
export * as Connection from "./Connection.js"

/**
 * The pool as a service: HTTP/1.1 connections that are kept open and lent out, with limits, a queue, timeouts and typed errors.
 *
 * @since 0.1.0
 */
export * as ConnectionPool from "./ConnectionPool.js"

/**
 * How the pool gets its connections: one tag with one method.
 *
 * @since 0.1.0
 */
export * as Connector from "./Connector.js"

/**
 * Decodes compressed bodies for a pool with the option `decompress`; a platform brings it.
 *
 * @since 0.1.0
 */
export * as ContentDecoder from "./ContentDecoder.js"

/**
 * Where a request goes: scheme, host and port, and the parts of a URL that matter on the wire.
 *
 * @since 0.1.0
 */
export * as Origin from "./Origin.js"

/**
 * What a pool can be told: its options, what they are when they are not given, how they are checked, and how the
 * environment sets them.
 *
 * In every option `undefined` stands for "not given". A duration is a number of milliseconds, a text such as `"30
 * seconds"`, or any other `DurationInput`; `"none"`, and infinity, switch off what can be none. In the environment a
 * duration is a whole number of milliseconds or such a text, a size is a number of bytes, a boolean is `true` or
 * `false` (`1` or `0`, `yes` or `no`, `on` or `off`), and an empty variable is an unset one.
 *
 * @since 0.1.0
 */
export * as PoolConfig from "./PoolConfig.js"

/**
 * Why requests wait: who holds the connections, who waits for them, and which dials have failed.
 *
 * Nothing here is secret: of a URL there are the origin and the path, without what looks like a key in it.
 *
 * @since 0.1.0
 */
export * as PoolDiagnosis from "./PoolDiagnosis.js"

/**
 * What can go wrong, as typed errors. Each says where (`origin`), how far the request came (`progress`), and in its `message`
 * what to change.
 *
 * No error holds a header value, a body, or a URL with its credentials or query.
 *
 * @since 0.1.0
 */
export * as PoolError from "./PoolError.js"

/**
 * What observers of a pool see.
 *
 * @since 0.1.0
 */
export * as PoolEvent from "./PoolEvent.js"

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
export * as PoolMetrics from "./PoolMetrics.js"

/**
 * What is asked of the pool.
 *
 * @since 0.1.0
 */
export * as PoolRequest from "./PoolRequest.js"

/**
 * What the pool answers.
 *
 * @since 0.1.0
 */
export * as PoolResponse from "./PoolResponse.js"

/**
 * What a pool is doing and has done, at one moment.
 *
 * @since 0.1.0
 */
export * as PoolStats from "./PoolStats.js"

/**
 * The platform's `HttpClient` over a pool: programs that use it change one line.
 *
 * Differences to the platform's clients are the pool's limits and timeouts, and that what went wrong in the pool is the `cause` of
 * the `RequestError` or `ResponseError`, as a `PoolError`.
 *
 * @since 0.1.0
 */
export * as PooledHttpClient from "./PooledHttpClient.js"

/**
 * A connector without sockets, for the tests of programs that use the pool: a script says how each dial and each request goes,
 * delays run on the `Clock` (so on `TestClock`), and the test can look at what happened and play the peer.
 *
 * @since 0.1.0
 */
export * as TestConnector from "./TestConnector.js"
