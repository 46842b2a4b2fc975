/**
 * The platform's `HttpClient` over a pool: programs that use it change one line.
 *
 * Differences to the platform's clients are the pool's limits and timeouts, and that what went wrong in the pool is the `cause` of
 * the `RequestError` or `ResponseError`, as a `PoolError`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError, ResponseError } from "@effect/platform/HttpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type { Service } from "./ConnectionPool.js"
import { ConnectionPool } from "./ConnectionPool.js"
import * as internal from "./internal/pooledClient.js"
import * as redirects from "./internal/redirects.js"
import * as options from "./internal/requestOptions.js"
import * as PoolError from "./PoolError.js"

/**
 * What of a request an `HttpClientRequest` has no place for: timeouts, the size of the answer, whether it may be repeated, and
 * the TLS identity. Each field means what it means in `PoolRequest`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions extends options.RequestOptions {}

/**
 * The options of the requests that a fiber makes; see `withOptions`. Default: none.
 *
 * @since 0.1.0
 * @category options
 */
export const CurrentRequestOptions: Context.Reference<options.CurrentRequestOptions, RequestOptions> =
  options.CurrentRequestOptions

/**
 * Gives the requests of an effect options of their own; they are added to those that hold around it.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { PooledHttpClient } from "@connection-pool/core"
 *
 * const health = HttpClient.get("http://127.0.0.1:8080/health").pipe(
 *   PooledHttpClient.withOptions({ timeout: "1 second", maxResponseSize: 1024 })
 * )
 * ```
 *
 * @since 0.1.0
 * @category options
 */
export const withOptions: {
  (requestOptions: RequestOptions): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, requestOptions: RequestOptions): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, requestOptions: RequestOptions): Effect.Effect<A, E, R> =>
    Effect.mapInputContext(self, (context: Context.Context<R>) =>
      Context.add(context, options.CurrentRequestOptions, {
        ...Context.get(context, options.CurrentRequestOptions),
        ...requestOptions
      }))
)

/**
 * Whether the request of this error may be sent again: `PoolError.isSafeToRepeat` for the errors of the client, with the method of
 * their request and the fiber's `idempotent`. For `HttpClient.retry`; `retryTransient` repeats a POST that may have been executed.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { PooledHttpClient } from "@connection-pool/core"
 *
 * const careful = (client: HttpClient.HttpClient) =>
 *   HttpClient.retry(client, { times: 2, while: PooledHttpClient.isSafeToRepeat })
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export const isSafeToRepeat = (error: HttpClientError): Effect.Effect<boolean> =>
  Effect.map(
    options.CurrentRequestOptions,
    ({ idempotent }) =>
      PoolError.isPoolError(error.cause) &&
      PoolError.isSafeToRepeat(error.cause, { method: error.request.method, idempotent })
  )

/**
 * How far a request may be led by redirects, and what may be sent again on the way.
 *
 * @since 0.1.0
 * @category redirects
 */
export interface RedirectOptions extends redirects.RedirectOptions {}

/**
 * A redirect that was not followed: the `cause` of the `ResponseError` that `followRedirects` fails with.
 *
 * - `TooMany`: more than `maxRedirects`
 * - `Loop`: the next request would be the same as an earlier one
 * - `InvalidLocation`: it leads to no http or https URL
 * - `BodyNotRepeatable`: the body would have to be sent again, and may be used up
 *
 * @since 0.1.0
 * @category redirects
 */
export const RedirectFailed = redirects.RedirectFailed

/**
 * A redirect that was not followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export type RedirectFailed = redirects.RedirectFailed

/**
 * A client that follows 301, 302, 303, 307 and 308 (RFC 9110, 15.4), and takes credentials and bodies only where they were meant to
 * go. Every other answer, and one without `location`, is returned.
 *
 * - What is done to a request before it is sent (`mapRequest`, a bearer token) is done once, to the first one.
 * - POST becomes GET at 301, 302 and 303, other methods but HEAD at 303. Otherwise method and body are repeated.
 * - At another origin (scheme, host or port), `authorization`, `proxy-authorization`, `cookie`, `host`, every header that
 *   `Headers.currentRedactedNames` names, the URL's credentials and the option `tls` are dropped for the rest of the way.
 * - A cookie that a redirect sets is not sent on the way.
 * - Options are given around the call: those that a client gives itself (`transformResponse`) hold for every hop, `tls` too.
 * - What cannot be followed fails with a `ResponseError` whose `cause` is a `RedirectFailed`.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { PooledHttpClient } from "@connection-pool/core"
 * import { Effect } from "effect"
 *
 * const page = Effect.gen(function*() {
 *   const client = (yield* HttpClient.HttpClient).pipe(PooledHttpClient.followRedirects({ maxRedirects: 3 }))
 *   const response = yield* client.get("http://127.0.0.1:8080/")
 *   return yield* response.text
 * })
 * ```
 *
 * @since 0.1.0
 * @category redirects
 */
export const followRedirects: {
  (
    redirectOptions?: RedirectOptions
  ): <E, R>(self: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E | ResponseError, R>
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    redirectOptions?: RedirectOptions
  ): HttpClient.HttpClient.With<E | ResponseError, R>
} = redirects.followRedirects

/**
 * An `HttpClient` over a pool that you have.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromPool: (pool: Service) => HttpClient.HttpClient = internal.make

/**
 * An `HttpClient` over the pool of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpClient.HttpClient, never, ConnectionPool> = Effect.map(ConnectionPool, fromPool)

/**
 * An `HttpClient` over the pool of the context.
 *
 * @example
 * ```ts
 * import { ConnectionPool, PooledHttpClient, TestConnector } from "@connection-pool/core"
 * import { Layer } from "effect"
 *
 * const TestClient = PooledHttpClient.layer.pipe(
 *   Layer.provide(ConnectionPool.layer()),
 *   Layer.provide(TestConnector.layer({ respond: () => ({ status: 200, body: "pong" }) }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient.HttpClient, never, ConnectionPool> = Layer.effect(
  HttpClient.HttpClient,
  make
)
