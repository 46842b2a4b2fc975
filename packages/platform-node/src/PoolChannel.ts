/**
 * The pools' events on a channel of `node:diagnostics_channel`, for whatever listens there and knows no Effect. Every pool of
 * `NodeConnectionPool` and `ConnectionPoolCore` publishes on it. While nobody is subscribed no event is made.
 *
 * Events come in their order, behind the pool's work and not inside of it, so that a subscriber cannot hold a request up; one that is
 * far behind loses the oldest, and `Missed` says how many.
 *
 * @since 0.1.0
 */
import type { PoolEvent } from "@connection-pool/core/PoolEvent"

/**
 * The channel's name.
 *
 * @example
 * ```ts
 * import { PoolChannel } from "@connection-pool/platform-node"
 * import { subscribe } from "node:diagnostics_channel"
 *
 * subscribe(PoolChannel.name, (message) => {
 *   const { event, pool } = message as PoolChannel.PoolMessage
 *   if (event._tag === "Closed") console.log(pool, event.origin, event.reason)
 * })
 * ```
 *
 * @since 0.1.0
 * @category constants
 */
export const name = "connection-pool:event"

/**
 * What is published.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolMessage {
  /** The pool's `name`. */
  readonly pool: string
  readonly event: PoolEvent
}
