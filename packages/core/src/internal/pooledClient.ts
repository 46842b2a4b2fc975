/**
 * The platform's `HttpClient` over a pool.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as TraceContext from "@effect/platform/HttpTraceContext"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Service } from "../ConnectionPool.js"
import type { PoolRequest } from "../PoolRequest.js"
import type { Exchange } from "../PoolResponse.js"
import type { ClientBody } from "./clientBody.js"
import { clientBody, UnknownBody } from "./clientBody.js"
import { invalidUrl, requestError, shownRequest } from "./clientErrors.js"
import { ClientResponse } from "./clientResponse.js"
import { CurrentRequestOptions } from "./requestOptions.js"
import type { RequestSite } from "./requestSite.js"
import { siteOf } from "./requestSite.js"
import type { RequestSpan } from "./requestSpan.js"
import { isTraced, openSpan } from "./requestSpan.js"
import { scopedRequests } from "./scopedRequests.js"

type Answer = Effect.Effect<ClientResponse, HttpClientError.HttpClientError>

/** A request that only has to be sent. */
interface Prepared {
  readonly request: HttpClientRequest
  readonly site: RequestSite
  readonly body: ClientBody
}

/** The body knows its type and length; the request's own headers win. */
const headersOf = (request: HttpClientRequest, { body, contentLength, contentType }: ClientBody): Headers.Headers => {
  let { headers } = request
  if (contentType !== undefined && !("content-type" in headers)) {
    headers = Headers.set(headers, "content-type", contentType)
  }
  // The length of bytes and text is the pool's to say.
  if (contentLength !== undefined && typeof body === "object" && !(body instanceof Uint8Array)) {
    if (!("content-length" in headers)) headers = Headers.set(headers, "content-length", String(contentLength))
  }
  return headers
}

const poolRequest = (
  { body, request, site }: Prepared,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  span: RequestSpan | undefined
): PoolRequest => {
  const headers = headersOf(request, body)
  const propagated = span !== undefined && fiber.getFiberRef(HttpClient.currentTracerPropagation)
  return {
    ...Context.get(fiber.currentContext, CurrentRequestOptions),
    url: site.url,
    method: request.method,
    headers: propagated ? Headers.merge(headers, TraceContext.toHeaders(span.span)) : headers,
    body: body.body,
    onPhase: span?.onPhase
  }
}

/** Sends it. Whatever interrupts it, and whenever, ends the exchange and the span. */
const send = (pool: Service, prepared: Prepared): Answer =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime((fiber) =>
      isTraced(fiber, prepared.request)
        ? Effect.flatMap(
          openSpan(fiber, prepared.request, prepared.site),
          (span) => exchangeOf(pool, prepared, fiber, span, restore)
        )
        : exchangeOf(pool, prepared, fiber, undefined, restore)
    )
  )

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const exchangeOf = (
  pool: Service,
  prepared: Prepared,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  span: RequestSpan | undefined,
  restore: Restore
): Answer => {
  const { request, site } = prepared
  const shown = shownRequest(request, site.hasSecrets)
  let exchange: Exchange | undefined
  const open = pool.open(poolRequest(prepared, fiber, span), (opened) => {
    exchange = opened
  })
  // A streamed body runs under the span of its request.
  const streamed = span !== undefined && Stream.StreamTypeId in Object(prepared.body.body)
  return Effect.matchCauseEffect(restore(streamed ? Effect.withParentSpan(open, span.span) : open), {
    onFailure: (cause) => {
      exchange?.abort()
      span?.failed(cause)
      return Effect.failCause(Cause.map(cause, (error) => requestError(shown, error)))
    },
    onSuccess: (opened) => {
      const response = new ClientResponse(shown, opened)
      const scoped = scopedRequests.get(request)
      if (scoped === undefined) response.watch()
      else endWith(scoped.signal, opened)
      span?.answered(response, opened.remoteAddress)
      return Effect.succeed(response)
    }
  })
}

/** `HttpClient.withScope` aborts when its scope closes. */
const endWith = (signal: AbortSignal, exchange: Exchange): void => {
  if (signal.aborted) exchange.abort()
  else signal.addEventListener("abort", () => exchange.abort(), { once: true })
}

const prepare = (pool: Service, request: HttpClientRequest): Answer => {
  const site = siteOf(request)
  if (Either.isLeft(site)) return Effect.fail(invalidUrl(request))
  const body = clientBody(request.body)
  if (body instanceof UnknownBody) {
    return Effect.fail(
      new HttpClientError.RequestError({
        request: shownRequest(request, site.right.hasSecrets),
        reason: "Encode",
        description: body.description
      })
    )
  }
  const ready = (body: ClientBody): Answer => send(pool, { request, site: site.right, body })
  return Effect.isEffect(body) ? Effect.flatMap(body, ready) : ready(body)
}

export const make = (pool: Service): HttpClient.HttpClient =>
  HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest>) => Effect.flatMap(request, (ready) => prepare(pool, ready)),
    Effect.succeed
  )
