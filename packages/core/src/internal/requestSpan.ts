/**
 * The spans of one request, one for each time it is sent, as the HTTP conventions of OpenTelemetry have it (stable, 1.23 and later).
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as TraceContext from "@effect/platform/HttpTraceContext"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { ConnectionLost, PoolError } from "../PoolError.js"
import type { RequestObserver, RequestPhaseEvent } from "../PoolRequest.js"
import { isSecretHeader } from "./clientErrors.js"
import { peerOf } from "./peers.js"
import { Remembered } from "./remembered.js"
import { knownMethods } from "./requestMethods.js"
import { ResendCount } from "./requestOptions.js"
import type { RequestSite } from "./requestSite.js"
import { startInternalSpan, startSpan } from "./startSpan.js"

const requestHeaders = new Remembered((name) => `http.request.header.${name}`)
const responseHeaders = new Remembered((name) => `http.response.header.${name}`)

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** The conventions' name is the method alone; who wants another says so. */
const nameOf = (fiber: AnyFiber, request: HttpClientRequest): string => {
  const context = fiber.currentContext
  if (context.unsafeMap.has(HttpClient.SpanNameGenerator.key)) {
    return Context.get(context, HttpClient.SpanNameGenerator)(request)
  }
  return knownMethods.has(request.method) ? request.method : "HTTP"
}

/** Whether the fiber wants this request traced. */
export const isTraced = (fiber: AnyFiber, request: HttpClientRequest): boolean =>
  fiber.getFiberRef(FiberRef.currentTracerEnabled) &&
  !fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

/** Headers that tell the server of a span. */
export type Propagation = Readonly<Record<string, string>>

/** What a traced request tells of itself. */
export interface RequestTrace extends RequestObserver {
  readonly propagation: Propagation | undefined
  answered(response: HttpClientResponse, peer: string | undefined): void
  failed(cause: Cause.Cause<PoolError>): void
}

const describeError = (span: Tracer.Span, exit: Exit.Exit<void, PoolError>): void => {
  const error = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
  if (Option.isSome(error)) span.attribute("error.type", error.value._tag)
}

/** One span after the other, where the pool sends the request again. */
export class RequestSpan implements RequestTrace {
  span: Tracer.Span
  /** Until the end: it holds its last value, the answer, which must be collected when nobody else does. */
  private fiber: AnyFiber | undefined
  private readonly clock: Clock.Clock
  private readonly timed: boolean
  private readonly secretHeaders: ReadonlyArray<string | RegExp>
  private readonly request: HttpClientRequest
  private readonly site: RequestSite
  private readonly pool: string
  private resent: number
  /** While it waits for a connection. */
  private wait: Tracer.Span | undefined = undefined

  constructor(fiber: AnyFiber, request: HttpClientRequest, site: RequestSite, pool: string) {
    this.fiber = fiber
    this.span = startSpan(fiber, nameOf(fiber, request))
    this.clock = Context.get(fiber.getFiberRef(DefaultServices.currentServices), Clock.Clock)
    this.timed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
    this.secretHeaders = fiber.getFiberRef(Headers.currentRedactedNames)
    this.resent = Context.get(fiber.currentContext, ResendCount)
    this.request = request
    this.site = site
    this.pool = pool
  }

  /** At the end: what a request in flight holds is carried along by each garbage collection. */
  private describe(): void {
    const { request, resent, site, span } = this
    if (knownMethods.has(request.method)) {
      span.attribute("http.request.method", request.method)
    } else {
      span.attribute("http.request.method", "_OTHER")
      span.attribute("http.request.method_original", request.method)
    }
    span.attribute("server.address", site.address)
    span.attribute("server.port", site.port)
    span.attribute("url.full", site.full)
    span.attribute("url.scheme", site.scheme)
    span.attribute("http.client.connection.pool.name", this.pool)
    if (resent > 0) span.attribute("http.request.resend_count", resent)
    this.headers(requestHeaders, request.headers)
  }

  get propagation(): Propagation | undefined {
    const { fiber } = this
    if (fiber === undefined || !fiber.getFiberRef(HttpClient.currentTracerPropagation)) return undefined
    return TraceContext.toHeaders(this.span)
  }

  onPhase(event: RequestPhaseEvent, ago: number): void {
    const { now } = this
    if (event === "queued") this.startWait()
    else if (event !== "connecting") this.endWait(Exit.void)
    this.span.event(event, ago === 0 || !this.timed ? now : now - BigInt(Math.round(ago * 1e6)))
  }

  onConnectionSpan(setup: Tracer.SpanLink): void {
    this.span.addLinks([setup])
  }

  private startWait(): void {
    const { fiber, site } = this
    if (fiber === undefined) return
    const name = `HTTP wait_for_connection ${site.address}:${site.port}`
    this.wait = startInternalSpan(fiber, name, Option.some(this.span))
  }

  /** A request that did not wait has none. */
  private endWait(exit: Exit.Exit<void, PoolError>): void {
    const { site, wait } = this
    if (wait === undefined) return
    this.wait = undefined
    wait.attribute("server.address", site.address)
    wait.attribute("server.port", site.port)
    wait.attribute("http.client.connection.pool.name", this.pool)
    describeError(wait, exit)
    wait.end(this.now, exit)
  }

  onRepeat(lost: ConnectionLost): Propagation | undefined {
    const { fiber } = this
    if (fiber === undefined) return undefined
    this.fail(Cause.fail(lost))
    this.resent++
    this.span = startSpan(fiber, nameOf(fiber, this.request))
    return this.propagation
  }

  answered(response: HttpClientResponse, peer: string | undefined): void {
    const { span } = this
    this.describe()
    span.attribute("http.response.status_code", response.status)
    span.attribute("network.protocol.version", "1.1")
    if (peer !== undefined) {
      const { address, port } = peerOf(peer)
      span.attribute("network.peer.address", address)
      span.attribute("network.peer.port", port)
    }
    if (response.status >= 400) span.attribute("error.type", String(response.status))
    this.headers(responseHeaders, response.headers)
    this.fiber = undefined
    // Without the answer, which a tracer that keeps its spans would keep too.
    this.end(Exit.void)
  }

  failed(cause: Cause.Cause<PoolError>): void {
    this.fiber = undefined
    this.fail(cause)
  }

  private fail(cause: Cause.Cause<PoolError>): void {
    const exit = Exit.failCause(cause)
    this.endWait(exit)
    this.describe()
    describeError(this.span, exit)
    this.end(exit)
  }

  private end(exit: Exit.Exit<void, unknown>): void {
    this.span.end(this.now, exit)
  }

  private headers(names: Remembered<string>, headers: Headers.Headers): void {
    for (const name in headers) {
      this.span.attribute(names.of(name), isSecretHeader(name, this.secretHeaders) ? "<redacted>" : headers[name])
    }
  }

  private get now(): bigint {
    return this.timed ? this.clock.unsafeCurrentTimeNanos() : 0n
  }
}
