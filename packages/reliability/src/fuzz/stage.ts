// The server's side of one case: connections, the fuzzed answer on one of them, and a good answer to every other request. It moves
// on by one step in each turn of the event loop.
import type { FuzzCase } from "./fuzzCase.js"
import { settlingTurns } from "./fuzzCase.js"

/** One connection, seen from the server. */
export interface Line {
  readonly send: (bytes: string) => void
  readonly finish: () => void
  readonly reset: () => void
  /** The client has closed it. */
  readonly gone: () => boolean
}

/** The requests of a case, by their target. */
export const target = { warm: "/warm", fuzzed: "/fuzzed", next: "/next" } as const

/** What belongs to this request of this case and to no other. */
export const ownBody = (path: string, id: number): string => `answer to ${path} of case ${id}`

const ownAnswer = (method: string, path: string, id: number): string => {
  const body = ownBody(path, id)
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${method === "HEAD" ? "" : body}`
}

export class Stage {
  /** Every connection of the case. */
  readonly lines: Array<Line> = []
  /** Bytes of the fuzzed answer that left before the client closed. */
  sent = 0
  /** The fuzzed request came once more, when so many bytes of the answer to the first had left. */
  repeatedBehind: number | undefined = undefined
  /**
   * Whether the connection was still open when everything had been sent and read, the end of the answer included. Undefined where it
   * was hung up, or not looked at.
   */
  kept: boolean | undefined = undefined
  /** The connection was reset while the answer had no end. */
  cutOff = false
  /** This side does nothing more by itself. */
  settled = false
  /** Called once, when all is settled: what the client sends next is a request of its own. */
  onSettled: (() => void) | undefined = undefined

  private readonly fuzzCase: FuzzCase
  private readonly id: number
  /** The fuzzed answer goes here. */
  private line: Line | undefined = undefined
  private nextPiece = 0
  private turns = 0
  private hasHungUp = false
  private over = false
  /** The same, known a turn ago: since then the event loop has had a chance to read what was sent meanwhile. */
  private overBefore = false

  constructor(fuzzCase: FuzzCase, id: number) {
    this.fuzzCase = fuzzCase
    this.id = id
  }

  /** A connection of the client; what it sends goes to the function that comes back. */
  open(line: Line): (text: string) => void {
    this.lines.push(line)
    let received = ""
    return (text) => {
      received += text
      for (let end = received.indexOf("\r\n\r\n"); end !== -1; end = received.indexOf("\r\n\r\n")) {
        const [method, path] = received.slice(0, received.indexOf("\r\n")).split(" ")
        received = received.slice(end + 4)
        this.answer(line, method!, path!)
      }
    }
  }

  /** The exchange of the fuzzed request is over, well or not. */
  end(): void {
    this.over = true
    if (this.line === undefined) this.settle()
  }

  step(): void {
    if (this.line === undefined || this.settled) return
    const over = this.overBefore
    this.overBefore = this.over
    if (this.turns > 0) {
      this.turns--
      return
    }
    const { pieces } = this.fuzzCase
    while (this.nextPiece < pieces.length) {
      this.send(this.line, pieces[this.nextPiece++]!.bytes)
      // The client may have sent its next request meanwhile.
      if (this.settled) return
      if (this.nextPiece === pieces.length) this.turns = this.fuzzCase.rest
      else this.turns = pieces[this.nextPiece]!.turns
      if (this.turns > 0) return
    }
    if (!this.hasHungUp) return this.hangUp(this.line, over)
    if (this.over) this.settle()
  }

  private send(line: Line, bytes: string): void {
    if (line.gone()) return
    this.sent += bytes.length
    line.send(bytes)
  }

  private hangUp(line: Line, over: boolean): void {
    const { alwaysHangsUp, hangUp, rest } = this.fuzzCase
    this.hasHungUp = true
    if (over && !alwaysHangsUp) {
      if (rest > 0) this.kept = !line.gone()
      return this.settle()
    }
    if (!line.gone()) {
      if (hangUp === "fin") line.finish()
      else {
        this.cutOff = !this.over
        line.reset()
      }
    }
    this.turns = settlingTurns
  }

  private settle(): void {
    if (this.settled) return
    this.settled = true
    const { onSettled } = this
    this.onSettled = undefined
    onSettled?.()
  }

  private answer(line: Line, method: string, path: string): void {
    if (path === target.fuzzed) {
      if (this.line === undefined) {
        this.line = line
        this.turns = this.fuzzCase.pieces[0]?.turns ?? 0
        return
      }
      this.repeatedBehind = this.sent
    }
    // From here on every byte would be an answer to the next request.
    if (path === target.next) this.settle()
    // Not while it is being asked: a network is never that quick.
    process.nextTick(() => line.send(ownAnswer(method, path, this.id)))
  }
}
