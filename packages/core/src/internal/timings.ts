/**
 * How long the parts of an exchange took.
 *
 * @internal
 */
import type { Timings } from "../PoolResponse.js"
import type { HeldConnection } from "./heldConnection.js"

interface Milestones {
  readonly startedAt: number
  readonly deliveredAt: number
  readonly firstByteAt: number
}

/** Until `end`, the connection's own milestones included. */
export const timingsOf = (
  { firstByteAt, deliveredAt, startedAt }: Milestones,
  { connectTime, since }: HeldConnection,
  end: number
): Timings => ({
  queued: deliveredAt - startedAt,
  connect: since + connectTime > startedAt ? connectTime : 0,
  firstByte: firstByteAt - startedAt,
  total: end - startedAt
})
