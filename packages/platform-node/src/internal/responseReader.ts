/**
 * Turns the bytes of one connection into answers: heads, pieces of bodies, ends. It knows no socket.
 *
 * What counts towards `maxHeaderSize`: every byte that is not the body's. One exception, so that a long chunked body is
 * not failed for its own framing: behind the first byte of the body, a chunk's size line counts only from its extension
 * on, or from where it is longer than any size. Trailers count whole. So nothing the peer can send outside a body is
 * unbounded: a size line is free only with a byte of the body behind it.
 *
 * @since 0.1.0
 */
import type { ProtocolViolation, ResponseHead } from "@connection-pool/core/Connection"
import { HeaderText } from "./headerText.js"
import * as Llhttp from "./llhttp.js"

/**
 * Takes what the reader finds. `blocked` and `gone` are looked at after each call: the reader stops behind the piece it
 * has delivered.
 *
 * @internal
 */
export interface ReaderOwner {
  /** Nothing more is wanted for the moment. */
  readonly blocked: boolean
  /** Nothing more is wanted at all. */
  readonly gone: boolean
  onHead(head: ResponseHead): void
  onPiece(piece: Uint8Array): void
}

/**
 * Why the reader stopped: the chunk is used up, the answer is complete, the owner is blocked or gone, or the bytes are
 * no answer (see `violation`). For all but `more` and `gone`, `position` says how far it came.
 *
 * @internal
 */
export type Outcome = "more" | "complete" | "blocked" | "gone" | "violated"

/**
 * What was wrong with the answer.
 *
 * @internal
 */
export interface Violation {
  readonly reason: ProtocolViolation
  readonly description: string
}

const phase = { head: 0, interimEnd: 1, beforeBody: 2, body: 3, trailers: 4, complete: 5 } as const
type Phase = typeof phase[keyof typeof phase]

/** CR LF, 16 hexadecimal digits, CR LF: the longest size line that says no more than a size. */
const longestSizeLine = 20

const noBytes = Buffer.alloc(0)
const noHeaders: Array<string> = []

const CR = 13
const LF = 10
const SEMICOLON = 59
const LETTER_H = 72

const keepAliveTimeout = /(?:^|[\s,;])timeout\s*=\s*"?(\d{1,9})(?!\d)/i
const keepAliveMax = /(?:^|[\s,;])max\s*=\s*"?(\d{1,9})(?!\d)/i
const chunkedAtLast = /(?:^|[\t ,])chunked[\t ,]*$/i
const isChunked = (coding: string): boolean => coding.trim().toLowerCase() === "chunked"
const closeOption = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i

const trimmed = (value: string): string => {
  let end = value.length
  while (end > 0 && (value.charCodeAt(end - 1) === 32 || value.charCodeAt(end - 1) === 9)) end--
  return end === value.length ? value : value.slice(0, end)
}

/**
 * The state of one connection's parser.
 *
 * @internal
 */
export class ResponseReader implements Llhttp.ParserCallbacks {
  /** How far the last `read` came in its chunk. */
  position = 0
  violation: Violation | undefined = undefined
  /** Whether the complete answer lets the connection live. */
  keepAlive = false
  /** `Keep-Alive: timeout`, in milliseconds. */
  idleLimit: number | undefined = undefined

  private readonly owner: ReaderOwner
  private readonly maxHeaderSize: number
  private parser: number
  private chunk: Buffer = noBytes
  private readonly text = new HeaderText()
  private rawHeaders: Array<string> = noHeaders
  private nameOpen = false
  private headRequest = false
  private paused = false
  private started = false
  private mustClose = false
  /** How many requests the server will answer after this one, by the last `Keep-Alive: max`. */
  private requestsLeft = Infinity
  /** All transfer codings of the answer whose headers are read, as one list. */
  private codings = ""
  private phase: Phase = phase.complete
  /** Bytes that count towards `maxHeaderSize`. */
  private outside = 0
  /** Up to this offset of the chunk every byte is either counted or the body's. */
  private counted = 0
  private sizeLineLength = 0
  private inExtension = false

  constructor(owner: ReaderOwner, maxHeaderSize: number) {
    this.owner = owner
    this.maxHeaderSize = maxHeaderSize
    this.parser = Llhttp.alloc()
  }

  /** Gives the parser's memory back; not while it reads. */
  free(): void {
    if (this.parser !== 0) {
      Llhttp.free(this.parser)
      this.parser = 0
    }
  }

  /** The next byte is the first of the answer to this request. */
  begin(headRequest: boolean): void {
    Llhttp.reset(this.parser)
    this.headRequest = headRequest
    this.phase = phase.head
    this.started = false
    this.paused = false
    this.outside = 0
    this.rawHeaders = noHeaders
    this.nameOpen = false
    this.keepAlive = false
    this.mustClose = false
    this.idleLimit = undefined
    this.sizeLineLength = 0
    this.inExtension = false
  }

