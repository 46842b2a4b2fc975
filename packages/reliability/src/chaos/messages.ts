// What the chaos and its servers say to each other.
import type { Counted } from "./sightings.js"

/** Of a request: its number, what the server is to do, bytes of the answer's body, bytes of its own body. */
export const header = { id: "x-id", fault: "x-fault", size: "x-size", upload: "x-upload" } as const

/** What the bodies of a request and of its answer are made of. */
export const nameOf = (id: number): string => `request-${id}`

/** PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export type ToServer =
  /** Opens doors; their ports are answered by name. */
  | {
    readonly type: "open"
    readonly doors: ReadonlyArray<string>
    readonly seed: number
    readonly right: Certificate
    readonly wrong: Certificate
  }
  /** How often each request of a block was seen; the server forgets it. */
  | { readonly type: "sightings"; readonly block: number }
  | { readonly type: "tally" }

export interface Tally {
  readonly accepted: number
  readonly requests: number
  /** Of each fault and each door, how often it acted. */
  readonly acts: ReadonlyMap<string, number>
  /** What must not be, in words, and how often. */
  readonly problems: ReadonlyMap<string, number>
}

export type FromServer =
  | { readonly type: "ports"; readonly ports: ReadonlyMap<string, number> }
  | { readonly type: "sightings"; readonly counts: Counted }
  | { readonly type: "tally"; readonly tally: Tally }

export const countIn = (counts: Map<string, number>, name: string, by = 1): void => {
  counts.set(name, (counts.get(name) ?? 0) + by)
}
