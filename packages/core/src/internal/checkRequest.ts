/**
 * Checks a request before anything is asked of anybody, and turns it into what is sent.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { StreamedBody, WireRequest } from "../Connection.js"
import type { TlsOptions } from "../Connector.js"
import type { Target } from "../Origin.js"
import { parseTarget } from "../Origin.js"
import { InvalidRequest, isIdempotentMethod } from "../PoolError.js"
import type { PoolRequest } from "../PoolRequest.js"
import { HeaderLines } from "./headerLines.js"
import * as Kind from "./optionKind.js"
import { Remembered } from "./remembered.js"

/*
 * What lives as long as its request is an instance of a class, and no list begins as `[]`: where most objects of a literal survive
 * the first small collections, as they do while many requests wait, V8 allocates all later ones in the old generation, with
 * all that they refer to (docs/DESIGN.md, 13.20).
 */

/** A request that can be sent. Times are milliseconds, `undefined` where the request does not say. */
export class CheckedRequest {
  readonly target: Target
  readonly tls: TlsOptions | undefined
  readonly wire: WireRequest
  /** The source of a streamed body. */
  readonly stream: Stream.Stream<Uint8Array, unknown> | undefined
  readonly timeout: number | undefined
  readonly acquireTimeout: number | undefined
  readonly headersTimeout: number | undefined
  readonly bodyTimeout: number | undefined
  readonly maxResponseSize: number | undefined
  /** Sending it twice does no harm. */
  readonly idempotent: boolean
  readonly observer: PoolRequest["observer"]

  constructor(request: PoolRequest, target: Target, wire: WireRequest) {
    this.target = target
    this.tls = request.tls
    this.wire = wire
    this.stream = isStream(request.body) ? request.body : undefined
    this.timeout = durationOf("timeout", request.timeout)
    this.acquireTimeout = durationOf("acquireTimeout", request.acquireTimeout)
    this.headersTimeout = durationOf("headersTimeout", request.headersTimeout)
    this.bodyTimeout = durationOf("bodyTimeout", request.bodyTimeout)
    this.maxResponseSize = sizeOf(request.maxResponseSize)
    this.idempotent = request.idempotent ?? isIdempotentMethod(wire.method)
    this.observer = request.observer
  }
}

class CheckedWire implements WireRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly headers: ReadonlyArray<string>
  readonly body: WireRequest["body"]
  readonly keepAlive: boolean

  constructor(
    method: string,
    target: string,
    authority: string,
    headers: ReadonlyArray<string>,
    body: WireRequest["body"],
    keepAlive: boolean
  ) {
    this.method = method
    this.target = target
    this.authority = authority
    this.headers = headers
    this.body = body
    this.keepAlive = keepAlive
  }
}

const oneLine: ReadonlyArray<string> = [""]

const newLines = (): Array<string> => oneLine.slice(1)

