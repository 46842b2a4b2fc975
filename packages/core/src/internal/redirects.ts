/**
 * Follows redirects (RFC 9110, 15.4), and takes credentials and bodies only where they were meant to go.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { InvalidOptions } from "../PoolError.js"
import { isNamed } from "./headerNames.js"
import * as Kind from "./optionKind.js"
import { printUrl, printValue } from "./printValue.js"
import { CurrentRequestOptions, ResendCount } from "./requestOptions.js"
import { scopedRequests } from "./scopedRequests.js"

type Request = HttpClientRequest.HttpClientRequest

// ---------------------------------------------------------------------------------------------------------------------
// Options

/** How far a request may be led, and what may be sent again on the way. */
export interface RedirectOptions {
  /** The most redirects of one request; one more fails with `TooMany`. With 0 every redirect fails. Default 10. */
  readonly maxRedirects?: number | undefined
  /**
   * Where a redirect keeps the body (307 and 308 always, 301 and 302 unless the method is POST), run a streamed body, or use a
   * raw one of unknown kind, a second time. Right only if it then gives the same bytes; otherwise the server gets half of it
   * or none. Default false: such a redirect fails with `BodyNotRepeatable`.
   */
  readonly repeatStreams?: boolean | undefined
}

interface Settings {
  readonly maxRedirects: number
  readonly repeatStreams: boolean
}

const redirectCount = Kind.count({ min: 0 })

const settingsOf = (options: RedirectOptions): Settings => {
  const maxRedirects = redirectCount.decode(options.maxRedirects ?? 10)
  if (maxRedirects === undefined) {
    throw new InvalidOptions({
      option: "maxRedirects",
      value: printValue(options.maxRedirects),
      allowed: redirectCount.allowed
    })
  }
  return { maxRedirects, repeatStreams: options.repeatStreams === true }
}

// ---------------------------------------------------------------------------------------------------------------------
// Failures

/**
 * Why a redirect was not followed. `TooMany`: more than `maxRedirects`. `Loop`: the next request would be the same as an
 * earlier one. `InvalidLocation`: it leads to no http or https URL. `BodyNotRepeatable`: the body would have to be sent again,
 * and may be used up.
 */
export type RedirectFailedReason = "TooMany" | "Loop" | "InvalidLocation" | "BodyNotRepeatable"

const advice: Readonly<Record<RedirectFailedReason, string>> = {
  TooMany: "this is more than maxRedirects: raise it, or ask for the final URL",
  Loop: "the same request was sent before: ask for another URL, or send what the server waits for, such as a cookie",
  InvalidLocation: "this is no http or https URL: correct the server's answer, or read it without followRedirects",
  BodyNotRepeatable: "the body may be used up: send it as bytes, or set repeatStreams if it gives the same bytes twice"
}

/**
 * A redirect that was not followed. It is the `cause` of a `ResponseError`, which has the request and the answer.
 */
export class RedirectFailed extends Data.TaggedError("RedirectFailed")<{
  readonly reason: RedirectFailedReason
  /** Of the answer. */
  readonly status: number
  /** Where it leads, without credentials, query and fragment. */
  readonly location: string
  /** How many redirects were followed before. */
  readonly redirects: number
}> {
  override get message(): string {
    return `redirect ${this.redirects + 1} (${this.status}) leads to ${this.location}; ${advice[this.reason]}`
  }
}

const printLocation = (location: URL | string): string =>
  typeof location === "string" ? printUrl(location) : `${location.origin}${location.pathname}`

