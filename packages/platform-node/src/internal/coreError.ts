/**
 * Typed errors as `Error`s of plain JavaScript: what their `name` and their `code` are.
 *
 * @internal
 */
import type { InvalidOptions, PoolError } from "@connection-pool/core/PoolError"
import { InvalidRequest, isPoolError, PoolClosed } from "@connection-pool/core/PoolError"
import * as Cause from "effect/Cause"
import type * as ConfigError from "effect/ConfigError"

interface Fields {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly cause: unknown
  readonly status: number | undefined
}

export class ConnectionPoolCoreError extends Error {
  override readonly name: string
  readonly code: string
  override readonly cause: unknown
  readonly status: number | undefined

  constructor({ cause, code, message, name, status }: Fields) {
    super(message)
    this.name = name
    this.code = code
    this.cause = cause
    this.status = status
  }
}

const dialCodes = {
  Dns: "ENOTFOUND",
  Refused: "ECONNREFUSED",
  Reset: "ECONNRESET",
  Unreachable: "EHOSTUNREACH",
  Tls: "ERR_TLS",
  TlsIdentity: "ERR_TLS_IDENTITY",
  Other: "ERR_CONNECT_FAILED"
} as const

/** The system's own code, where it has one: `ENOTFOUND`, `ECONNRESET`, `CERT_HAS_EXPIRED` … */
const systemCode = (cause: unknown): string | undefined => {
  const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return typeof code === "string" ? code : undefined
}

const codeOf = (error: PoolError | InvalidOptions): string => {
  switch (error._tag) {
    case "InvalidOptions":
      return "ERR_INVALID_OPTIONS"
    case "InvalidRequest":
      return "ERR_INVALID_REQUEST"
    case "QueueFull":
      return "ERR_QUEUE_FULL"
    case "AcquireTimeout":
    case "ConnectTimeout":
    case "RequestTimeout":
      return "ETIMEDOUT"
    case "ConnectFailed":
      return systemCode(error.cause) ?? dialCodes[error.reason]
    case "ConnectionLost":
      return systemCode(error.cause) ?? "ECONNRESET"
    case "RequestBodyFailed":
      return "ERR_REQUEST_BODY"
    case "ResponseTooLarge":
      return "ERR_RESPONSE_TOO_LARGE"
    case "ProtocolError":
      return error.reason === "InvalidJson" ? "ERR_INVALID_JSON" : "ERR_INVALID_RESPONSE"
    case "PoolClosed":
      return "ERR_POOL_CLOSED"
  }
}

const make = (
  name: string,
  code: string,
  message: string,
  cause: unknown,
  status?: number
): ConnectionPoolCoreError => new ConnectionPoolCoreError({ name, code, message, cause, status })

export const ofTyped = (error: PoolError | InvalidOptions): ConnectionPoolCoreError =>
  make(error._tag, codeOf(error), error.message, error)

const messages = (error: ConfigError.ConfigError): string => {
  switch (error._op) {
    case "And":
    case "Or":
      return `${messages(error.left)}; ${messages(error.right)}`
    default:
      return error.message
  }
}

export const ofVariables = (error: ConfigError.ConfigError): ConnectionPoolCoreError =>
  make("InvalidVariable", "ERR_INVALID_VARIABLE", messages(error), error)

/** As Node names what an `AbortSignal` has ended. */
export const aborted = (signal: AbortSignal): ConnectionPoolCoreError =>
  make("AbortError", "ABORT_ERR", "the request was aborted by its signal", signal.reason)

export const connectionsClosed = (): ConnectionPoolCoreError =>
  make("AbortError", "ABORT_ERR", "closeAllConnections was called while the request ran", undefined)

export const closed = (origin: string, progress: PoolClosed["progress"] = "not-sent"): ConnectionPoolCoreError =>
  ofTyped(new PoolClosed({ origin, progress }))

export const invalidRequest = (field: string, description: string): ConnectionPoolCoreError =>
  ofTyped(new InvalidRequest({ origin: "", progress: "not-sent", field, description }))

/** An answer that was to be JSON: `cause` says so of its length, and `excerpt` how it begins. */
export const notJson = (cause: PoolError, status: number, excerpt: string): ConnectionPoolCoreError =>
  make("InvalidJson", codeOf(cause), `${cause.message} (status ${status}); it begins with ${excerpt}`, cause, status)

/** What else a run may end with: an interruption from outside, or a defect. */
export const ofCause = (cause: Cause.Cause<PoolError | InvalidOptions>): ConnectionPoolCoreError => {
  const error = Cause.squash(cause)
  if (isPoolError(error) || isInvalidOptions(error)) return ofTyped(error)
  if (Cause.isInterruptedOnly(cause)) return closed("")
  return make("UnexpectedError", "ERR_UNEXPECTED", error instanceof Error ? error.message : String(error), error)
}

export const isInvalidOptions = (error: unknown): error is InvalidOptions =>
  error instanceof Error && "_tag" in error && error._tag === "InvalidOptions"
