/**
 * The pool for code without Effect: a class with Promises and events, in place of the class of this name that plain JavaScript
 * used before.
 *
 * @since 0.1.0
 */
import { ConnectionPool } from "@connection-pool/core/ConnectionPool"
import type { DrainReport, Service } from "@connection-pool/core/ConnectionPool"
import type { TlsOptions } from "@connection-pool/core/Connector"
import type { InvalidOptions, PoolError } from "@connection-pool/core/PoolError"
import type { DurationInput } from "effect/Duration"
import * as Layer from "effect/Layer"
import type { EventEmitter } from "node:events"
import type { CoreEvents, CoreMetrics, EndpointStats, HealthReport, WarmupReport } from "./CoreReports.js"
import { Core } from "./internal/core.js"
import * as Errors from "./internal/coreError.js"
import * as Figures from "./internal/coreFigures.js"
import * as Options from "./internal/coreOptions.js"
import { callOf, warmUp } from "./internal/coreWarmUp.js"
import { WatchedEmitter } from "./internal/watchedEmitter.js"
import type { NodePoolOptions } from "./NodeConnectionPool.js"

/**
 * Every option of the pool, and the names that some of them had in the class that this replaces.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionPoolCoreOptions extends NodePoolOptions {
  /** `tcpKeepAliveDelay`. */
  readonly keepAliveMsecs?: DurationInput | undefined
  /** `maxConnectionsPerOrigin`. */
  readonly maxSockets?: number | undefined
  /** `maxIdlePerOrigin`. Default: half of `maxSockets`, as it was; the pool of an Effect program keeps all of them. */
  readonly maxFreeSockets?: number | undefined
  /** `connectTimeout` and `requestTimeout`, where these are not given. */
  readonly timeout?: DurationInput | undefined
  /** `maxResponseSize`. */
  readonly responseLimit?: number | "none" | undefined
  /** `housekeepingInterval`. */
  readonly cleanupPeriod?: DurationInput | undefined
}

/**
 * What a request is, besides its URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExecuteOptions {
  /** Default `POST`. */
  readonly method?: string | undefined
  readonly headers?:
    | Readonly<Record<string, string | number | ReadonlyArray<string> | undefined>>
    | Iterable<readonly [string, string]>
    | undefined
  /**
   * Text, bytes, or an object that is sent as JSON. Text and objects have the `content-type` `application/json`, unless the
   * headers say what they are.
   */
  readonly body?: string | Uint8Array | ArrayBufferView | ArrayBuffer | object | null | undefined
  /** From the call to the last byte, in milliseconds or as text; in place of the pool's `requestTimeout`. */
  readonly timeout?: DurationInput | "none" | undefined
  /** Default true: `data` is the answer read as JSON; what is no JSON is an error. False: `data` is its text. */
  readonly parseJson?: boolean | undefined
  /** Gives the request up: its connection is closed, and the Promise is rejected with an `AbortError`. */
  readonly signal?: AbortSignal | null | undefined
  /** Bytes of the answer, in place of the pool's limit. */
  readonly responseLimit?: number | "none" | undefined
  /** Sending it twice does no harm. Default: by its method. */
  readonly idempotent?: boolean | undefined
  /** Overrides the pool's, field by field. */
  readonly tls?: TlsOptions | undefined
}

/**
 * An answer. Any status is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExecuteResult<Data = unknown> {
  readonly data: Data
  readonly status: number
  /** Names in lower case; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds from the call to the last byte. */
  readonly latency: number
  /** The connection had answered a request before. */
  readonly reused: boolean
  /** Whose connection it was: scheme, host and port. */
  readonly agent: string
}

/**
 * Where requests go: a URL, or an object that has one, with headers and a timeout for each request.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint = string | URL | {
  readonly url: string | URL
  readonly headers?: ExecuteOptions["headers"]
  readonly timeout?: ExecuteOptions["timeout"]
}

/**
 * How a warm-up is done.
 *
 * @since 0.1.0
 * @category models
 */
export interface WarmupOptions {
  /** Connections that are open at each endpoint afterwards, at least. Default 1. */
  readonly connections?: number | undefined
  /** A request that is sent to each endpoint when its connections are open. Default: none is. */
  readonly probe?: ExecuteOptions | undefined
}

/**
 * What a `ConnectionPoolCore` throws and rejects with.
 *
 * - `name`: the tag of the typed error, such as `RequestTimeout`; `AbortError` after a signal; `InvalidVariable`
 * - `code`: the system's own where there is one (`ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`), `ETIMEDOUT` for all timeouts,
 *   `ABORT_ERR`, otherwise `ERR_…`
 * - `cause`: the typed error (`PoolError`)
 * - `status`: of an answer that is not JSON
 *
 * @since 0.1.0
 * @category errors
 */
export const ConnectionPoolCoreError = Errors.ConnectionPoolCoreError