/** What the pool adds to every request. */
export interface RequestDefaults {
  /** False: each request has a connection of its own. */
  readonly keepAlive: boolean
  /** The codings to ask for. */
  readonly acceptEncoding: string | undefined
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const hostValue = /^[A-Za-z0-9\-._~%!$&'()*+,;=[\]:]+$/
const digits = /^[0-9]{1,15}$/
/** No server takes more, and whoever controls a part of a request must not fill our memory with it. */
const mebibyte = 2 ** 20

const lowerCaseMethod = /^(?:get|head|post|put|delete|options)$/i

/** URLs repeat; parsing one costs as much as the rest of a small request. */
const targets = new Remembered(parseTarget)

/** Thrown by the checks below and caught by `checkRequest` alone. */
class Rejected {
  readonly field: string
  readonly description: string
  constructor(field: string, description: string) {
    this.field = field
    this.description = description
  }
}

const refuse = (field: string, description: string): never => {
  throw new Rejected(field, description)
}

/** A caller without types may give us anything. */
const targetOf = (url: string | URL): Target => {
  const target = Either.getOrElse(
    targets.of(typeof url === "string" ? url : String(url?.href)),
    (description) => refuse("url", description)
  )
  const { authorization = "", path } = target
  return path.length + authorization.length > mebibyte ? refuse("url", "is longer than 1 MiB") : target
}

const methodOf = (method: string | undefined): string => {
  if (method === undefined || method === "GET" || method === "POST") return method ?? "GET"
  if (typeof method !== "string" || !token.test(method)) {
    return refuse("method", "is not a token such as GET (RFC 9110, 9.1)")
  }
  if (method.toUpperCase() === "CONNECT") return refuse("method", "is CONNECT; the pool opens no tunnels")
  return lowerCaseMethod.test(method) ? method.toUpperCase() : method
}

/** What a header's name means to the pool. */
type NameKind =
  | "plain"
  | "invalid"
  | "host"
  | "content-length"
  | "connection"
  | "refused"
  | "authorization"
  | "coding"

const nameKinds = new Map<string, NameKind>([
  ["host", "host"],
  ["content-length", "content-length"],
  ["connection", "connection"],
  ["transfer-encoding", "refused"],
  ["keep-alive", "refused"],
  ["upgrade", "refused"],
  ["expect", "refused"],
  ["authorization", "authorization"],
  ["accept-encoding", "coding"],
  ["range", "coding"]
])

/** Names repeat; a look-up costs less than the check. */
const kinds = new Remembered((name): NameKind =>
  token.test(name) ? nameKinds.get(name.toLowerCase()) ?? "plain" : "invalid"
)

/** The headers as they are sent, and what those that are the pool's own say. */
class CheckedHeaders {
  readonly lines = newLines()
  authority: string | undefined = undefined
  contentLength: number | undefined = undefined
  keepAlive = true
  hasAuthorization = false
  /** A coding was asked for by name, or a part of the body, which cannot be decoded by itself. */
  choosesCoding = false
  private size = 0

  /** A value that is an array is that many lines. */
  addAll(name: string, value: unknown): void {
    if (Array.isArray(value)) { for (const line of value) this.add(name, line) }
    else if (value !== undefined) this.add(name, value)
  }

  private add(name: string, value: unknown): void {
    const kind = typeof name === "string" ? kinds.of(name) : "invalid"
    if (kind === "invalid") refuse("headers", "has a name that is not a token (RFC 9110, 5.1)")
    if (typeof value !== "string") return refuse(`headers.${name}`, "has a value that is no text")
    this.size += name.length + value.length
    if (this.size > mebibyte) refuse("headers", "are longer than 1 MiB in all")
    if (!fieldValue.test(value)) {
      return refuse(`headers.${name}`, "has a character that no header value may have (RFC 9110, 5.5)")
    }
    switch (kind) {
      case "host":
        if (this.authority !== undefined) refuse("headers.host", "is given twice")
        if (!hostValue.test(value)) refuse("headers.host", "is not a host with an optional port")
        this.authority = value
        return
      case "content-length":
        if (this.contentLength !== undefined) refuse("headers.content-length", "is given twice")
        if (!digits.test(value)) refuse("headers.content-length", "is not a number of bytes")
        this.contentLength = Number(value)
        return
      case "connection":
        if (!keepAliveOf(value.toLowerCase())) this.keepAlive = false
        return
      case "refused":
        return refuse(`headers.${name}`, "is the pool's own")
      case "authorization":
        this.hasAuthorization = true
        break
      case "coding":
        this.choosesCoding = true
    }
    this.lines.push(name, value)
  }
}

const keepAliveOf = (connection: string): boolean =>
  connection === "keep-alive" ||
  (connection !== "close" && refuse("headers.connection", "is neither close nor keep-alive"))

const headersOf = (input: PoolRequest["headers"]): CheckedHeaders => {
  const headers = new CheckedHeaders()
  if (input === undefined) return headers
  if (typeof input !== "object" || input === null) refuse("headers", "is neither a record nor a list of pairs")
  if (input instanceof HeaderLines) {
    const { all } = input
    for (let i = 0; i < all.length; i += 2) headers.addAll(all[i]!, all[i + 1])
  } else if (Symbol.iterator in input) {
    for (const line of input) {
      if (!Array.isArray(line)) refuse("headers", "has a line that is no pair of a name and a value")
      headers.addAll(line[0], line[1])
    }
  } else {
    for (const name of Object.keys(input)) headers.addAll(name, input[name])
  }
  return headers
}

/** The same request with other values of some headers. */
export const withHeaders = (wire: WireRequest, input: PoolRequest["headers"]): WireRequest => {
  const { lines } = headersOf(input)
  const replaced = new Set(lines.flatMap((name, i) => i % 2 === 0 ? [name.toLowerCase()] : []))
  for (let i = 0; i < wire.headers.length; i += 2) {
    if (!replaced.has(wire.headers[i]!.toLowerCase())) lines.push(wire.headers[i]!, wire.headers[i + 1]!)
  }
  return new CheckedWire(wire.method, wire.target, wire.authority, lines, wire.body, wire.keepAlive)
}

export const isStream = (body: unknown): body is Stream.Stream<Uint8Array, unknown> =>
  typeof body === "object" && body !== null && Stream.StreamTypeId in body

const bodyOf = (
  body: PoolRequest["body"],
  contentLength: number | undefined
): string | Uint8Array | StreamedBody | undefined => {
  if (isStream(body)) return { contentLength }
  if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) {
    return refuse("body", "is neither text, bytes nor a Stream")
  }
  if (contentLength === undefined) return body
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
  const length = bytes === undefined ? 0 : bytes.length
  return length === contentLength
    ? bytes
    : refuse("body", `has ${length} bytes, and its content-length says ${contentLength}`)
}

const duration = Kind.duration({ min: 0, none: true })

const durationOf = (field: string, input: Duration.DurationInput | "none" | undefined): number | undefined =>
  input === undefined
    ? undefined
    : duration.decode(input) ?? refuse(field, "is neither a duration such as \"5 seconds\" nor \"none\"")

const sizeOf = (input: number | "none" | undefined): number | undefined => {
  if (input === undefined) return undefined
  if (input === "none") return Infinity
  return Number.isSafeInteger(input) && input >= 0
    ? input
    : refuse("maxResponseSize", "is neither a number of bytes nor \"none\"")
}

const check = (request: PoolRequest, target: Target, defaults: RequestDefaults): CheckedRequest => {
  const method = methodOf(request.method)
  const headers = headersOf(request.headers)
  const body = bodyOf(request.body, headers.contentLength)
  if (target.authorization !== undefined && !headers.hasAuthorization) {
    headers.lines.push("authorization", target.authorization)
  }
  if (defaults.acceptEncoding !== undefined && !headers.choosesCoding) {
    headers.lines.push("accept-encoding", defaults.acceptEncoding)
  }
  const authority = headers.authority ?? target.origin.authority
  const keepAlive = defaults.keepAlive && headers.keepAlive
  const wire = new CheckedWire(method, target.path, authority, headers.lines, body, keepAlive)
  return new CheckedRequest(request, target, wire)
}

/** The request, ready to be sent, or what is wrong with it. */
export const checkRequest = (request: PoolRequest, defaults: RequestDefaults): CheckedRequest | InvalidRequest => {
  let origin = ""
  try {
    const target = targetOf(request.url)
    origin = target.origin.href
    return check(request, target, defaults)
  } catch (rejected) {
    if (!(rejected instanceof Rejected)) throw rejected
    return new InvalidRequest({
      origin,
      progress: "not-sent",
      field: rejected.field,
      description: rejected.description
    })
  }
}
