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
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type { Service } from "../ConnectionPool.js"
import type { PoolRequest } from "../PoolRequest.js"
import type { Exchange } from "../PoolResponse.js"
import type { ClientBody } from "./clientBody.js"
import { clientBody, UnknownBody } from "./clientBody.js"
import { requestError, shownRequest, unsendable } from "./clientErrors.js"
import { ClientResponse } from "./clientResponse.js"
import { HeaderLines } from "./headerLines.js"
import type { Restore } from "./primitives.js"
import { uninterruptibleMask } from "./primitives.js"
import type { RequestOptions } from "./requestOptions.js"
import { CurrentRequestOptions } from "./requestOptions.js"
import type { RequestSite } from "./requestSite.js"
import { siteOf } from "./requestSite.js"
import type { Propagation, RequestTrace } from "./requestSpan.js"
import { isTraced, RequestSpan } from "./requestSpan.js"
import { scopedRequests } from "./scopedRequests.js"
import { isRecorded } from "./startSpan.js"
import { UnrecordedSpan } from "./unrecordedSpan.js"

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

const isStreamed = ({ body }: ClientBody): boolean => typeof body === "object" && !(body instanceof Uint8Array)

/** The body knows its type and length, and the span its propagation; the request's own type and length win. */
const headersOf = (
  request: HttpClientRequest,
  body: ClientBody,
  propagation: Propagation | undefined
): HeaderLines => {
  const lines = new HeaderLines()
  const { headers } = request
  for (const name in headers) {
    if (propagation === undefined || !Object.hasOwn(propagation, name)) lines.add(name, headers[name]!)
  }
  for (const name in propagation) lines.add(name, propagation[name]!)
  const { contentLength, contentType } = body
  if (contentType !== undefined && headers["content-type"] === undefined) lines.add("content-type", contentType)
  // The length of bytes and text is the pool's to say.
  if (isStreamed(body) && contentLength !== undefined && headers["content-length"] === undefined) {
    lines.add("content-length", String(contentLength))
  }
  return lines
}

/** As the pool is asked. */
class ClientPoolRequest implements PoolRequest {
  readonly url: string
  readonly method: string
  readonly headers: HeaderLines
  readonly body: PoolRequest["body"]
  readonly timeout: PoolRequest["timeout"]
  readonly acquireTimeout: PoolRequest["acquireTimeout"]
  readonly headersTimeout: PoolRequest["headersTimeout"]
  readonly bodyTimeout: PoolRequest["bodyTimeout"]
  readonly maxResponseSize: PoolRequest["maxResponseSize"]
  readonly idempotent: PoolRequest["idempotent"]
  readonly tls: PoolRequest["tls"]
  readonly observer: PoolRequest["observer"]
  readonly restore: Restore

  constructor(
    { body, request, site }: Prepared,
    options: RequestOptions,
    span: RequestTrace | undefined,
    restore: Restore
  ) {
    this.url = site.url
    this.method = request.method
    this.headers = headersOf(request, body, span?.propagation)
    this.body = body.body
    this.timeout = options.timeout
    this.acquireTimeout = options.acquireTimeout
    this.headersTimeout = options.headersTimeout
    this.bodyTimeout = options.bodyTimeout
    this.maxResponseSize = options.maxResponseSize
    this.idempotent = options.idempotent
    this.tls = options.tls
    this.observer = span
    this.restore = restore
  }
}

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** A streamed body runs under the span of its request, which must be a whole one then. */
const traceOf = ({ body, request, site }: Prepared, fiber: AnyFiber, pool: string): RequestTrace | undefined => {
  if (!isTraced(fiber, request)) return undefined
  return isRecorded(fiber) || isStreamed(body)
    ? new RequestSpan(fiber, request, site, pool)
    : new UnrecordedSpan(fiber)
}

/** Sends it. Whatever interrupts it, and whenever, ends the exchange and the span. */
const send = (pool: Service, prepared: Prepared): Answer =>
  uninterruptibleMask((restore, interruptible) => {
    const fiber = Option.getOrThrow(Fiber.getCurrentFiber())
    return exchangeOf(pool, prepared, fiber, traceOf(prepared, fiber, pool.name), restore, interruptible)
  })

const exchangeOf = (
  pool: Service,
  prepared: Prepared,
  fiber: AnyFiber,
  span: RequestTrace | undefined,
  restore: Restore,
  interruptible: boolean
): Answer => {
  const { request, site } = prepared
  const secretNames = fiber.getFiberRef(Headers.currentRedactedNames)
  const shown = shownRequest(request, site.hasSecrets, secretNames)
  const options = Context.get(fiber.currentContext, CurrentRequestOptions)
  const open = pool.open(new ClientPoolRequest(prepared, options, span, restore))
  const traced = span instanceof RequestSpan && isStreamed(prepared.body)
  return Effect.matchCauseEffect(traced ? Effect.withParentSpan(open, span.span) : open, {
    onFailure: (cause) => {
      span?.failed(cause)
      return Effect.failCause(Cause.map(cause, (error) => requestError(shown, error)))
    },
    onSuccess: (opened) => {
      const response = new ClientResponse(shown, opened, secretNames)
      const scoped = scopedRequests.get(request)
      // Interrupted when the answer was there already: the caller will not get it.
      if (interruptible && !Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause))) opened.abort()
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

/** A request that nothing was mapped over is there already. */
const readyOf = (request: Effect.Effect<HttpClientRequest>): HttpClientRequest | undefined => {
  if (!Exit.isExit(request)) return undefined
  const exit = request as Exit.Exit<HttpClientRequest>
  return Exit.isSuccess(exit) ? exit.value : undefined
}

export const make = (pool: Service): HttpClient.HttpClient =>
  HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest>) => {
      const ready = readyOf(request)
      return ready === undefined ? Effect.flatMap(request, (ready) => prepare(pool, ready)) : prepare(pool, ready)
    },
    Effect.succeed
  )
