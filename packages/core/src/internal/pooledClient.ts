/**
 * The platform's `HttpClient` over a pool.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Stream from "effect/Stream"
import type { Service } from "../ConnectionPool.js"
import type { PoolRequest } from "../PoolRequest.js"
import type { Exchange } from "../PoolResponse.js"
import type { ClientBody } from "./clientBody.js"
import { clientBody, UnknownBody } from "./clientBody.js"
import { requestError, shownRequest, unsendable } from "./clientErrors.js"
import { ClientResponse } from "./clientResponse.js"
import type { Restore } from "./primitives.js"
import { uninterruptibleMask } from "./primitives.js"
import { CurrentRequestOptions } from "./requestOptions.js"
import type { RequestSite } from "./requestSite.js"
import { siteOf } from "./requestSite.js"
import { isTraced, RequestSpan } from "./requestSpan.js"
import { scopedRequests } from "./scopedRequests.js"

type Answer = Effect.Effect<ClientResponse, HttpClientError>

/** A request that only has to be sent. */
class Prepared {
  readonly request: HttpClientRequest
  readonly site: RequestSite
  readonly body: ClientBody

  constructor(request: HttpClientRequest, site: RequestSite, body: ClientBody) {
    this.request = request
    this.site = site
    this.body = body
  }
}

/** The body knows its type and length, and the span its propagation; the request's own type and length win. */
const headersOf = (
  request: HttpClientRequest,
  { body, contentLength, contentType }: ClientBody,
  propagation: Headers.Headers | undefined
): Headers.Headers => {
  const headers: Record<string, string> = Object.assign(
    Object.create(Object.getPrototypeOf(request.headers)),
    request.headers
  )
  if (contentType !== undefined) headers["content-type"] ??= contentType
  // The length of bytes and text is the pool's to say.
  const streamed = typeof body === "object" && !(body instanceof Uint8Array)
  if (streamed && contentLength !== undefined) headers["content-length"] ??= String(contentLength)
  if (propagation !== undefined) Object.assign(headers, propagation)
  return headers as Headers.Headers
}

const poolRequest = (
  { body, request, site }: Prepared,
  fiber: AnyFiber,
  span: RequestSpan | undefined,
  restore: Restore
): PoolRequest => ({
  ...Context.get(fiber.currentContext, CurrentRequestOptions),
  url: site.url,
  method: request.method,
  headers: headersOf(request, body, span?.propagation),
  body: body.body,
  observer: span,
  restore
})

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** Sends it. Whatever interrupts it, and whenever, ends the exchange and the span. */
const send = (pool: Service, prepared: Prepared): Answer =>
  Effect.withFiberRuntime((fiber, { runtimeFlags }) => {
    const interruptible = RuntimeFlags.interruptible(runtimeFlags)
    const interrupted = () => interruptible && !Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause))
    return uninterruptibleMask((restore) => {
      const span = isTraced(fiber, prepared.request)
        ? new RequestSpan(fiber, prepared.request, prepared.site, pool.name)
        : undefined
      return exchangeOf(pool, prepared, fiber, span, restore, interrupted)
    })
  })

const exchangeOf = (
  pool: Service,
  prepared: Prepared,
  fiber: AnyFiber,
  span: RequestSpan | undefined,
  restore: Restore,
  interrupted: () => boolean
): Answer => {
  const { request, site } = prepared
  const secretNames = fiber.getFiberRef(Headers.currentRedactedNames)
  const shown = shownRequest(request, site.hasSecrets, secretNames)
  const open = pool.open(poolRequest(prepared, fiber, span, restore))
  // A streamed body runs under the span of its request.
  const streamed = span !== undefined && Stream.StreamTypeId in Object(prepared.body.body)
  return Effect.matchCauseEffect(streamed ? Effect.withParentSpan(open, span.span) : open, {
    onFailure: (cause) => {
      span?.failed(cause)
      return Effect.failCause(Cause.map(cause, (error) => requestError(shown, error)))
    },
    onSuccess: (opened) => {
      const response = new ClientResponse(shown, opened, secretNames)
      const scoped = scopedRequests.get(request)
      // Interrupted when the answer was there already: the caller will not get it.
      if (interrupted()) opened.abort()
      else if (scoped === undefined) response.watch()
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
  if (Either.isLeft(site)) return unsendable(request, true, "url", site.left)
  const body = clientBody(request.body)
  if (body instanceof UnknownBody) return unsendable(request, site.right.hasSecrets, "body", body.description)
  return send(pool, new Prepared(request, site.right, body))
}

export const make = (pool: Service): HttpClient.HttpClient =>
  HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest>) => Effect.flatMap(request, (ready) => prepare(pool, ready)),
    Effect.succeed
  )
