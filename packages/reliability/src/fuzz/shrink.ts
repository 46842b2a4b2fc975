// Makes a failing case as small as it gets, greedily: what is taken away stays away if the case still fails in the same way.
import { bytesOf, type FuzzCase, type Piece, settlingTurns } from "./fuzzCase.js"

/** The most cases that are tried, and the most time. */
const most = { tries: 400, milliseconds: 10_000 } as const

/** All at once, and in halves, quarters and so on, down to single ones. */
function* ranges(length: number): Generator<readonly [start: number, end: number]> {
  for (let size = length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < length; start += size) yield [start, Math.min(length, start + size)]
  }
}

const withoutBytes = (pieces: ReadonlyArray<Piece>, start: number, end: number): ReadonlyArray<Piece> => {
  let at = 0
  return pieces.flatMap(({ bytes, turns }) => {
    const left = bytes.slice(0, Math.max(0, start - at)) + bytes.slice(Math.max(0, end - at))
    at += bytes.length
    return left === "" ? [] : [{ bytes: left, turns }]
  })
}

const simpler = (fuzzCase: FuzzCase): ReadonlyArray<Partial<FuzzCase>> => [
  { pieces: [{ bytes: bytesOf(fuzzCase), turns: 0 }] },
  { pieces: fuzzCase.pieces.map(({ bytes }) => ({ bytes, turns: 0 })) },
  { pieces: fuzzCase.pieces.map(({ bytes, turns }) => ({ bytes, turns: Math.min(turns, 1) })) },
  { network: "memory" },
  { warm: false },
  { eager: false },
  { streamed: false },
  { alwaysHangsUp: false },
  { hangUp: "fin" },
  { rest: settlingTurns },
  { method: "GET" }
]

const joined = (pieces: ReadonlyArray<Piece>, at: number): ReadonlyArray<Piece> => [
  ...pieces.slice(0, at),
  { bytes: pieces[at]!.bytes + pieces[at + 1]!.bytes, turns: pieces[at]!.turns },
  ...pieces.slice(at + 2)
]

export const shrink = async (found: FuzzCase, fails: (fuzzCase: FuzzCase) => Promise<boolean>): Promise<FuzzCase> => {
  let smallest = found
  let tries = 0
  const started = performance.now()
  const spent = (): boolean => tries >= most.tries || performance.now() - started >= most.milliseconds
  const attempt = async (fields: Partial<FuzzCase>): Promise<boolean> => {
    const candidate = { ...smallest, ...fields }
    if (spent() || JSON.stringify(candidate) === JSON.stringify(smallest)) return false
    tries++
    if (!(await fails(candidate))) return false
    smallest = candidate
    return true
  }
  let before: FuzzCase
  do {
    before = smallest
    for (const fields of simpler(smallest)) await attempt(fields)
    for (let at = smallest.pieces.length - 2; at >= 0; at--) await attempt({ pieces: joined(smallest.pieces, at) })
    // What a valid answer must be read as goes with all of its bytes.
    if (smallest.expected !== undefined) continue
    for (const [start, end] of ranges(bytesOf(smallest).length)) {
      if (start < bytesOf(smallest).length) await attempt({ pieces: withoutBytes(smallest.pieces, start, end) })
    }
  } while (smallest !== before && !spent())
  return smallest
}
