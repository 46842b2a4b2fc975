/**
 * How an exchange fails, as typed errors.
 *
 * @internal
 */
import type { ExchangeFailure, Progress } from "../Connection.js"
import type { RequestPhase } from "../PoolError.js"
import {
  ConnectionLost,
  InvalidRequest,
  PoolClosed,
  ProtocolError,
  RequestBodyFailed,
  RequestTimeout
} from "../PoolError.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { OriginState } from "./originState.js"
import type { UploadFailure } from "./upload.js"

/** What errors tell of an exchange. */
interface Failing {
  readonly pool: ConnectionPool
  readonly origin: OriginState
  readonly progress: Progress
  readonly lease: { readonly reused: boolean } | undefined
  readonly body: { readonly received: number }
}

const causeOf = (cause: unknown): { readonly cause?: unknown } => cause === undefined ? {} : { cause }

const where = ({ origin, progress }: Failing) => ({ origin: origin.origin.href, progress })

export const connectionLost = (
  exchange: Failing,
  reason: ConnectionLost["reason"],
  cause?: unknown
): ConnectionLost =>
  new ConnectionLost({
    ...where(exchange),
    reason,
    reused: exchange.lease?.reused ?? false,
    bytesReceived: exchange.body.received,
    ...causeOf(cause)
  })

export const protocolError = (
  exchange: Failing,
  { cause, description, reason }: Extract<ExchangeFailure, { readonly kind: "Protocol" }>
): ProtocolError =>
  new ProtocolError({
    ...where(exchange),
    progress: "response-started",
    reason,
    description,
    ...causeOf(cause)
  })

export const uploadError = (
  exchange: Failing,
  failure: Exclude<UploadFailure, { readonly kind: "transport" }>
): RequestBodyFailed | InvalidRequest =>
  failure.kind === "source"
    ? new RequestBodyFailed({ ...where(exchange), cause: failure.cause })
    : new InvalidRequest({ ...where(exchange), field: "body", description: failure.description })

export const requestTimeout = (
  exchange: Failing,
  phase: RequestPhase,
  option: RequestTimeout["option"],
  timeout: number
): RequestTimeout => {
  const early = phase === "waiting" || phase === "connecting"
  const stats = early ? exchange.pool.countsOf(exchange.origin) : undefined
  return new RequestTimeout({ ...where(exchange), phase, option, timeout, stats })
}

export const poolClosed = (exchange: Failing): PoolClosed => new PoolClosed(where(exchange))

/** The request was to be sent again and could not: what is known of it is how its connection was lost. */
export const notRepeated = (lost: ConnectionLost, cause: unknown): ConnectionLost => {
  const { bytesReceived, origin, progress, reason, reused } = lost
  return new ConnectionLost({ origin, progress, reason, reused, bytesReceived, cause })
}
