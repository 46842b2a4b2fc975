/**
 * The rule of the safe repeat (C6).
 *
 * @internal
 */
import type { Progress } from "../Connection.js"
import type { ConnectionLost } from "../PoolError.js"
import type { CheckedRequest } from "./checkRequest.js"

/** A request on a connection that was lost before the answer was complete. */
export interface LostAttempt {
  /** It was sent again already. */
  readonly repeated: boolean
  /** The connection had answered a request before: it may have been closed while nobody used it. */
  readonly reused: boolean
  readonly progress: Progress
  /** Sending it twice does no harm (RFC 9110, 9.2.2). */
  readonly idempotent: boolean
  /** The body is there to be sent again, or there is none. */
  readonly bodyAtHand: boolean
  /** Whoever asked for a connection may still wait for one. */
  readonly inTime: boolean
}

export const lostAttempt = (
  { progress, reused }: ConnectionLost,
  { idempotent, stream }: CheckedRequest,
  repeated: boolean,
  inTime: boolean
): LostAttempt => ({ repeated, reused, progress, idempotent, bodyAtHand: stream === undefined, inTime })

/** Whether the request is sent once more, on a fresh connection. */
export const mayRepeat = (lost: LostAttempt): boolean => {
  if (lost.repeated || !lost.reused || !lost.bodyAtHand || !lost.inTime) return false
  return lost.progress === "not-sent" || (lost.progress === "maybe-sent" && lost.idempotent)
}
