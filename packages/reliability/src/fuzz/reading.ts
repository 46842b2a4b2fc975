// What a client made of a case.

export interface Reading {
  /** The answer was delivered whole. */
  readonly accepted: boolean
  /** Why not. */
  readonly error: string | undefined
  readonly status: number | undefined
  /** Name, value, name, value, … without the blanks behind a value, which are no part of it (RFC 9110, 5.5). */
  readonly headers: ReadonlyArray<string>
  /** Latin1. */
  readonly body: string
  /** The connection is still open when all was sent and read; undefined where the server hung up. */
  readonly kept: boolean | undefined
}

export const refused = (error: string, kept: boolean | undefined): Reading => ({
  accepted: false,
  error,
  status: undefined,
  headers: [],
  body: "",
  kept
})

export const withoutBlanks = (headers: ReadonlyArray<string>): ReadonlyArray<string> =>
  headers.map((text) => text.replace(/[ \t]+$/, ""))
