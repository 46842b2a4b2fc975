/**
 * A connector without sockets, for the tests of programs that use the pool: a script says how each dial and each request goes,
 * delays run on the `Clock` (so on `TestClock`), and the test can look at what happened and play the peer.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Connector } from "./Connector.js"
import * as internal from "./internal/testNetwork.js"
import type { ConnectFailedReason } from "./PoolError.js"

/**
 * A request as the scripted server sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestRequest {
  readonly method: string
  readonly url: string
  /** Names in lower case; the values of a repeated header with a comma between them. */
  readonly headers: Readonly<Record<string, string>>
  /** The whole body as text. */
  readonly body: string
  /** The connection it came on; they are numbered from 0 in the order of their dials. */
  readonly connection: number
  /** How many requests came on that connection before. */
  readonly index: number
}

/**
 * How a dial goes: it succeeds after `delay` (default at once), fails with `fail` after it, or never ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestDial {
  readonly delay?: Duration.DurationInput | undefined
  readonly fail?: ConnectFailedReason | undefined
  readonly never?: boolean | undefined
}

/**
 * How a request is answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestReply {
  /** Default 200. */
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** One piece or several. Default empty. */
  readonly body?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined
  /** Whether the headers tell the body's length. Default true. */
  readonly sized?: boolean | undefined
  /** Before the headers. */
  readonly delay?: Duration.DurationInput | undefined
  /** Before each piece of the body. */
  readonly pieceDelay?: Duration.DurationInput | undefined
  /** No answer, ever. */
  readonly never?: boolean | undefined
  /**
   * The connection breaks before the headers, or when `afterBytes` bytes of the body were sent; `tls`: as where a server does not
   * accept our certificate. `unsent`: so early that no byte of the request had left.
   */
  readonly breaks?: {
    readonly how: "reset" | "closed" | "tls"
    readonly afterBytes?: number | undefined
    readonly unsent?: boolean | undefined
  } | undefined
  /** What comes is not HTTP. */
  readonly garbage?: boolean | undefined
  /** False: the server closes the connection after the answer. Default true. */
  readonly keepAlive?: boolean | undefined
  /** How long the server says that it keeps an idle connection. */
  readonly keepAliveTimeout?: Duration.DurationInput | undefined
  /** The server closes the connection when it has been idle for this long. */
  readonly closeIdleAfter?: Duration.DurationInput | undefined
}

/**
 * How a network behaves. Everything has a default: dials succeed at once, and every request is answered with an empty 200.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestScript {
  /** `dial` counts from 0. */
  readonly connect?: ((origin: string, dial: number) => TestDial) | undefined
  readonly respond?: ((request: TestRequest) => TestReply) | undefined
  /** How long the check of an idle connection takes. Default nothing. */
  readonly checkDelay?: Duration.DurationInput | undefined
  /** How many bytes of a streamed body a connection takes before it asks the sender to wait for a moment. Default no limit. */
  readonly uploadWindow?: number | undefined
}

/**
 * A connection as the test sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestConnection {
  readonly id: number
  readonly origin: string
  readonly open: boolean
  /** A request is being answered. */
  readonly busy: boolean
  readonly requests: number
}

/**
 * What the test can see and do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Dials that were begun. */
  readonly dials: Effect.Effect<number>
  /** Dials that are under way. */
  readonly dialling: Effect.Effect<number>
  /** All connections that were ever opened. */
  readonly connections: Effect.Effect<ReadonlyArray<TestConnection>>
  /** The most connections that were open at once. */
  readonly mostOpen: Effect.Effect<number>
  /** Requests that arrived whole, in their order. */
  readonly requests: Effect.Effect<ReadonlyArray<TestRequest>>
  /** The peer closes a connection, whatever it is doing; false if it is not open. */
  readonly closeByPeer: (connection: number) => Effect.Effect<boolean>
  /** The peer sends bytes that nobody asked for; false if the connection is not open. */
  readonly sendUnasked: (connection: number) => Effect.Effect<boolean>
}

/**
 * The network behind the connector.
 *
 * @since 0.1.0
 * @category services
 */
export class TestConnector extends Context.Tag("@connection-pool/core/TestConnector")<TestConnector, Service>() {}

/**
 * A connector that follows a script.
 *
 * @example
 * ```ts
 * import { ConnectionPool, TestConnector } from "@connection-pool/core"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const pool = yield* ConnectionPool.ConnectionPool
 *   const network = yield* TestConnector.TestConnector
 *   const response = yield* pool.execute({ url: "http://api.test/answer" })
 *   return [response.text, yield* network.dials]
 * })
 *
 * const network = TestConnector.layer({ respond: ({ url }) => ({ body: `you asked for ${url}`, delay: "1 second" }) })
 *
 * const test = program.pipe(Effect.provide(ConnectionPool.layer().pipe(Layer.provideMerge(network))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (script: TestScript = {}): Layer.Layer<Connector | TestConnector> =>
  Layer.effectContext(
    Effect.map(internal.make(script), ({ connector, network }) =>
      Context.make(Connector, connector).pipe(Context.add(TestConnector, network)))
  )
