/**
 * What the machine orders. Commands are imperative; the skin carries them out in their order and reports back what happened.
 *
 * @internal
 */

/** Why a connection is closed, or was. */
export type CloseReason =
  /** It was idle for `idleTimeout`, or for as long as its server keeps it. */
  | "idle_timeout"
  /** It reached `maxLifetime`. */
  | "max_lifetime"
  /** It served `maxRequestsPerConnection`. */
  | "max_requests"
  /** The key had more idle connections than `maxIdlePerOrigin`. */
  | "idle_limit"
  /** Idle, and another key needed its place under `maxConnections`. */
  | "evicted"
  /** In use by a key with more than its share while another key waited for a place under `maxConnections`. */
  | "rebalanced"
  /** Its exchange ended in a way that forbids another: an error, an interruption, or the server's `connection: close`. */
  | "not_reusable"
  /** It was still being opened and nobody waited for it any more. */
  | "not_needed"
  /** Its origin was unused for two housekeeping periods. */
  | "unused_origin"
  /** Idle connections were to be closed. */
  | "close_idle"
  /** The clocks disagree on how long it was idle: the machine was asleep, or the time was set. */
  | "clock_jump"
  /** The pool drains. */
  | "drain"

/** Why a waiter gets no connection. */
export type RejectReason = "queue_full" | "timed_out" | "connect_failed" | "closed"

export type Command =
  | { readonly _tag: "Connect"; readonly connection: number; readonly key: string }
  | { readonly _tag: "Grant"; readonly waiter: number; readonly connection: number }
  | { readonly _tag: "Reject"; readonly waiter: number; readonly reason: RejectReason }
  | { readonly _tag: "Close"; readonly connection: number; readonly reason: CloseReason }
  /** Call `woke` at this time, or earlier. Replaces the `WakeAt` before it. */
  | { readonly _tag: "WakeAt"; readonly at: number }
  /** Nothing is known of this key any more. */
  | { readonly _tag: "Forget"; readonly key: string }

/** The answer of an input that changes nothing for the skin. */
export const noCommands: ReadonlyArray<Command> = []