/**
 * An error of a `ConnectionPoolCore`.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConnectionPoolCoreError = Errors.ConnectionPoolCoreError

const Base = WatchedEmitter as unknown as new(changed: () => void) => EventEmitter<CoreEvents>

/**
 * A pool for code without Effect. It is built by the first request, or by `initialize`, and does not keep the process alive.
 *
 * @example
 * ```ts
 * import { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"
 *
 * const blockNumber = async (url: string) => {
 *   await using pool = new ConnectionPoolCore({ maxSockets: 50, timeout: 5000 })
 *   pool.on("request-failed", ({ agent, error }) => console.error(agent, error.code))
 *   const { data } = await pool.execute(url, { body: { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] } })
 *   return data
 * }
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export class ConnectionPoolCore extends Base {
  /** @internal */
  readonly #core = new Core(this)

  /**
   * Throws where an option cannot be. Nothing is opened yet.
   *
   * @since 0.1.0
   */
  constructor(options: ConnectionPoolCoreOptions = {}) {
    super(() => this.#core.listen())
    this.#core.use(Options.checked(options))
  }

  /**
   * With options from the environment; those that are given win. Throws where a variable or an option cannot be.
   *
   * @since 0.1.0
   */
  static fromEnvironment(options: ConnectionPoolCoreOptions = {}): ConnectionPoolCore {
    const core = new ConnectionPoolCore()
    core.#core.use(Options.checked(options, Options.environment()))
    return core
  }

  /**
   * Over the pool of a running Effect program: one set of limits, and one set of figures. Closing it ends its own requests, which
   * have `drainTimeout` (default 5 seconds); the pool stays open, and is the program's to close.
   *
   * @since 0.1.0
   */
  static fromPool(pool: Service, options?: { readonly drainTimeout?: DurationInput | undefined }): ConnectionPoolCore {
    const core = new ConnectionPoolCore()
    core.#core.borrow(pool, options?.drainTimeout ?? "5 seconds")
    return core
  }

  /**
   * This pool for an Effect program: one set of limits. The pool is built if it was not; it ends with this object.
   *
   * @since 0.1.0
   */
  get layer(): Layer.Layer<ConnectionPool, InvalidOptions | PoolError> {
    return Layer.effect(ConnectionPool, this.#core.calls.service)
  }

  /**
   * Builds the pool, with the warm-up of its options. The first request does so, too; again, it does nothing.
   *
   * @since 0.1.0
   */
  async initialize(): Promise<void> {
    await this.#core.calls.open()
  }

  /**
   * Sends a request and reads the whole answer. Any status is an answer, not an error.
   *
   * @since 0.1.0
   */
  execute(url: string | URL, options: ExecuteOptions & { readonly parseJson: false }): Promise<ExecuteResult<string>>
  execute<Data = unknown>(url: string | URL, options?: ExecuteOptions): Promise<ExecuteResult<Data>>
  execute(url: string | URL, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    return this.#core.calls.execute(url, options)
  }

  /**
   * The same, with the headers and the timeout of an endpoint; those of the request win.
   *
   * @since 0.1.0
   */
  executeWithEndpoint<Data = unknown>(endpoint: Endpoint, options?: ExecuteOptions): Promise<ExecuteResult<Data>>
  executeWithEndpoint(endpoint: Endpoint, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    return this.#core.calls.execute(...callOf(endpoint, options))
  }

  /**
   * Opens connections, without a request unless one is given as `probe`. What fails is in the report.
   *
   * @since 0.1.0
   */
  async warmupConnections(endpoints: Iterable<Endpoint>, options: WarmupOptions = {}): Promise<WarmupReport> {
    const report = await warmUp(this.#core.calls, endpoints, options)
    this.#core.tell("warmup-complete", report)
    return report
  }

  /**
   * What the pool has done.
   *
   * @since 0.1.0
   */
  getMetrics(): CoreMetrics {
    return Figures.metricsOf(this.#core.calls.stats)
  }

  /**
   * The same for each endpoint that the pool knows, by scheme, host and port.
   *
   * @since 0.1.0
   */
  getStats(): Readonly<Record<string, EndpointStats>> {
    return Figures.endpointsOf(this.#core.calls.stats)
  }

  /**
   * Of 100 requests, how many were on a connection that had served one before.
   *
   * @since 0.1.0
   */
  getSocketReusePercentage(): number {
    return this.#core.calls.stats.reusePercent
  }

  /**
   * Whether requests can be expected to be answered, and what speaks against it. Sends nothing.
   *
   * @since 0.1.0
   */
  healthCheck(): HealthReport {
    return Figures.healthOf(this.#core.calls.stats, this.#core.calls.ended)
  }

  /**
   * Closes every idle connection, and says how many. The pool does so by itself with those that are idle for too long.
   *
   * @since 0.1.0
   */
  cleanupUnusedConnections(): number {
    const connections = this.#core.calls.closeIdle()
    this.#core.tell("cleanup-complete", { agents: [], connections })
    return connections
  }

  /**
   * Closes every connection, and says how many. Requests that run are rejected with an `AbortError`; the pool goes on, and opens new
   * connections for the next ones.
   *
   * @since 0.1.0
   */
  async closeAllConnections(): Promise<number> {
    const connections = await this.#core.calls.closeAll()
    this.#core.tell("all-connections-closed", { connections })
    return connections
  }

  /**
   * Takes no more requests, lets those that run end for `drainTimeout`, then closes everything.
   *
   * @since 0.1.0
   */
  close(): Promise<DrainReport> {
    return this.#core.finish(undefined)
  }

  /**
   * Closes everything at once: requests that run are rejected with `PoolClosed`. Can be awaited; never rejects.
   *
   * @since 0.1.0
   */
  async destroy(): Promise<void> {
    await this.#core.finish(0)
  }

  /**
   * `close`.
   *
   * @since 0.1.0
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
