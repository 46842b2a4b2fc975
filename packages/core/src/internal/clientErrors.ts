/**
 * The pool's errors as the `HttpClient` has them, and requests that show no secret.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type { PoolError } from "../PoolError.js"
import { InvalidRequest } from "../PoolError.js"
import { absoluteUrl } from "./absoluteUrl.js"
import { isNamed } from "./headerNames.js"
import { isSecretKey, withoutSecrets } from "./urlSecrets.js"

/** Whether a header, in lower case, is not to be shown. The platform forgets the proxy's credentials. */
export const isSecretHeader = (header: string, names: ReadonlyArray<string | RegExp>): boolean =>
  header === "proxy-authorization" || isNamed(header, names)

/** Headers as they may be shown, also outside of a fiber, where the platform's own redaction does nothing. */
export const shownHeaders = (headers: Headers.Headers, names: ReadonlyArray<string | RegExp>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSecretHeader(name, names) ? "<redacted>" : value])
  )

/** Credentials are left out, not replaced: a relative URL would inherit the replacement. */
const shownUrl = (text: string): string => {
  const parsed = absoluteUrl(text)
  // What is no URL cannot be told from a secret.
  if (Either.isLeft(parsed)) return "<invalid>"
  const url = new URL(withoutSecrets(parsed.right))
  url.username = ""
  url.password = ""
  return url.href
}

const hasSecretHeader = (headers: Headers.Headers, names: ReadonlyArray<string | RegExp>): boolean => {
  for (const name in headers) if (isSecretHeader(name, names)) return true
  return false
}

/**
 * A request as errors and answers have it: the platform prints its URL and headers wherever it prints the request. The headers
 * themselves are as they were.
 */
export const shownRequest = (
  request: HttpClientRequest,
  urlHasSecrets: boolean,
  names: ReadonlyArray<string | RegExp>
): HttpClientRequest => {
  if (!urlHasSecrets && !hasSecretHeader(request.headers, names)) return request
  const shown = Object.assign(
    Object.create(Object.getPrototypeOf(request)) as HttpClientRequest,
    request,
    urlHasSecrets && {
      url: shownUrl(request.url),
      hash: Option.none(),
      urlParams: request.urlParams.map(([key, value]) => [key, isSecretKey(key) ? "REDACTED" : value])
    }
  )
  const toJSON = (): unknown => ({
    _id: "@effect/platform/HttpClientRequest",
    method: shown.method,
    url: shown.url,
    urlParams: shown.urlParams,
    hash: shown.hash,
    headers: shownHeaders(shown.headers, names),
    body: shown.body.toJSON()
  })
  return Object.defineProperty(shown, "toJSON", { value: toJSON })
}

const requestReason = (error: PoolError): HttpClientError.RequestError["reason"] => {
  if (error._tag !== "InvalidRequest") return "Transport"
  return error.field === "url" ? "InvalidUrl" : "Encode"
}

/** There is no answer. */
export const requestError = (request: HttpClientRequest, error: PoolError): HttpClientError.RequestError =>
  new HttpClientError.RequestError({ request, reason: requestReason(error), description: error.message, cause: error })

/** A request that the pool is not even asked for. */
export const unsendable = (
  request: HttpClientRequest,
  urlHasSecrets: boolean,
  field: "url" | "body",
  description: string
): Effect.Effect<never, HttpClientError.RequestError> =>
  Effect.flatMap(FiberRef.get(Headers.currentRedactedNames), (names) => {
    const error = new InvalidRequest({ origin: "", progress: "not-sent", field, description })
    return Effect.fail(requestError(shownRequest(request, urlHasSecrets, names), error))
  })

/** There is an answer, and its body cannot be read as it was to be read. */
export const responseError = (
  response: HttpClientResponse,
  description: string,
  cause?: unknown
): HttpClientError.ResponseError =>
  new HttpClientError.ResponseError({
    request: response.request,
    response,
    reason: "Decode",
    description,
    ...(cause === undefined ? {} : { cause })
  })
