/**
 * What a pool is doing, to look at with a browser or `curl`, and to be scraped: an `HttpApp` for a router of yours, or a layer that
 * serves it. It only reads, and answers only to names of this machine and those that you allow.
 *
 * | path | answer |
 * | --- | --- |
 * | `/` | a live page: origins, every connection, requests a second, latencies, who waits |
 * | `/stats` | `pool.stats` as JSON |
 * | `/connections` | `pool.connections` as JSON |
 * | `/diagnosis` | `pool.diagnose` as JSON: who holds the connections, and who waits for them |
 * | `/events` | `pool.events` as server-sent events, until the pool is closed; a slow reader loses the oldest and gets `Missed` |
 * | `/metrics` | the metrics of all pools of this process in the text format of Prometheus |
 * | `/live` | what the page is drawn from, four times a second, in 64 KB at most; made for it, and free to change with it |
 *
 * @since 0.1.0
 */
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { guarded } from "./internal/guard.js"
import { Live } from "./internal/live.js"
import { routes } from "./internal/routes.js"
import type * as PrometheusText from "./PrometheusText.js"

/**
 * Whom to answer, and of what.
 *
 * @since 0.1.0
 * @category models
 */
export interface InspectorOptions extends PrometheusText.Options {
  /**
   * Names, without a port, that requests may give in their `Host` header besides `localhost`, `127.0.0.1` and `[::1]`, such as
   * `ops.example.com` or `10.1.2.3`. All others get status 421, so that no web page can read the inspector by a name that it has
   * pointed at this machine (DNS rebinding). Default none.
   */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
}

/**
 * The inspector of a pool, to be mounted in a router of yours, at any path. Its streams end with the scope, or a server that waits
 * for its answers would never close.
 *
 * @example
 * ```ts
 * import { Inspector } from "@connection-pool/inspector"
 * import { HttpRouter } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * const inspector = HttpRouter.Default.use((router) =>
 *   Effect.flatMap(Inspector.make({ allowedHosts: ["ops.example.com"] }), (app) => router.mountApp("/pool", app))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: InspectorOptions = {}
): Effect.Effect<HttpApp.Default, never, ConnectionPool.ConnectionPool | Scope.Scope> =>
  Effect.gen(function*() {
    const pool = yield* ConnectionPool.ConnectionPool
    const closing = yield* Effect.acquireRelease(Deferred.make<void>(), (it) => Deferred.succeed(it, undefined))
    const live = new Live(pool, yield* Clock.currentTimeMillis, yield* Effect.runtime())
    return guarded(
      routes({ pool, live, closing: Deferred.await(closing), metrics: options }),
      options.allowedHosts ?? []
    )
  })

/**
 * Serves the inspector on the `HttpServer` that you provide, alone. On Node.js, `NodeInspector.layer` brings the server.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: InspectorOptions = {}
): Layer.Layer<never, never, ConnectionPool.ConnectionPool | HttpServer.HttpServer> =>
  Layer.scopedDiscard(Effect.flatMap(make(options), HttpServer.serveEffect()))