/** Printed, a request and an answer show their URLs and headers, and an answer reads its body: they are here to be asked only. */
class RedirectError extends HttpClientError.ResponseError {
  constructor(request: Request, response: HttpClientResponse, cause: RedirectFailed) {
    super({ request, response, reason: "StatusCode", description: cause.message, cause })
    Object.defineProperties(this, { request: { enumerable: false }, response: { enumerable: false } })
  }
  override get methodAndUrl(): string {
    return `${this.request.method} ${printLocation(urlOf(this.request) ?? this.request.url)}`
  }
  override toJSON(): unknown {
    return { ...this, message: this.message, cause: this.cause }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Where to

/** What is requested; a fragment is never sent. */
const urlOf = (request: Request): URL | undefined =>
  Either.getOrUndefined(Either.map(UrlParams.makeUrl(request.url, request.urlParams, Option.none()), (url) => {
    url.hash = ""
    return url
  }))

const locationOf = (response: HttpClientResponse): string | undefined => {
  switch (response.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return response.headers["location"]
    default:
      return undefined
  }
}

const resolve = (location: string, from: URL | undefined): URL | undefined => {
  let url: URL
  try {
    url = new URL(location, from)
  } catch {
    return undefined
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined
  url.hash = ""
  // A relative location has inherited the URL's own credentials; an absolute one to the same origin is no different.
  if (url.origin === from?.origin && url.username === "" && url.password === "") {
    url.username = from.username
    url.password = from.password
  }
  return url
}

// ---------------------------------------------------------------------------------------------------------------------
// What is sent there

const bodyHeaders = ["content-type", "content-length", "content-encoding", "content-language", "content-location"]

/** What is for one origin only, besides what the fiber redacts. */
const originHeaders = ["authorization", "proxy-authorization", "cookie", "host"]

const isRepeatable = (body: HttpBody.HttpBody): boolean => {
  switch (body._tag) {
    case "Stream":
      return false
    case "Raw":
      return typeof body.body === "string" ||
        [Uint8Array, ArrayBuffer, Blob, URLSearchParams].some((kind) => body.body instanceof kind)
    default:
      return true
  }
}

const dropsBody = (status: number, method: string): boolean =>
  status === 303 || (method === "POST" && (status === 301 || status === 302))

/** Made from nothing, since a request cannot be told to forget its `urlParams` or a header. */
const requestTo = (
  url: URL,
  previous: Request,
  body: HttpBody.HttpBody | undefined,
  dropped: ReadonlyArray<string | RegExp>
): Request =>
  HttpClientRequest.make(body === undefined && previous.method !== "HEAD" ? "GET" : previous.method)(url.href).pipe(
    // The body sets headers, too; the request's own win.
    HttpClientRequest.setBody(body ?? HttpBody.empty),
    HttpClientRequest.setHeaders(Object.entries(previous.headers).filter(([name]) => !isNamed(name, dropped)))
  )

/** Two requests with the same one are the same, but for a body that a redirect cannot have changed. */
const fingerprint = (request: Request): string =>
  JSON.stringify([request.method, urlOf(request)?.href, Object.entries(request.headers).sort()])

/** A certificate, a server name and the trust in a server are for one origin. */
const contextOf = <R>(context: Context.Context<R>, crossed: boolean): Context.Context<R> => {
  const counted = Context.add(context, ResendCount, Context.get(context, ResendCount) + 1)
  const { tls, ...others } = Context.get(context, CurrentRequestOptions)
  return crossed && tls !== undefined ? Context.add(counted, CurrentRequestOptions, others) : counted
}

// ---------------------------------------------------------------------------------------------------------------------

type Answer<E, R> = Effect.Effect<HttpClientResponse, E | HttpClientError.ResponseError, R>

const follow =
  <E, R>(send: HttpClient.HttpClient.Postprocess<E, R>, settings: Settings) => (first: Request): Answer<E, R> => {
    /** The fingerprints of what was redirected. */
    const sent = new Set<string>()

    const hop = (request: Request, redirects: number): Answer<E, R> =>
      Effect.flatMap(send(Effect.succeed(request)), (response) => {
        const location = locationOf(response)
        return location === undefined ? Effect.succeed(response) : redirect(request, redirects, response, location)
      })

    const redirect = (
      request: Request,
      redirects: number,
      response: HttpClientResponse,
      location: string
    ): Answer<E, R> =>
      Effect.flatMap(FiberRef.get(Headers.currentRedactedNames), (secretHeaders) => {
        const { status } = response
        const from = urlOf(request)
        const to = resolve(location, from)
        const fail = (reason: RedirectFailedReason) => {
          const cause = new RedirectFailed({ reason, status, location: printLocation(to ?? location), redirects })
          return Effect.fail(new RedirectError(request, response, cause))
        }

        if (to === undefined) return fail("InvalidLocation")
        if (redirects === settings.maxRedirects) return fail("TooMany")

        const body = dropsBody(status, request.method) ? undefined : request.body
        if (body !== undefined && !settings.repeatStreams && !isRepeatable(body)) return fail("BodyNotRepeatable")

        const crossed = to.origin !== from?.origin
        const next = requestTo(to, request, body, [
          ...(body === undefined ? bodyHeaders : []),
          ...(crossed ? [...originHeaders, ...secretHeaders] : [])
        ])
        if (sent.add(fingerprint(request)).has(fingerprint(next))) return fail("Loop")

        const controller = scopedRequests.get(request)
        if (controller !== undefined) scopedRequests.set(next, controller)
        // Around all that follows: what is dropped stays dropped, and the count goes on.
        return Effect.mapInputContext(
          hop(next, redirects + 1),
          (context: Context.Context<R>) => contextOf(context, crossed)
        )
      })

    return hop(first, 0)
  }

/** The two halves of a client, which are not in its type: what makes the request, and what sends it. */
const halvesOf = <E, R>(client: HttpClient.HttpClient.With<E, R>) =>
  client as typeof client & {
    readonly preprocess: HttpClient.HttpClient.Preprocess<E, R>
    readonly postprocess: HttpClient.HttpClient.Postprocess<E, R>
  }

/**
 * A client that follows 301, 302, 303, 307 and 308. Every other answer, and one without `location`, is returned.
 *
 * - What is done to a request before it is sent (`mapRequest`, a bearer token) is done once, to the first one.
 * - POST becomes GET at 301, 302 and 303, other methods but HEAD at 303. Else method and body are repeated.
 * - At another origin (scheme, host or port), `authorization`, `proxy-authorization`, `cookie`, `host`, every header that
 *   `Headers.currentRedactedNames` names, the URL's credentials and the option `tls` are dropped for the rest of the way.
 * - A cookie that a redirect sets is not sent on the way: a request's cookies are its maker's.
 * - What cannot be followed fails with a `ResponseError` whose `cause` is a `RedirectFailed`.
 */
export const followRedirects: {
  (
    options?: RedirectOptions
  ): <E, R>(
    self: HttpClient.HttpClient.With<E, R>
  ) => HttpClient.HttpClient.With<E | HttpClientError.ResponseError, R>
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    options?: RedirectOptions
  ): HttpClient.HttpClient.With<E | HttpClientError.ResponseError, R>
} = dual(
  (args) => Predicate.hasProperty(args[0], HttpClient.TypeId),
  <E, R>(self: HttpClient.HttpClient.With<E, R>, options: RedirectOptions = {}) => {
    const { postprocess, preprocess } = halvesOf(self)
    return HttpClient.makeWith(Effect.flatMap(follow(postprocess, settingsOf(options))), preprocess)
  }
)
