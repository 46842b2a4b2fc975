// Where we accept, or keep, on purpose what undici 7.30.2 does not. Each entry takes its cause out of the case; only if undici then
// reads the rest as we read the whole, the entry explains the case, and nothing else is wrong with it.
import { bytesOf, type FuzzCase } from "./fuzzCase.js"
import type { Reading } from "./reading.js"

export interface Intended {
  readonly name: string
  readonly reason: string
  /** The case without the cause; undefined where the case does not have it. */
  readonly without: (fuzzCase: FuzzCase, ours: Reading) => FuzzCase | undefined
}

/** The place of the final answer's head: behind the interim answers, and to its empty line. */
const finalHead = (bytes: string): { readonly start: number; readonly end: number } => {
  let start = 0
  for (;;) {
    // Empty lines in front are skipped.
    while (bytes[start] === "\r" || bytes[start] === "\n") start++
    const end = bytes.indexOf("\r\n\r\n", start)
    if (end === -1) return { start, end: bytes.length }
    if (!/^HTTP\/1\.[01] 1\d\d/.test(bytes.slice(start, end))) return { start, end: end + 2 }
    start = end + 4
  }
}

/** Other bytes, just as many, in pieces cut at the same places. */
const withBytes = (fuzzCase: FuzzCase, bytes: string): FuzzCase => {
  let at = 0
  return {
    ...fuzzCase,
    pieces: fuzzCase.pieces.map((piece) => ({ ...piece, bytes: bytes.slice(at, at += piece.bytes.length) }))
  }
}

const changeHead = (fuzzCase: FuzzCase, change: (head: string) => string): FuzzCase => {
  const bytes = bytesOf(fuzzCase)
  const { end, start } = finalHead(bytes)
  return withBytes(fuzzCase, bytes.slice(0, start) + change(bytes.slice(start, end)) + bytes.slice(end))
}

const hideLength = (head: string): string => head.replace(/(?<=\r\n)content(?=-length:)/gi, "x------")

const announcesBody = /\r\ncontent-length:[ \t]*0*[1-9]/i

const accepted: ReadonlyArray<Intended> = [
  {
    name: "100 Continue that nobody asked for",
    reason:
      "RFC 9110, 15.2: a client must be able to read interim answers, also those it did not ask for; undici fails the exchange",
    without: (fuzzCase) => {
      const bytes = bytesOf(fuzzCase)
      const { start } = finalHead(bytes)
      const changed = bytes.slice(0, start).replace(/(?<=^|[\r\n])(HTTP\/1\.[01] )100/g, "$1102")
      return changed === bytes.slice(0, start) ? undefined : withBytes(fuzzCase, changed + bytes.slice(start))
    }
  },
  {
    name: "204 or 304 with a content-length",
    reason:
      "RFC 9112, 6.3: neither has a body, whatever its headers say; undici waits for that many bytes and calls it a mismatch",
    without: (fuzzCase, { kept, status }) => {
      if (status !== 204 && status !== 304) return undefined
      // Behind a 204 the announced body may come all the same, and would be taken for the next answer.
      if (status === 204 && kept === true && announcesBody.test(bytesOf(fuzzCase))) return undefined
      const changed = changeHead(fuzzCase, hideLength)
      return bytesOf(changed) === bytesOf(fuzzCase) ? undefined : changed
    }
  }
]

/**
 * undici closes the connection of every HEAD. RFC 9112, 6.3: the answer ends with its head, so nothing about it is uncertain. undici
 * gets the same answer to a GET, as a 204, which has no body either: if it keeps that connection, so may we.
 */
const keptHead: Intended = {
  name: "connection kept after HEAD",
  reason: "RFC 9112, 6.3: an answer to HEAD ends with its head; undici closes the connection each time",
  without: (fuzzCase, { kept }) => {
    if (fuzzCase.method !== "HEAD" || kept !== true) return undefined
    const noContent = changeHead(fuzzCase, (head) => hideLength(head.replace(/(?<=^HTTP\/1\.[01] )\d\d\d/, "204")))
    return { ...noContent, method: "GET" }
  }
}

export const intended: ReadonlyArray<Intended> = [...accepted, keptHead]

/** The case without all these causes, and their names; undefined where it has none of them. */
export const withoutCauses = (
  fuzzCase: FuzzCase,
  ours: Reading
): { readonly rest: FuzzCase; readonly name: string } | undefined => {
  let rest = fuzzCase
  const names: Array<string> = []
  for (const { name, without } of intended) {
    const changed = without(rest, ours)
    if (changed === undefined) continue
    rest = changed
    names.push(name)
  }
  return names.length === 0 ? undefined : { rest, name: names.join(", ") }
}

/** Whether undici does with the rest of a case what we do with the whole. */
export const explains = (ours: Reading, theirs: Reading): boolean =>
  theirs.accepted && theirs.body === ours.body && !(ours.kept === true && theirs.kept === false)
