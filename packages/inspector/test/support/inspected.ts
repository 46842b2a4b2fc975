// A pool without sockets, and its inspector on a port.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { PoolOptions } from "@connection-pool/core/PoolConfig"
import * as TestConnector from "@connection-pool/core/TestConnector"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { NodeInspectorOptions } from "../../src/NodeInspector.js"
import * as NodeInspector from "../../src/NodeInspector.js"

export const poolLayer = (script: TestConnector.TestScript = {}, options: PoolOptions = {}) =>
  ConnectionPool.layer(options).pipe(Layer.provide(TestConnector.layer(script)))

export const portOf = (server: HttpServer.HttpServer): number =>
  server.address._tag === "TcpAddress" ? server.address.port : Number.NaN

/** For as long as the scope, or until `close`. */
export const inspected = (options: NodeInspectorOptions = {}, script: TestConnector.TestScript = {}) =>
  Effect.gen(function*() {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const layers = NodeInspector.layer({ port: 0, ...options }).pipe(Layer.provideMerge(poolLayer(script)))
    const context = yield* Layer.buildWithScope(layers, scope)
    return {
      pool: Context.get(context, ConnectionPool.ConnectionPool),
      port: portOf(Context.get(context, HttpServer.HttpServer)),
      close: Scope.close(scope, Exit.void)
    }
  })
