/**
 * The body of an answer, from the pieces on the wire to the reader: size limits, decoding, and the back-pressure of whoever reads
 * it or does not.
 *
 * @internal
 */
import type { ResponseHead } from "../Connection.js"
import type { Decoding, DecodingObserver } from "../ContentDecoder.js"
import type { PoolError } from "../PoolError.js"
import { ProtocolError, ResponseTooLarge } from "../PoolError.js"
import type { BodySource } from "./bodyBuffer.js"
import { BodyBuffer, bodyHighWater } from "./bodyBuffer.js"
import { codingsOf, withoutCoding } from "./contentCoding.js"
import type { RunningExchange } from "./exchange.js"
import { connectionLost } from "./exchangeErrors.js"
import type { UnreadBody } from "./unreadBodies.js"

export class AnswerBody implements BodySource, DecodingObserver {
  readonly buffer = new BodyBuffer(this)
  /** Bytes that came, as they came. */
  received = 0
  private broken: PoolError | undefined = undefined
  private decoded = 0
  private declared: number | undefined = undefined
  private decoding: Decoding | undefined = undefined
  private bufferFull = false
  private decoderFull = false
  private paused = false
  private unread: UnreadBody | undefined = undefined
  /** Bytes, before and after decoding. */
  private limit: number
  readonly exchange: RunningExchange

  constructor(exchange: RunningExchange) {
    const { mode, origin, request } = exchange
    this.exchange = exchange
    this.limit = request.maxResponseSize ?? (mode === "collect" ? origin.settings.maxResponseSize : Infinity)
  }

  // --- from the wire ------------------------------------------------------------------------------------------------------------

  /** Returns the headers as the caller is to see them. */
  begin(head: ResponseHead): ResponseHead {
    this.declared = head.contentLength
    if (this.declared !== undefined && !this.fits(this.declared, true)) return head
    const { decoder } = this.exchange.pool
    const codings = decoder === undefined ? undefined : codingsOf(head, decoder)
    if (decoder === undefined || codings === undefined) return head
    if (typeof codings === "string") {
      this.exchange.fail(this.badEncoding(codings))
      return head
    }
    this.decoding = decoder.decode(codings, this)
    return withoutCoding(head)
  }

  push(piece: Uint8Array): void {
    this.received += piece.length
    if (!this.fits(this.received, false)) return
    if (this.decoding === undefined) return this.take(piece)
    if (!this.decoding.write(piece)) {
      this.decoderFull = true
      this.adjust()
    }
  }

  end(): void {
    if (this.decoding === undefined) this.completed()
    else this.decoding.end()
  }

  /** The wire has broken. Told after the pieces that have come, and those that are still to be decoded. */
  break(error: PoolError): void {
    if (this.decoding === undefined) return this.fail(error)
    this.broken = error
    this.leaveUnread()
    this.decoding.end()
  }

  /** Told after the pieces that are there. */
  fail(error: PoolError): void {
    this.abandon()
    this.buffer.fail(error)
  }

  /** Nobody wants it any more. */
  abandon(): void {
    this.leaveUnread()
    if (this.buffer.ended) return
    this.decoding?.close()
    this.decoding = undefined
    if (this.broken !== undefined) this.buffer.fail(this.broken)
  }

  private completed(): void {
    this.buffer.end()
    this.exchange.onBodyComplete()
  }

  // --- decoded ------------------------------------------------------------------------------------------------------------------

  onDecoded(piece: Uint8Array): void {
    this.decoded += piece.length
    if (this.fits(this.decoded, false)) this.take(piece)
  }

  onDecodedEnd(): void {
    if (this.broken === undefined) this.completed()
    else this.buffer.fail(this.broken)
  }

  onDecodeFailure(cause: unknown): void {
    if (this.broken !== undefined) return this.buffer.fail(this.broken)
    this.exchange.fail(this.badEncoding("the body is not what its content-encoding says", cause))
  }

  onDecodeDrain(): void {
    this.decoderFull = false
    this.adjust()
  }

  // --- to the reader ------------------------------------------------------------------------------------------------------------

  private take(piece: Uint8Array): void {
    this.buffer.push(piece)
    if (this.exchange.mode === "collect" || this.buffer.unread <= bodyHighWater) return
    if (this.isUnread) {
      this.unread ??= this.exchange.pool.unread.add(this)
      if (this.unread.admits(this.buffer.unread)) return
    }
    this.hold()
  }

  /** Nobody has begun to read, and nobody has said that he will. */
  get isUnread(): boolean {
    return this.exchange.mode === "open" && !this.buffer.reading
  }

  /** Whoever is to read it does not ask for more. Who never began is not meant: such a body is ended. */
  get isLeft(): boolean {
    return this.exchange.mode !== "collect" && !this.isUnread && !this.buffer.wanted
  }

  beginReading(): void {
    // A second reader would miss what the first has taken.
    if (this.buffer.reading) throw new Error("the body of an exchange can be read only once")
    this.buffer.reading = true
    this.leaveUnread()
  }

  /** Nobody will read it, or somebody does. */
  leaveUnread(): void {
    this.unread?.leave()
    this.unread = undefined
  }

  /** It has been unread for too long. */
  giveUp(): void {
    this.exchange.fail(connectionLost(this.exchange, "unread"))
  }

  /** Reads on though nobody reads. */
  takeIn(): void {
    this.bufferFull = false
    this.decoding?.resume()
    this.adjust()
  }

  onWanted(): void {
    this.exchange.onWanted()
  }

  onTaken(): void {
    this.exchange.onTaken()
    if (this.bufferFull) this.takeIn()
  }

  private hold(): void {
    this.bufferFull = true
    this.decoding?.pause()
    this.adjust()
  }

  /** The wire waits for a reader who does not keep up; not for one of a body that is small (C3). */
  private adjust(): void {
    const small = this.declared !== undefined && this.declared <= bodyHighWater
    const pause = !small && (this.bufferFull || this.decoderFull)
    if (pause === this.paused || this.exchange.complete) return
    this.paused = pause
    const { connection } = this.exchange.held!
    if (pause) connection!.pause()
    else connection!.resume()
  }

  // --- limits -------------------------------------------------------------------------------------------------------------------

  /** The limit of a body that is read whole holds from here on. Says what is wrong if it is passed already. */
  limitTo(limit: number): ResponseTooLarge | undefined {
    this.limit = limit
    const declared = this.tooLarge(this.declared ?? 0, true)
    const error = declared ?? this.tooLarge(Math.max(this.received, this.decoded), false)
    if (error !== undefined) this.exchange.fail(error)
    return error
  }

  private fits(received: number, declared: boolean): boolean {
    const error = this.tooLarge(received, declared)
    if (error !== undefined) this.exchange.fail(error)
    return error === undefined
  }

  private tooLarge(received: number, declared: boolean): ResponseTooLarge | undefined {
    const { limit } = this
    if (received <= limit) return undefined
    return new ResponseTooLarge({ origin: this.origin, progress: "response-started", limit, received, declared })
  }

  private badEncoding(description: string, cause?: unknown): ProtocolError {
    return new ProtocolError({
      origin: this.origin,
      progress: "response-started",
      reason: "BadEncoding",
      description,
      ...(cause === undefined ? {} : { cause })
    })
  }

  private get origin(): string {
    return this.exchange.origin.origin.href
  }
}