  /** Parses `chunk` from `start` on. After a pause it goes on with what was left, which may be nothing. */
  read(chunk: Buffer, start: number): Outcome {
    this.chunk = chunk
    const outcome = this.readChunk(chunk, start)
    this.chunk = noBytes
    this.text.clear()
    return outcome
  }

  /** The peer sends no more. True when that makes the answer complete. */
  finish(): boolean {
    if (this.paused) {
      this.paused = false
      Llhttp.resume(this.parser)
    }
    return Llhttp.finish(this.parser, this) === Llhttp.errno.paused && this.phase === phase.complete
  }

  private readChunk(chunk: Buffer, start: number): Outcome {
    this.position = start
    do {
      let end = Math.min(chunk.length, this.position + Llhttp.maxInput)
      if (this.phase === phase.head) {
        // A head that is still incomplete behind the last byte it may have is too long.
        end = Math.min(end, this.position + this.maxHeaderSize - this.outside)
        if (end === this.position && end < chunk.length) return this.overflow()
        if (!this.started && !this.startsLikeHttp(end)) return "violated"
      }
      const outcome = this.readSlice(chunk, end)
      if (outcome !== "more") return outcome
    } while (this.position < chunk.length)
    return "more"
  }

  private readSlice(chunk: Buffer, end: number): Outcome {
    if (this.paused) {
      this.paused = false
      Llhttp.resume(this.parser)
    }
    this.counted = this.position
    const result = Llhttp.execute(this.parser, this, chunk, this.position, end)
    if (this.violation !== undefined) return "violated"
    if (this.owner.gone) return "gone"
    if (result === Llhttp.errno.ok) {
      this.position = end
      return this.count(end) ? "more" : "violated"
    }
    if (result !== Llhttp.errno.paused) return this.violate("InvalidHttp", Llhttp.errorReason(this.parser))
    this.paused = true
    this.position = Llhttp.stopPosition()
    if (!this.count(this.position)) return "violated"
    if (this.phase === phase.complete) return "complete"
    if (this.phase !== phase.interimEnd) return "blocked"
    this.phase = phase.head
    this.started = false
    return "more"
  }

  /** llhttp takes RTSP and ICE for HTTP, and empty lines in front. */
  private startsLikeHttp(end: number): boolean {
    for (let i = this.position; i < end; i++) {
      const byte = this.chunk[i]
      if (byte === LETTER_H) {
        this.started = true
        return true
      }
      if (byte !== CR && byte !== LF) {
        this.violate("InvalidHttp", "Expected HTTP/")
        return false
      }
    }
    return true
  }

  onHeaderName(start: number, end: number): number {
    if (this.phase >= phase.beforeBody) {
      if (this.phase !== phase.trailers) {
        if (!this.count(start)) return Llhttp.verdict.stop
        this.phase = phase.trailers
      }
      return Llhttp.verdict.proceed
    }
    const name = this.text.of(this.chunk, start, end)
    if (this.nameOpen) {
      this.rawHeaders[this.rawHeaders.length - 1] += name
    } else {
      if (this.rawHeaders === noHeaders) this.rawHeaders = [name]
      else this.rawHeaders.push(name)
      this.nameOpen = true
    }
    return Llhttp.verdict.proceed
  }

  onHeaderValue(start: number, end: number): number {
    if (this.phase >= phase.beforeBody) return Llhttp.verdict.proceed
    const value = this.text.of(this.chunk, start, end)
    if (this.nameOpen) {
      this.rawHeaders.push(value)
      this.nameOpen = false
    } else {
      this.rawHeaders[this.rawHeaders.length - 1] += value
    }
    return Llhttp.verdict.proceed
  }

  onHeadersComplete(status: number, keepAlive: boolean): number {
    const version = Llhttp.version(this.parser)
    if (version === undefined) {
      return this.refuse("InvalidHttp", "Neither HTTP/1.0 nor HTTP/1.1")
    }
    if (status < 100) return this.refuse("InvalidHttp", "Invalid status code")
    if (status === 101) return this.refuse("UnexpectedUpgrade", "101 Switching Protocols, which nobody asked for")
    if (status < 200) {
      this.phase = phase.interimEnd
      this.rawHeaders = noHeaders
      return Llhttp.verdict.noBody
    }
    const noBody = this.headRequest || status === 204 || status === 304
    this.phase = phase.beforeBody
    this.keepAlive = keepAlive
    const contentLength = this.readHeaders(status, version === 10)
    if (!noBody && chunkedAtLast.test(this.codings) && Llhttp.endsWithConnection(this.parser)) {
      // A tab or an empty element behind it, which llhttp does not know: the chunks' framing would be read as the body.
      return this.refuse("InvalidHttp", "Transfer-Encoding ends with chunked in a way that is not understood")
    }
    if (!noBody && this.codings !== "" && this.codings.split(",").filter(isChunked).length > 1) {
      // Of the two framings we would undo one, and somebody on the way may have undone the other (RFC 9112, 6.1).
      return this.refuse("InvalidHttp", "Transfer-Encoding is chunked twice")
    }
    const rawHeaders = this.rawHeaders
    this.rawHeaders = noHeaders
    this.text.complete()
    this.owner.onHead({ status, rawHeaders, contentLength: noBody ? 0 : contentLength })
    if (this.owner.gone) return Llhttp.verdict.stop
    if (noBody) return Llhttp.verdict.noBody
    return this.owner.blocked ? Llhttp.verdict.pause : Llhttp.verdict.proceed
  }

