// What the demo and the process of its servers tell each other.

/** Counted by a server. */
export interface ServerCounts {
  /** Sockets accepted since the beginning. */
  readonly accepted: number
  /** Sockets that are open now. */
  readonly open: number
  /** Requests answered to the last byte. */
  readonly answered: number
}

export interface BothCounts {
  readonly http: ServerCounts
  readonly https: ServerCounts
}

export type FromServer =
  | { readonly type: "ready"; readonly httpPort: number; readonly httpsPort: number; readonly ca: string }
  | { readonly type: "counts"; readonly counts: BothCounts }

/** Asks for the counts: when no socket is open any more, or after `within` milliseconds. */
export interface ToServer {
  readonly type: "count"
  readonly within: number
}
