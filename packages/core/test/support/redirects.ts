/** A server that redirects, and what came to it. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import { assertTrue, strictEqual } from "@effect/vitest/utils"
import { Context, Effect, Either } from "effect"
import type { RedirectFailedReason, RedirectOptions } from "../../src/internal/redirects.js"
import { followRedirects, RedirectFailed } from "../../src/internal/redirects.js"
import { CurrentRequestOptions, ResendCount } from "../../src/internal/requestOptions.js"

export type Request = HttpClientRequest.HttpClientRequest

export const a = "http://a.test/"

/** A request as it came to the server. */
export interface Sent {
  readonly request: Request
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly resendCount: number
  readonly options: typeof CurrentRequestOptions.Service
}

export const redirect = (status: number, location: string, headers = {}): Response =>
  new Response("moved", { status, headers: { location, ...headers } })

/** A server that gives these answers, one after the other, and then `ok` for ever. */
export const server = (...answers: ReadonlyArray<Response>) => {
  const sent: Array<Sent> = []
  const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    (effect) =>
      Effect.flatMap(effect, (request) =>
        Effect.contextWith((context: Context.Context<never>) => {
          const url = Either.getOrThrow(UrlParams.makeUrl(request.url, request.urlParams, request.hash)).href
          sent.push({
            request,
            method: request.method,
            url,
            headers: { ...request.headers },
            resendCount: Context.get(context, ResendCount),
            options: Context.get(context, CurrentRequestOptions)
          })
          return HttpClientResponse.fromWeb(request, answers[sent.length - 1] ?? new Response("ok"))
        })),
    Effect.succeed
  )
  return { client, sent, urls: () => sent.map((one) => one.url) }
}

/** What came to the server when this was asked, and followed to the end. */
export const followed = (request: Request, answers: ReadonlyArray<Response>, options?: RedirectOptions) =>
  Effect.gen(function*() {
    const { client, sent } = server(...answers)
    const response = yield* followRedirects(client, options).execute(request)
    strictEqual(response.status, 200)
    strictEqual(sent.length, answers.length + 1)
    return sent
  })

/** The second request, after one redirect. */
export const second = (request: Request, answer: Response, options?: RedirectOptions) =>
  Effect.map(followed(request, [answer], options), (sent) => sent[1]!)

export const failure = <A, R>(
  reason: RedirectFailedReason,
  effect: Effect.Effect<A, HttpClientError.HttpClientError, R>
) =>
  Effect.map(Effect.flip(effect), (error) => {
    assertTrue(error instanceof HttpClientError.ResponseError && HttpClientError.isHttpClientError(error))
    strictEqual(error.reason, "StatusCode")
    assertTrue(error.cause instanceof RedirectFailed)
    strictEqual(error.cause.reason, reason)
    return { error, cause: error.cause }
  })

export const failed = (
  reason: RedirectFailedReason,
  request: Request,
  answers: ReadonlyArray<Response>,
  options?: RedirectOptions
) =>
  Effect.gen(function*() {
    const { client, sent } = server(...answers)
    return { sent, ...(yield* failure(reason, followRedirects(client, options).execute(request))) }
  })

export const get = HttpClientRequest.get
export const post = HttpClientRequest.post(a).pipe(
  HttpClientRequest.bodyText("hello"),
  HttpClientRequest.setHeaders({
    "content-type": "text/greeting",
    "content-encoding": "identity",
    "content-language": "en",
    "content-location": "/greeting",
    "x-kept": "1"
  })
)
