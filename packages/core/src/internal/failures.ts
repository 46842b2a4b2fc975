/**
 * Why somebody gets no connection, as typed errors.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import type { RejectReason } from "../machine/command.js"
import type { Origin } from "../Origin.js"
import type { PoolError } from "../PoolError.js"
import { AcquireTimeout, ConnectFailed, ConnectTimeout, PoolClosed, QueueFull } from "../PoolError.js"
import type { Lease } from "./lease.js"
import type { OriginState } from "./originState.js"

/** Asked too late. */
export const poolClosed = (origin: Origin): PoolClosed => new PoolClosed({ origin: origin.href, progress: "not-sent" })

/** What the machine's word means to who waited. */
export const rejectionOf = ({ askedAt, origin, pool }: Lease, reason: RejectReason): PoolError => {
  const where = { origin: origin.origin.href, progress: "not-sent" } as const
  const cause = origin.lastConnectFailure
  switch (reason) {
    case "closed":
      return poolClosed(origin.origin)
    case "connect_failed":
      return cause ?? new ConnectFailed({ ...where, reason: "Other" })
    case "queue_full":
      return new QueueFull({
        ...where,
        maxWaiting: pool.settings.maxWaiting,
        stats: pool.countsOf(origin),
        diagnosis: pool.diagnoses.of(origin)
      })
    case "timed_out": {
      const waited = pool.now - askedAt
      const diagnosis = pool.diagnoses.of(origin)
      return new AcquireTimeout({ ...where, waited, stats: pool.countsOf(origin), diagnosis, ...(cause && { cause }) })
    }
  }
}

export const connectTimeout = ({ origin, settings }: OriginState): ConnectTimeout =>
  new ConnectTimeout({ origin: origin.href, progress: "not-sent", timeout: settings.connectTimeout })

/** How a dial ended that did not succeed; a connector that dies has failed, too. */
export const dialError = (
  origin: Origin,
  cause: Cause.Cause<ConnectFailed | ConnectTimeout>
): ConnectFailed | ConnectTimeout =>
  Option.getOrElse(
    Cause.failureOption(cause),
    () => new ConnectFailed({ origin: origin.href, progress: "not-sent", reason: "Other", cause: Cause.squash(cause) })
  )

/** A connection that had been closed by the time that its dial told of it: to dial again at once could go on for ever. */
export const goneAtOnce = (origin: Origin): ConnectFailed =>
  new ConnectFailed({
    origin: origin.href,
    progress: "not-sent",
    reason: "Reset",
    cause: new Error("the connection was closed before it could be used")
  })
