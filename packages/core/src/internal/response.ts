/**
 * The answers that users hold, over a running exchange.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { PoolError } from "../PoolError.js"
import { ProtocolError } from "../PoolError.js"
import type { Exchange, PoolResponse, ResponseInfo, Timings } from "../PoolResponse.js"
import { concat } from "./bodyBuffer.js"
import type { RunningExchange } from "./exchange.js"

const parseHeaders = (raw: ReadonlyArray<string>): Headers.Headers => {
  // Without a prototype, so that no header's name means anything but itself.
  const record = Object.create(null) as Record<string, string>
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const before = record[name]
    record[name] = before === undefined ? raw[i + 1]! : `${before}, ${raw[i + 1]!}`
  }
  return Headers.unsafeFromRecord(record)
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

  get remoteAddress(): string | undefined {
    return this.exchange.held!.connection!.remoteAddress
  }
}

const decoder = new TextDecoder()

export class WholeResponse extends Info implements PoolResponse {
  readonly body: Uint8Array
  private decoded: string | undefined = undefined

  constructor(exchange: RunningExchange) {
    super(exchange)
    this.body = exchange.body.takeAll()
  }

  get text(): string {
    return this.decoded ??= decoder.decode(this.body)
  }

  get json(): Effect.Effect<unknown, ProtocolError> {
    return Effect.try({
      try: () => JSON.parse(this.text) as unknown,
      catch: () =>
        new ProtocolError({
          origin: this.exchange.origin.origin.href,
          progress: "response-started",
          reason: "InvalidJson",
          description: `the body of ${this.body.length} bytes is not JSON`
        })
    })
  }

  get latency(): number {
    return this.timings.total
  }
}

export class OpenExchange extends Info implements Exchange {
  get body(): Stream.Stream<Uint8Array, PoolError> {
    return Stream.suspend(() => {
      this.beginReading()
      return Stream.ensuring(Stream.repeatEffectChunkOption(this.exchange.body.pull()), Effect.sync(this.abort))
    })
  }

  get bytes(): Effect.Effect<Uint8Array, PoolError> {
    return Effect.suspend(() => {
      this.beginReading()
      const tooLarge = this.exchange.readWhole()
      const whole = tooLarge === undefined ? this.collect([]) : Effect.fail(tooLarge)
      return Effect.ensuring(whole, Effect.sync(this.abort))
    })
  }

  readonly abort = (): void => this.exchange.abort()

  /** A second reader would miss what the first has taken. */
  private beginReading(): void {
    if (this.exchange.body.reading) throw new Error("the body of an exchange can be read only once")
    this.exchange.body.reading = true
  }

  private collect(pieces: Array<Uint8Array>): Effect.Effect<Uint8Array, PoolError> {
    return Effect.matchEffect(this.exchange.body.pull(), {
      onSuccess: (chunk) => {
        for (const piece of chunk) pieces.push(piece)
        return this.collect(pieces)
      },
      onFailure: Option.match({
        onNone: () => Effect.succeed(concat(pieces)),
        onSome: Effect.fail
      })
    })
  }
}
