// One case: what a server sends, in which pieces, and how it hangs up. A seed makes it, or a file of the corpus.
import type { Expected, Method } from "./answer.js"
import { generate, print } from "./answer.js"
import { lateBytes, mutate, surplus } from "./mutations.js"
import { Random } from "./random.js"

export interface Piece {
  /** Latin1. */
  readonly bytes: string
  /** Turns of the event loop between the piece before and this one. */
  readonly turns: number
}

export interface FuzzCase {
  /** What makes the case again; undefined for one of the corpus. */
  readonly seed: number | undefined
  /** Sockets in memory, or of the operating system. */
  readonly network: "memory" | "loopback"
  readonly method: Method
  /** What was done to a valid answer; empty: nothing. */
  readonly mutations: ReadonlyArray<string>
  readonly pieces: ReadonlyArray<Piece>
  /** How the server hangs up: where the exchange has not ended by itself, or in any case. */
  readonly hangUp: "fin" | "reset"
  readonly alwaysHangsUp: boolean
  /** Turns of the event loop behind the last piece, before the server hangs up or the next request is sent. */
  readonly rest: number
  /** The connection has answered another request before. */
  readonly warm: boolean
  /** The next request is sent as soon as the answer has ended, while more of its pieces may come; else behind all of them. */
  readonly eager: boolean
  /** The body is read as a stream, not whole. */
  readonly streamed: boolean
  /** What must be read; undefined where only the two clients are compared. */
  readonly expected: Expected | undefined
}

/** Of a hundred cases, how many use sockets of the operating system: each takes as long as several in memory. */
const loopbackShare = 2

/** So many turns that all that was sent has been read, over a network of one machine too. */
export const settlingTurns = 4

export const bytesOf = ({ pieces }: Pick<FuzzCase, "pieces">): string => pieces.map(({ bytes }) => bytes).join("")

const atOnce = (bytes: string): ReadonlyArray<Piece> => [{ bytes, turns: 0 }]

const cutAt = (bytes: string, places: Iterable<number>, turns: () => number): ReadonlyArray<Piece> => {
  const ends = [...new Set([...places, bytes.length])].sort((a, b) => a - b).filter((place) => place > 0)
  return ends.map((end, i) => ({ bytes: bytes.slice(i === 0 ? 0 : ends[i - 1]!, end), turns: turns() }))
}

/** The most bytes that come one by one; the others come at once behind them. */
const longestDribble = 200

/** Cuts in one of several ways. */
export const cut = (random: Random, bytes: string): ReadonlyArray<Piece> => {
  const turns = random.pick([() => 0, () => 1, () => random.below(4)])
  return random.weighted<() => ReadonlyArray<Piece>>([
    [30, () => atOnce(bytes)],
    [15, () => cutAt(bytes, Array.from({ length: Math.min(longestDribble, bytes.length) }, (_, i) => i + 1), turns)],
    [40, () => cutAt(bytes, Array.from({ length: random.between(1, 6) }, () => random.below(bytes.length + 1)), turns)],
    // Around the ends of lines, where the parser changes its mind.
    [15, () => {
      const ends = [...bytes.slice(0, 2_000).matchAll(/\r\n/g)].map(({ index }) => index)
      return cutAt(bytes, ends.map((end) => end + random.below(4)), turns)
    }]
  ])()
}

/** The case of this seed. */
export const make = (seed: number): FuzzCase => {
  const random = new Random(seed)
  const method = random.weighted<Method>([[65, "GET"], [15, "HEAD"], [20, "POST"]])
  const { answer, expected } = generate(random, method)
  const count = random.weighted([[8, 0], [62, 1], [22, 2], [8, 3]])
  const mutated = count === 0 ? { names: [], bytes: print(answer) } : mutate(random, answer, method, count)
  // A reset may take away what was not read yet, and never ends an answer well.
  const hangUp = count === 0 || random.chance(75) ? "fin" : "reset"
  const loopback = random.chance(loopbackShare)
  // Over a network, bytes may be on their way while the next request is, and then nobody can tell whose answer they are.
  const eager = random.chance(30) && !loopback
  const late = random.chance(loopback ? 30 : 4)
  const pieces = cut(random, mutated.bytes)
  return {
    seed,
    network: loopback ? "loopback" : "memory",
    method,
    mutations: late ? [...mutated.names, lateBytes] : mutated.names,
    pieces: late ? [...pieces, { bytes: surplus(random, method), turns: random.between(2, 4) }] : pieces,
    hangUp,
    alwaysHangsUp: random.chance(25),
    rest: hangUp === "fin" && random.chance(late ? 60 : 25) ? 0 : settlingTurns,
    warm: random.chance(30),
    eager,
    streamed: random.chance(10),
    expected: count === 0 && !late ? expected : undefined
  }
}
