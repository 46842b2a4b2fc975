/**
 * The answers that users hold, over a running exchange.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { PoolError } from "../PoolError.js"
import { ProtocolError } from "../PoolError.js"
import type { Exchange, PoolResponse, ResponseInfo, Timings } from "../PoolResponse.js"
import { concat, owned } from "./bodyBuffer.js"
import type { RunningExchange } from "./exchange.js"
import { connectionLost } from "./exchangeErrors.js"
import { PiecePacker } from "./piecePacker.js"

/** Nothing is inherited under a name, so that no header's name means anything but itself. */
const headersPrototype: object = Object.getPrototypeOf(Headers.empty)

const parseHeaders = (raw: ReadonlyArray<string>): Headers.Headers => {
  const record = Object.create(headersPrototype) as Record<string, string>
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const before = record[name]
    record[name] = before === undefined ? raw[i + 1]! : `${before}, ${raw[i + 1]!}`
  }
  return record as Headers.Headers
}

/** Headers are parsed when they are asked for. */
class Info implements ResponseInfo {
  private parsed: Headers.Headers | undefined = undefined
  protected readonly exchange: RunningExchange

  constructor(exchange: RunningExchange) {
    this.exchange = exchange
  }

  get status(): number {
    return this.exchange.head!.status
  }

  get headers(): Headers.Headers {
    return this.parsed ??= parseHeaders(this.rawHeaders)
  }

  get rawHeaders(): ReadonlyArray<string> {
    return this.exchange.head!.rawHeaders
  }

  get timings(): Timings {
    return this.exchange.timings
  }

  get reused(): boolean {
    return this.exchange.lease!.reused
  }

  get attempts(): number {
    return this.exchange.attempts
  }

  get connectionId(): number {
    return this.exchange.held!.id
  }

  get origin(): string {
    return this.exchange.origin.origin.href
  }

  get remoteAddress(): string | undefined {
    return this.exchange.held!.connection!.remoteAddress
  }
}

/** What the parser says of it would show a part of the body. */
export const notJson = (origin: string, length: number): ProtocolError =>
  new ProtocolError({
    origin,
    progress: "response-started",
    reason: "InvalidJson",
    description: `the body of ${length} bytes is not JSON`
  })

const decoder = new TextDecoder()

export class WholeResponse extends Info implements PoolResponse {
  private bytes: Uint8Array
  private decoded: string | undefined = undefined

  constructor(exchange: RunningExchange) {
    super(exchange)
    this.bytes = exchange.body.buffer.takeAll()
  }

  /** Copied when it is asked for, once: whoever reads the text does without. */
  get body(): Uint8Array {
    return this.bytes = owned(this.bytes)
  }

  get text(): string {
    return this.decoded ??= decoder.decode(this.bytes)
  }

  get json(): Effect.Effect<unknown, ProtocolError> {
    return Effect.suspend(() => {
      try {
        return Effect.succeed(JSON.parse(this.text) as unknown)
      } catch {
        return Effect.fail(notJson(this.exchange.origin.origin.href, this.bytes.length))
      }
    })
  }

  get latency(): number {
    return this.timings.total
  }
}

export class OpenExchange extends Info implements Exchange {
  /** The whole body, for whoever asks again. */
  private whole: Effect.Effect<Uint8Array, PoolError> | undefined = undefined

  get body(): Stream.Stream<Uint8Array, PoolError> {
    return Stream.suspend(() => {
      this.exchange.body.beginReading()
      return Stream.ensuring(Stream.repeatEffectChunkOption(this.exchange.body.buffer.pull()), Effect.sync(this.abort))
    })
  }

  get bytes(): Effect.Effect<Uint8Array, PoolError> {
    return Effect.suspend(() => this.whole ?? this.readWhole())
  }

  get complete(): boolean {
    return this.exchange.complete
  }

  readonly abort = (): void => this.exchange.abort()

  /** The whole body, if all of it is here and nobody has begun to read it; to be shown as `owned` only. */
  takeWhole(): Uint8Array | undefined {
    return this.whole === undefined && this.exchange.body.buffer.ended ? this.begin() : undefined
  }

  private begin(): Uint8Array | undefined {
    const { exchange } = this
    exchange.body.beginReading()
    const tooLarge = exchange.readWhole()
    if (tooLarge !== undefined) this.whole = Effect.fail(tooLarge)
    if (tooLarge !== undefined || !exchange.body.buffer.ended) return undefined
    let bytes = exchange.body.buffer.takeAll()
    this.whole = Effect.sync(() => bytes = owned(bytes))
    return bytes
  }

  private readWhole(): Effect.Effect<Uint8Array, PoolError> {
    this.begin()
    if (this.whole !== undefined) return this.whole
    const others = Deferred.unsafeMake<Uint8Array, PoolError>(FiberId.none)
    this.whole = Deferred.await(others)
    return Effect.onExit(this.collect([], new PiecePacker()), (exit) =>
      Effect.sync(() => {
        this.abort()
        const interrupted = Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)
        this.whole = interrupted ? Effect.fail(connectionLost(this.exchange, "released")) : exit
        Deferred.unsafeDone(others, this.whole)
      }))
  }

  private collect(pieces: Array<Uint8Array>, packer: PiecePacker): Effect.Effect<Uint8Array, PoolError> {
    return Effect.matchEffect(this.exchange.body.buffer.pull(), {
      onSuccess: (chunk) => {
        for (const piece of chunk) packer.add(pieces, piece)
        return this.collect(pieces, packer)
      },
      onFailure: Option.match({
        onNone: () => Effect.succeed(owned(concat(pieces))),
        onSome: Effect.fail
      })
    })
  }
}
