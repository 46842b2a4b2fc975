/**
 * The inspector on a port of its own, on Node.js. It needs `@effect/platform-node`, so it is no part of the package's index.
 *
 * @since 0.1.0
 */
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Server } from "node:http"
import { createServer } from "node:http"
import * as Inspector from "./Inspector.js"

/**
 * Where to listen, and whom to answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeInspectorOptions extends Inspector.InspectorOptions {
  /** 0 takes any free one; `HttpServer` tells which. Default 9091. */
  readonly port?: number | undefined
  /** The address to listen on. Default `127.0.0.1`: nobody else can connect. The inspector asks nobody for a password. */
  readonly host?: string | undefined
}

/** A server waits for its answers before it is closed. Who has stopped reading, as a browser that sleeps, must not hold it up. */
const cutOffLater = (server: Server): Effect.Effect<void, never, Scope.Scope> =>
  Effect.addFinalizer(() =>
    Effect.sync(() => {
      const timer = setTimeout(() => server.closeAllConnections(), 500)
      server.once("close", () => clearTimeout(timer))
    })
  )

/**
 * Serves the inspector, on `http://127.0.0.1:9091` by default, for as long as the layer lasts.
 *
 * @example
 * ```ts
 * import * as NodeInspector from "@connection-pool/inspector/NodeInspector"
 * import { NodeConnectionPool } from "@connection-pool/platform-node"
 * import { Layer } from "effect"
 *
 * const PoolLive = NodeInspector.layer({ port: 9091 }).pipe(Layer.provideMerge(NodeConnectionPool.layer()))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: NodeInspectorOptions = {}
): Layer.Layer<HttpServer.HttpServer, ServeError, ConnectionPool.ConnectionPool> =>
  Layer.suspend(() => {
    const { host = "127.0.0.1", port = 9_091, ...inspector } = options
    const server = createServer()
    return Inspector.layer(inspector).pipe(
      Layer.provideMerge(Layer.scopedDiscard(cutOffLater(server))),
      Layer.provideMerge(NodeHttpServer.layerServer(() => server, { host, port }))
    )
  })
