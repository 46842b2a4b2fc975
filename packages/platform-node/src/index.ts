/**
 * The pool for code without Effect: a class with Promises and events, in place of the class of this name that plain JavaScript
 * used before.
 *
 * @since 0.1.0
 */
export * as ConnectionPoolCore from "./ConnectionPoolCore.js"

/**
 * What a `ConnectionPoolCore` tells of itself: metrics, statistics, health, warm-ups and events.
 *
 * @since 0.1.0
 */
export * as CoreReports from "./CoreReports.js"

/**
 * The pool with sockets: `ConnectionPool` over `NodeConnector` in one layer.
 *
 * @since 0.1.0
 */
export * as NodeConnectionPool from "./NodeConnectionPool.js"

/**
 * Opens the pool's connections over `node:net` and `node:tls`.
 *
 * @since 0.1.0
 */
export * as NodeConnector from "./NodeConnector.js"

/**
 * Decodes compressed bodies with `node:zlib`: gzip, deflate and br.
 *
 * @since 0.1.0
 */
export * as NodeContentDecoder from "./NodeContentDecoder.js"

/**
 * The pools' events on a channel of `node:diagnostics_channel`, for whatever listens there and knows no Effect. Every pool of
 * `NodeConnectionPool` and `ConnectionPoolCore` publishes on it. While nobody is subscribed no event is made.
 *
 * Events come in their order, behind the pool's work and not inside of it, so that a subscriber cannot hold a request up; one that is
 * far behind loses the oldest, and `Missed` says how many.
 *
 * @since 0.1.0
 */
export * as PoolChannel from "./PoolChannel.js"
