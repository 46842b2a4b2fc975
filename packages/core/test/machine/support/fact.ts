/**
 * Facts, and what a history knows of the requests and connections they are about.
 */

/** What the machine was told. Without `now` it is told no time. */
export type Fact =
  | {
    readonly _tag: "requested"
    readonly now: number
    readonly key: string
    readonly deadline: number
    readonly fresh: boolean
  }
  | { readonly _tag: "cancelled"; readonly now: number; readonly waiter: number }
  | { readonly _tag: "delivered"; readonly waiter: number }
  | {
    readonly _tag: "connected"
    readonly now: number
    readonly id: number
    readonly jitter: number
    readonly carries: number
  }
  | { readonly _tag: "connectFailed"; readonly now: number; readonly id: number; readonly jitter: number }
  | {
    readonly _tag: "released"
    readonly now: number
    readonly id: number
    readonly reusable: boolean
    readonly idleLimit: number
  }
  | { readonly _tag: "closedByPeer"; readonly now: number; readonly id: number; readonly jitter: number }
  | { readonly _tag: "closeCompleted"; readonly id: number }
  | { readonly _tag: "woke"; readonly now: number }
  | { readonly _tag: "warmUpRequested"; readonly now: number; readonly key: string; readonly connections: number }
  | { readonly _tag: "closeIdleRequested" }
  | { readonly _tag: "drainStarted" }
  | { readonly _tag: "drainTimedOut" }

export interface Ask {
  readonly id: number
  readonly key: string
  readonly deadline: number
  readonly fresh: boolean
  state: "waiting" | "granted" | "delivered" | "rejected" | "cancelled"
  connection: number
}

export interface Connection {
  readonly id: number
  readonly key: string
  forWarmUp: boolean
  phase: "connecting" | "open" | "closing" | "gone"
  /** Set while it is open, and for one that was given up too late. */
  established: boolean
  carries: number
  /** Waiters with an undelivered grant, oldest first. */
  granted: Array<number>
  delivered: number
  served: number
  /** It must carry no further lease. */
  spent: boolean
  idleSince: number
  idleLimit: number
  expiresAt: number
}

/** When an idle one is to be closed. */
export const idleUntil = ({ idleLimit, idleSince }: Connection): number => idleSince + idleLimit

/** Granted and delivered. */
export const leases = (connection: Connection): number => connection.granted.length + connection.delivered