  onBody(start: number, end: number): number {
    if (!this.count(start)) return Llhttp.verdict.stop
    this.phase = phase.body
    this.counted = end
    // Going on behind a pause, with nothing left of the chunk, llhttp reports an empty piece.
    if (start === end) return Llhttp.verdict.proceed
    // The chunk is overwritten by the next read, and shows what else has come.
    this.owner.onPiece(Llhttp.copyOf(start, end))
    if (this.owner.gone) return Llhttp.verdict.stop
    return this.owner.blocked ? Llhttp.verdict.pause : Llhttp.verdict.proceed
  }

  onMessageComplete(): number {
    if (this.phase !== phase.interimEnd) {
      // At the end of its headers llhttp does not know yet that an answer to HEAD has no body.
      if (this.headRequest) this.keepAlive = !this.mustClose && Llhttp.shouldKeepAlive(this.parser)
      this.phase = phase.complete
    }
    return Llhttp.verdict.pause
  }

  /** Completes the headers, reads what the transport needs of them, and answers with `content-length`. */
  private readHeaders(status: number, version10: boolean): number | undefined {
    const headers = this.rawHeaders
    const announcesNothing = status === 204
    let contentLength: number | undefined
    this.codings = ""
    this.requestsLeft--
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const value = (headers[i + 1] = trimmed(headers[i + 1]!))
      const name = headers[i]!
      if (name.length === 14) {
        if (name.toLowerCase() === "content-length") {
          contentLength = Number(value)
          // A server that announces a body may send one, which would be read as the next answer.
          if (announcesNothing && contentLength > 0) this.mustClose = true
        }
      } else if (name.length === 10) {
        const lower = name.toLowerCase()
        if (lower === "keep-alive") this.readKeepAlive(value)
        // llhttp lets `keep-alive, close` keep an HTTP/1.0 connection.
        else if (version10 && lower === "connection" && closeOption.test(value)) this.mustClose = true
      } else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
        this.codings += `,${value}`
        // RFC 9112, 6.1: neither has one, so the answer's end cannot be trusted.
        if (version10 || announcesNothing) this.mustClose = true
      }
    }
    if (this.requestsLeft <= 0) this.mustClose = true
    if (this.mustClose) this.keepAlive = false
    return contentLength
  }

  private readKeepAlive(value: string): void {
    const seconds = keepAliveTimeout.exec(value)?.[1]
    if (seconds !== undefined) this.idleLimit = Number(seconds) * 1000
    const requests = keepAliveMax.exec(value)?.[1]
    if (requests !== undefined) this.requestsLeft = Number(requests)
  }

  /** Counts the bytes before `end` that were not counted yet; none of them is the body's. */
  private count(end: number): boolean {
    if (this.phase === phase.body) {
      for (let i = this.counted; i < end; i++) this.countFraming(this.chunk[i]!)
    } else {
      this.outside += end - this.counted
    }
    this.counted = end
    if (this.outside <= this.maxHeaderSize) return true
    this.overflow()
    return false
  }

  private countFraming(byte: number): void {
    if (byte === LF && (this.inExtension || this.sizeLineLength > 1)) {
      // The end of a size line; the LF before it, behind a chunk's bytes, is its second byte.
      this.inExtension = false
      this.sizeLineLength = 0
    } else {
      this.sizeLineLength++
      if (byte === SEMICOLON) this.inExtension = true
      if (this.inExtension || this.sizeLineLength > longestSizeLine) this.outside++
    }
  }

  private refuse(reason: ProtocolViolation, description: string): number {
    this.violate(reason, description)
    return Llhttp.verdict.stop
  }

  private overflow(): Outcome {
    return this.violate("HeaderOverflow", `more than ${this.maxHeaderSize} bytes outside the body`)
  }

  private violate(reason: ProtocolViolation, description: string): Outcome {
    this.violation = { reason, description }
    return "violated"
  }
}
