// What the two readings of a case say together.
import type { FuzzCase } from "./fuzzCase.js"
import type { Played } from "./pooledClient.js"
import type { Reading } from "./reading.js"

export interface Failure {
  readonly kind: "failure"
  /** The same for all cases that fail in the same way. */
  readonly symptom: string
  readonly detail: string
}

export type Verdict =
  | { readonly kind: "both accept" | "both refuse" | "only undici accepts" }
  /** For a reason that `intended.ts` knows. */
  | { readonly kind: "intended"; readonly name: string }
  | Failure

/** We accept or keep what undici does not: a failure, unless it is intended. */
export const onlyWeAccept = "we accept what undici refuses"
export const onlyWeKeep = "we keep a connection that undici closes"

const failure = (symptom: string, detail: string): Failure => ({ kind: "failure", symptom, detail })

const print = ({ body, error, headers, status }: Reading): string =>
  error ?? `${status} ${JSON.stringify(headers)} ${JSON.stringify(body)}`

const sameTexts = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i])

export const judge = ({ expected }: FuzzCase, { complaint, reading: ours }: Played, theirs: Reading): Verdict => {
  if (complaint !== undefined) return failure(complaint.symptom, complaint.detail)
  if (expected !== undefined) {
    if (!ours.accepted && !expected.refusable) return failure("a valid answer is refused", print(ours))
    if (ours.accepted && (ours.status !== expected.status || ours.body !== expected.body)) {
      return failure("a valid answer is read wrongly", `${print(ours)} in place of ${JSON.stringify(expected)}`)
    }
  }
  if (!ours.accepted) return { kind: theirs.accepted ? "only undici accepts" : "both refuse" }
  if (!theirs.accepted) return failure(onlyWeAccept, `we read ${print(ours)}, undici: ${theirs.error}`)
  if (ours.status !== theirs.status || ours.body !== theirs.body || !sameTexts(ours.headers, theirs.headers)) {
    return failure("the two read different answers", `we read ${print(ours)}, undici ${print(theirs)}`)
  }
  return ours.kept === true && theirs.kept === false ? failure(onlyWeKeep, print(ours)) : { kind: "both accept" }
}
