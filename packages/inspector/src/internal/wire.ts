/**
 * What `/live` sends to the page. Lists of numbers instead of records, since 200 origins and 1,000 connections have to fit into 64 KB.
 *
 * @internal
 */

/** What a connection is doing, by its place in this list; an active one by its phase. */
export const connectionStates = ["connecting", "idle", "sending", "headers", "body", "leased", "closing"] as const

/** Of each connection four numbers, one behind the other: id, place in `connectionStates`, age in tenths of a second, requests. */
export type Connections = ReadonlyArray<number>

export interface OriginLook {
  readonly origin: string
  readonly active: number
  readonly idle: number
  readonly connecting: number
  readonly waiting: number
  readonly limit: number
  readonly requests: number
  /** Failed requests and failed dials. */
  readonly failed: number
  readonly connections: Connections
}

/** An `OriginLook` as it travels. */
export type OriginRow = readonly [
  origin: string,
  active: number,
  idle: number,
  connecting: number,
  waiting: number,
  limit: number,
  requests: number,
  failed: number,
  connections: Connections
]

export const fromRow = (row: OriginRow): OriginLook => {
  const [origin, active, idle, connecting, waiting, limit, requests, failed, connections] = row
  return { origin, active, idle, connecting, waiting, limit, requests, failed, connections }
}

/** The request that has waited longest, and some of those who hold the connections of its origin, longest first. */
export interface Wait {
  readonly origin: string
  /** Method and path; null for a lease. */
  readonly request: string | null
  readonly waitedFor: number
  /** Who waits for the same origin. */
  readonly others: number
  readonly summary: string
  readonly holders: ReadonlyArray<{
    readonly id: number
    readonly phase: string
    readonly heldFor: number
    readonly request: string | null
    /** The name of the span that asked. */
    readonly span: string | null
  }>
  readonly moreHolders: number
}

/** A whole pool at one moment. Times are milliseconds. */
export interface Look {
  readonly pool: string
  /** Another one belongs to another pool, or to the same program started again. */
  readonly run: number
  /** Since an arbitrary beginning; it tells how long a span of time two looks have between them. */
  readonly at: number
  readonly active: number
  readonly idle: number
  readonly connecting: number
  readonly waiting: number
  readonly limit: number
  readonly requests: number
  readonly opened: number
  readonly failed: number
  readonly reusePercent: number
  /** Of requests that were answered in the last second, from the call to the last byte; null when there was none. */
  readonly p50: number | null
  readonly p99: number | null
  readonly wait: Wait | null
  /** Leases that are suspected of being leaked, and still held. */
  readonly leaks: number
  readonly origins: ReadonlyArray<OriginRow>
  /** What did not fit. */
  readonly moreOrigins: number
  readonly moreConnections: number
}
