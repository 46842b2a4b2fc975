/**
 * What every request has to pass before it is answered, and what every answer says to a browser.
 *
 * @internal
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"

const loopback: ReadonlyArray<string> = ["localhost", "127.0.0.1", "[::1]"]

const withoutPort = (host: string): string => host.replace(/:\d*$/, "").toLowerCase()

const refuse = (status: number, text: string, headers = {}): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${text}\n`, { status, headers })

const readOnly = refuse(405, "The inspector is read-only: GET and HEAD.", { allow: "GET, HEAD" })

/** A page of another site can have its name point here, and would then read what is meant for this machine alone. */
const unknownHost = refuse(
  421,
  "The Host header names nobody that the inspector answers for; see its option allowedHosts."
)

/** No page may frame it, and what it holds is for this origin only and for no cache. */
const securityHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

const withSecurityHeaders = (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(response, { ...securityHeaders, ...response.headers })

/** Lets what is read-only and meant for one of our names through to `app`. */
export const guarded = <E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  allowedHosts: ReadonlyArray<string>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> => {
  const hosts = new Set([...loopback, ...allowedHosts.map((host) => host.toLowerCase())])
  return Effect.map(
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers, method }): typeof app => {
      if (!hosts.has(withoutPort(headers.host ?? ""))) return Effect.succeed(unknownHost)
      return method === "GET" || method === "HEAD" ? app : Effect.succeed(readOnly)
    }),
    withSecurityHeaders
  )
}
