// What the server of the proof and the proof say to each other.

export interface ToServer {
  readonly type: "report"
}

export interface FromServer {
  readonly port: number
  /** How often a request was seen, by its id. */
  readonly counts: ReadonlyMap<string, number>
  /** Connections that were closed without a request that had been read, and with one. */
  readonly closedIdle: number
  readonly closedAtWork: number
}

/** Of a request and of its answer. */
export const idHeader = "x-id"
