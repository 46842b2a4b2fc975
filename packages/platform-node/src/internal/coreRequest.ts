/**
 * What `execute` is asked, as a request of the pool, and the pool's answer as what `execute` returns.
 *
 * @internal
 */
import type { PoolRequest } from "@connection-pool/core/PoolRequest"
import type { PoolResponse } from "@connection-pool/core/PoolResponse"
import * as Effect from "effect/Effect"
import type { ExecuteOptions, ExecuteResult } from "../ConnectionPoolCore.js"
import * as Errors from "./coreError.js"
import { excerpt, secretsOf } from "./excerpt.js"

type Headers = NonNullable<ExecuteOptions["headers"]>

const jsonType = "application/json"
const jsonHeaders: PoolRequest["headers"] = { "content-type": jsonType }

/** Names and values, numbers as text. */
const linesOf = (headers: Headers): Array<[string, string | ReadonlyArray<string> | undefined]> => {
  const lines: Iterable<readonly [string, unknown]> = Symbol.iterator in headers ? headers : Object.entries(headers)
  return Array.from(lines, ([name, value]) => [name, typeof value === "number" ? String(value) : value as string])
}

/** Nothing is copied of what can be sent as it is. */
const needsNothing = (headers: Headers, isJson: boolean): boolean => {
  if (Symbol.iterator in headers) return false
  let hasType = !isJson
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (typeof value === "number") return false
    if (value !== undefined && name.length === 12 && name.toLowerCase() === "content-type") hasType = true
  }
  return hasType
}

/** The headers as they are sent: text is JSON, unless they say what it is. */
const headersOf = (headers: Headers | undefined, isJson: boolean): PoolRequest["headers"] => {
  if (headers === undefined || headers === null) return isJson ? jsonHeaders : undefined
  // What cannot be headers is for the pool to refuse.
  if (typeof headers !== "object") return headers
  if (needsNothing(headers, isJson)) return headers as PoolRequest["headers"]
  const lines = linesOf(headers)
  const hasType = lines.some(([name, value]) => value !== undefined && String(name).toLowerCase() === "content-type")
  if (isJson && !hasType) lines.push(["content-type", jsonType])
  return Symbol.iterator in headers ? lines as Array<[string, string]> : Object.fromEntries(lines)
}

/** `{}` is all that JSON says of a map, a form or a stream: nobody wants to send that. */
const isPlain = (body: object): boolean => {
  if ("toJSON" in body || Array.isArray(body)) return true
  return Object.prototype.toString.call(body) === "[object Object]" && !("pipe" in body) && !("then" in body)
}

const allowed = "it is sent as text, bytes (Uint8Array, another view or ArrayBuffer), or an object that JSON can hold"

const refuse = (description: string): never => {
  throw Errors.invalidRequest("body", `${description}; ${allowed}`)
}

const toJson = (body: object): string => {
  let text: string | undefined
  try {
    text = JSON.stringify(body)
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : "its toJSON threw"
    return refuse(`cannot be written as JSON: ${why}`)
  }
  return text ?? refuse("cannot be written as JSON: its toJSON says nothing")
}

const bodyOf = (body: unknown): string | Uint8Array | undefined => {
  if (body === undefined || body === null) return undefined
  if (typeof body === "string" || body instanceof Uint8Array) return body
  if (typeof body !== "object") return refuse(`is a ${typeof body}`)
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  return isPlain(body) ? toJson(body) : refuse(`is a ${body.constructor?.name ?? "thing"}`)
}

/** Throws a `ConnectionPoolCoreError` where the body cannot be sent. */
export const requestOf = (url: string | URL, options: ExecuteOptions): PoolRequest => {
  const body = bodyOf(options.body)
  return {
    url,
    method: options.method ?? "POST",
    headers: headersOf(options.headers, typeof body === "string"),
    body,
    timeout: options.timeout,
    maxResponseSize: options.responseLimit,
    idempotent: options.idempotent,
    tls: options.tls
  }
}

/** Answers that have no body, whatever was asked. */
const hasNoBody = (status: number, method: string): boolean =>
  status === 204 || status === 205 || status === 304 || method.toUpperCase() === "HEAD"

const parse = (response: PoolResponse, request: PoolRequest): unknown => {
  const { body, status, text } = response
  if (body.length === 0 && hasNoBody(status, request.method ?? "")) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    const error = Effect.runSync(Effect.flip(response.json))
    const lines = request.headers === undefined ? [] : linesOf(request.headers)
    throw Errors.notJson(error, status, excerpt(text, secretsOf(request.url, lines)))
  }
}

/** Throws a `ConnectionPoolCoreError` where the body is not what was asked for. */
export const resultOf = (
  response: PoolResponse,
  request: PoolRequest,
  parseJson: boolean
): ExecuteResult<unknown> => ({
  data: parseJson ? parse(response, request) : response.text,
  status: response.status,
  headers: response.headers,
  latency: response.latency,
  reused: response.reused,
  agent: response.origin
})
