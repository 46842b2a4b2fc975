/**
 * The pool's errors as the `HttpClient` has them, and requests that show no secret.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import type { PoolError } from "../PoolError.js"
import { isSecretKey, withoutSecrets } from "./urlSecrets.js"

/** The platform redacts the others where it prints a request. */
const secretHeader = "proxy-authorization"

/** Credentials are left out, not replaced: a relative URL would inherit the replacement. */
const shownUrl = (text: string): string => {
  const url = withoutSecrets(new URL(text))
  url.username = ""
  url.password = ""
  return url.href
}

/** A request as errors and answers show it: the platform prints its URL wherever it prints the request. */
export const shownRequest = (request: HttpClientRequest, urlHasSecrets: boolean): HttpClientRequest => {
  const headerHasSecrets = secretHeader in request.headers
  if (!urlHasSecrets && !headerHasSecrets) return request
  const shown = Object.create(Object.getPrototypeOf(request)) as HttpClientRequest
  return Object.assign(shown, request, {
    headers: headerHasSecrets ? Headers.set(request.headers, secretHeader, "REDACTED") : request.headers,
    ...(urlHasSecrets
      ? {
        url: shownUrl(request.url),
        urlParams: request.urlParams.map(([key, value]) => [key, isSecretKey(key) ? "REDACTED" : value])
      }
      : {})
  })
}

/** What is wrong with a URL that is none is not said with its text, which may hold a secret. */
export const invalidUrl = (request: HttpClientRequest): HttpClientError.RequestError =>
  new HttpClientError.RequestError({
    request: Object.assign(Object.create(Object.getPrototypeOf(request)), request, { url: "<invalid>" }),
    reason: "InvalidUrl",
    description: "the URL is not an absolute http or https URL"
  })

const requestReason = (error: PoolError): HttpClientError.RequestError["reason"] => {
  if (error._tag !== "InvalidRequest") return "Transport"
  return error.field === "url" ? "InvalidUrl" : "Encode"
}

/** There is no answer. */
export const requestError = (request: HttpClientRequest, error: PoolError): HttpClientError.RequestError =>
  new HttpClientError.RequestError({ request, reason: requestReason(error), description: error.message, cause: error })

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
