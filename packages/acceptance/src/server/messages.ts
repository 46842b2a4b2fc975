// What the run and the process of its servers say to each other.

/** Every measurement has a site of its own: a server on a port of its own, with counts of its own. */
export type ToServer =
  | { readonly type: "open" }
  /** Answers when no more than so many of the site's sockets are open, or after `within` milliseconds. */
  | { readonly type: "report"; readonly port: number; readonly open: number; readonly within: number }
  /** A port that lets nobody in. */
  | { readonly type: "deaf" }

/** Times are milliseconds of the server's clock. */
export interface SocketReport {
  /** The how many-th of the site, from 1. */
  readonly number: number
  readonly requests: number
  readonly lastAnswerAt: number | undefined
  /** Since when the client has closed it. */
  readonly closedAt: number | undefined
}

export interface SiteReport {
  readonly port: number
  readonly accepted: number
  readonly open: number
  /** At once. */
  readonly mostOpen: number
  readonly answered: number
  readonly sockets: ReadonlyArray<SocketReport>
}

export type FromServer = SiteReport | { readonly port: number }

/** The answer to a request, as JSON. */
export interface Answer {
  /** On which socket of the site the request came. */
  readonly socket: number
  /** Its header `connection`. */
  readonly connection: string | null
  /** Milliseconds from its headers to the end of its body. */
  readonly bodyTime: number
  /** Its body, where that is JSON. */
  readonly echo: unknown
  /** As long as the request has asked for. */
  readonly padding: string
}
