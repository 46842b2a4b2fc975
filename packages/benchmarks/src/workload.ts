// What a contender is asked to do, and how its answers are known to be right.
import { BrokenRun } from "./brokenRun.js"

/** Which server is asked: ours, or nginx as it comes. */
export type Site = "http" | "https" | "nginx" | "nginxTls"

/** What the caller wants of a body, which is always read to its end; of a stream its bytes are counted as they come. */
export type Reads = "json" | "text" | "bytes" | "stream"

export interface Workload {
  readonly name: string
  readonly title: string
  readonly site: Site
  readonly method: "GET" | "POST"
  readonly path: string
  /** Sent by every contender; most add some of their own, as they do for their users. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** So many bytes are sent piece by piece, with their length declared, instead of `body`. */
  readonly upload: number
  /** The text is sent so many times. */
  readonly answer: { readonly type: string; readonly text: string; readonly times: number }
  readonly reads: Reads
  /** Callers at the same time, where the command line names none. */
  readonly callers: ReadonlyArray<number>
  /** To each origin, at most. */
  readonly connections: number
  /** How many are asked, in turn. */
  readonly origins: number
  /** Every tenth call is never answered, and the caller gives it up after a millisecond. */
  readonly givesUp: boolean
  /** Each caller makes one call, with a client that is new and has no connection; then the client is closed. */
  readonly cold: boolean
  /** With 50 callers every contender takes part, and otherwise a choice of them. */
  readonly everybody: boolean
  /** Whether this is what the server answered, read as the workload says. */
  readonly isRight: (value: unknown) => boolean
}

/** A call to this path is never answered. */
export const neverPath = "/never"

/** Milliseconds after which a call that is never answered is given up. */
export const giveUpAfter = 1

/** What every contender does with each value it got. */
export const check = (workload: Workload, value: unknown): void => {
  if (workload.isRight(value)) return
  const shown = value instanceof Uint8Array
    ? `${value.length} bytes`
    : (JSON.stringify(value) ?? "nothing").slice(0, 300)
  throw new BrokenRun(`wrong answer to ${workload.name}: ${shown}`)
}

/** What every contender does with each status. */
export const checkStatus = (status: number | undefined): void => {
  if (status !== 200) throw new BrokenRun(`status ${status}`)
}

/** Takes the pieces of one answer, for clients that hand them over. */
export class Sink {
  readonly #workload: Workload
  readonly #pieces: Array<Uint8Array> = []
  #bytes = 0

  constructor(workload: Workload) {
    this.#workload = workload
  }

  take(piece: Uint8Array): void {
    if (this.#workload.reads === "stream") this.#bytes += piece.length
    else this.#pieces.push(piece)
  }

  /** To be called at the end of the answer. */
  check(): void {
    check(this.#workload, this.#read())
  }

  #read(): unknown {
    const { reads } = this.#workload
    if (reads === "stream") return this.#bytes
    const [first] = this.#pieces
    const whole = this.#pieces.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(this.#pieces)
    if (reads === "bytes") return whole
    return reads === "json" ? JSON.parse(whole.toString()) : whole.toString()
  }
}

const pieceLength = 65_536

const piece = Buffer.alloc(pieceLength, "connection")

/** The pieces of an upload: one after another the same bytes, which costs nothing. */
export function* uploadPieces({ upload }: Workload): Generator<Buffer, void> {
  for (let left = upload; left > 0; left -= pieceLength) yield left < pieceLength ? piece.subarray(0, left) : piece
}
