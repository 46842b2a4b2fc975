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
