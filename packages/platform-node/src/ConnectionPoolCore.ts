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
import { Calls } from "./internal/coreCalls.js"
import * as Errors from "./internal/coreError.js"
import { eventsOfPool, PoolListener } from "./internal/coreEvents.js"
import * as Figures from "./internal/coreFigures.js"
import * as Options from "./internal/coreOptions.js"
import { agentOf, callOf, warmUp } from "./internal/coreWarmUp.js"
import { BorrowedPool, OwnPool } from "./internal/poolSource.js"
import { WatchedEmitter } from "./internal/watchedEmitter.js"
import type { NodePoolOptions } from "./NodeConnectionPool.js"
import * as NodeConnectionPool from "./NodeConnectionPool.js"

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
  readonly #calls: Calls
  readonly #listener = new PoolListener((name, ...payload) => this.#tell(name, ...payload))

  /** Throws where an option cannot be. Nothing is opened yet. */
  constructor(options: ConnectionPoolCoreOptions = {}) {
    super(() => this.#listen())
    this.#calls = new Calls(this.#ownPool(Options.checked(options)), {
      onCompleted: (method, result) => this.#completed(method, result),
      onFailed: (url, method, error) => this.#failed(url, method, error)
    })
  }

  /** With options from the environment; those that are given win. Throws where a variable or an option cannot be. */
  static fromEnvironment(options: ConnectionPoolCoreOptions = {}): ConnectionPoolCore {
    const core = new ConnectionPoolCore()
    core.#calls.source = core.#ownPool(Options.checked(options, Options.environment()))
    return core
  }

  /**
   * Over the pool of a running Effect program: one set of limits, and one set of figures. Closing it ends its own requests, which
   * have `drainTimeout` (default 5 seconds); the pool stays open, and is the program's to close.
   */
  static fromPool(pool: Service, options?: { readonly drainTimeout?: DurationInput | undefined }): ConnectionPoolCore {
    const core = new ConnectionPoolCore()
    core.#calls.source = new BorrowedPool(pool, options?.drainTimeout ?? "5 seconds")
    return core
  }

  /** This pool for an Effect program: one set of limits. The pool is built if it was not; it ends with this object. */
  get layer(): Layer.Layer<ConnectionPool, InvalidOptions | PoolError> {
    return Layer.effect(ConnectionPool, this.#calls.service)
  }

  /** Builds the pool, with the warm-up of its options. The first request does so, too; again, it does nothing. */
  async initialize(): Promise<void> {
    await this.#calls.open()
  }

  /** Sends a request and reads the whole answer. Any status is an answer, not an error. */
  execute(url: string | URL, options: ExecuteOptions & { readonly parseJson: false }): Promise<ExecuteResult<string>>
  execute<Data = unknown>(url: string | URL, options?: ExecuteOptions): Promise<ExecuteResult<Data>>
  execute(url: string | URL, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    return this.#calls.execute(url, options)
  }

  /** The same, with the headers and the timeout of an endpoint; those of the request win. */
  executeWithEndpoint<Data = unknown>(endpoint: Endpoint, options?: ExecuteOptions): Promise<ExecuteResult<Data>>
  executeWithEndpoint(endpoint: Endpoint, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    return this.#calls.execute(...callOf(endpoint, options))
  }

  /** Opens connections, without a request unless one is given as `probe`. What fails is in the report. */
  async warmupConnections(endpoints: Iterable<Endpoint>, options: WarmupOptions = {}): Promise<WarmupReport> {
    const report = await warmUp(this.#calls, endpoints, options)
    this.#tell("warmup-complete", report)
    return report
  }

  /** What the pool has done. */
  getMetrics(): CoreMetrics {
    return Figures.metricsOf(this.#calls.stats)
  }

  /** The same for each endpoint that the pool knows, by scheme, host and port. */
  getStats(): Readonly<Record<string, EndpointStats>> {
    return Figures.endpointsOf(this.#calls.stats)
  }

  /** Of 100 requests, how many were on a connection that had served one before. */
  getSocketReusePercentage(): number {
    return this.#calls.stats.reusePercent
  }

  /** Whether requests can be expected to be answered, and what speaks against it. Sends nothing. */
  healthCheck(): HealthReport {
    return Figures.healthOf(this.#calls.stats, this.#calls.ended)
  }

  /** Closes every idle connection, and says how many. The pool does so by itself with those that are idle for too long. */
  cleanupUnusedConnections(): number {
    const connections = this.#calls.closeIdle()
    this.#tell("cleanup-complete", { agents: [], connections })
    return connections
  }

  /**
   * Closes every connection, and says how many. Requests that run are rejected with an `AbortError`; the pool goes on, and opens new
   * connections for the next ones.
   */
  async closeAllConnections(): Promise<number> {
    const connections = await this.#calls.closeAll()
    this.#tell("all-connections-closed", { connections })
    return connections
  }

  /** Takes no more requests, lets those that run end for `drainTimeout`, then closes everything. */
  close(): Promise<DrainReport> {
    return this.#finish(undefined)
  }

  /** Closes everything at once: requests that run are rejected with `PoolClosed`. Can be awaited; never rejects. */
  async destroy(): Promise<void> {
    await this.#finish(0)
  }

  /** `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #finish(timeout: number | undefined): Promise<DrainReport> {
    const first = !this.#calls.ended
    const connections = this.#calls.openConnections
    const report = await this.#calls.close(timeout)
    if (!first) return report
    await this.#listener.end(this.#calls.source)
    this.#tell("all-connections-closed", { connections })
    return report
  }

  #ownPool(options: NodePoolOptions): OwnPool {
    return new OwnPool(NodeConnectionPool.layer(options), () => this.#listen())
  }

  #listen(): void {
    const wanted = eventsOfPool.some((name) => this.listenerCount(name) > 0)
    const { current } = this.#calls.source
    if (!wanted) this.#listener.stop()
    else if (current !== undefined && !this.#calls.ended) this.#listener.listen(current)
  }

  // Calls end inside the pool: listeners are told behind it.
  #completed(method: string, { agent, latency, reused, status }: ExecuteResult): void {
    if (this.listenerCount("request-complete") === 0) return
    queueMicrotask(() => this.#tell("request-complete", { agent, method, status, latency, reused }))
  }

  #failed(url: string | URL, method: string, error: ConnectionPoolCoreError): void {
    if (this.listenerCount("request-failed") === 0) return
    queueMicrotask(() => this.#tell("request-failed", { agent: agentOf(url), method, error }))
  }

  /** A listener that throws is the program's own failure, as it is of every emitter, and stops nothing here. */
  #tell<Name extends keyof CoreEvents>(name: Name, ...payload: CoreEvents[Name]): void {
    try {
      const emitter: EventEmitter = this
      emitter.emit(name, ...payload)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
