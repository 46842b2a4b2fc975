// Answers that are worth to be tried again each time: classic attacks, and what fuzzing has found. One JSON file each.
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import type { Method } from "./answer.js"
import { cut, type FuzzCase, settlingTurns } from "./fuzzCase.js"
import { Random } from "./random.js"

/** Latin1; a part that is repeated says how often. */
type Part = string | { readonly text: string; readonly times: number }

export interface Entry {
  readonly name: string
  /** What it is about. */
  readonly shows: string
  readonly method: Method
  /** The bytes on the wire. */
  readonly bytes: string
  /** How the server hangs up when the exchange is not over by then. */
  readonly hangUp: "fin" | "reset"
  /** The pool decodes bodies; undici is not asked then. */
  readonly decompress: boolean
  /** What the pool must make of it: an answer, or the beginning of its error's description. */
  readonly outcome: { readonly status: number; readonly body: string } | { readonly error: string }
}

interface File extends Omit<Entry, "name" | "bytes" | "method" | "hangUp" | "decompress"> {
  readonly method?: Method
  readonly hangUp?: "fin" | "reset"
  readonly decompress?: boolean
  readonly bytes: ReadonlyArray<Part>
}

const directory = fileURLToPath(new URL("../../corpus/", import.meta.url))

const expand = (part: Part): string => typeof part === "string" ? part : part.text.repeat(part.times)

const entryOf = (name: string, file: File): Entry => ({
  method: "GET",
  hangUp: "fin",
  decompress: false,
  ...file,
  name,
  bytes: file.bytes.map(expand).join("")
})

export const read = (): ReadonlyArray<Entry> =>
  fs.readdirSync(directory).filter((file) => file.endsWith(".json")).sort().map((file) =>
    entryOf(file.slice(0, -".json".length), JSON.parse(fs.readFileSync(directory + file, "utf8")) as File)
  )

/** An entry as a case, cut in a way that the seed says, on a connection that has served another request for every second one. */
export const caseOf = ({ bytes, hangUp, method }: Entry, seed: number, network: FuzzCase["network"]): FuzzCase => ({
  seed: undefined,
  network,
  method,
  mutations: [],
  pieces: cut(new Random(seed), bytes),
  hangUp,
  alwaysHangsUp: false,
  rest: settlingTurns,
  warm: seed % 2 === 1,
  eager: network === "memory" && seed % 3 === 1,
  streamed: seed % 5 === 4,
  expected: undefined
})
