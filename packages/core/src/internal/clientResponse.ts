/**
 * What the `HttpClient` answers, over an exchange of the pool.
 *
 * @internal
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as Headers from "@effect/platform/Headers"
import type { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { PoolError } from "../PoolError.js"
import type { Exchange } from "../PoolResponse.js"
import { owned } from "./bodyBuffer.js"
import { responseError, shownHeaders } from "./clientErrors.js"
import { peerOf } from "./peers.js"
import { notJson, OpenExchange } from "./response.js"

const decoder = new TextDecoder()

const abandon = (exchange: Exchange): void => exchange.abort()

/** Answers that nobody reads and nobody can read any more (C1); whoever reads holds his. The exchange knows no answer. */
const collected = new FinalizationRegistry(abandon)

export class ClientResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  declare readonly [IncomingMessage.TypeId]: IncomingMessage.TypeId
  declare readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId
  private cachedCookies: Cookies.Cookies | undefined = undefined
  private cachedText: string | undefined = undefined
  private read: "not" | "whole" | "streamed" = "not"
  /** As it may be shown. */
  readonly request: HttpClientRequest
  private readonly exchange: Exchange
  private readonly secretNames: ReadonlyArray<string | RegExp>

  constructor(request: HttpClientRequest, exchange: Exchange, secretNames: ReadonlyArray<string | RegExp>) {
    super()
    this.request = request
    this.exchange = exchange
    this.secretNames = secretNames
  }

  /** Gives the connection back when this answer is collected unread. */
  watch(): void {
    if (!this.exchange.complete) collected.register(this, this.exchange)
  }

  get status(): number {
    return this.exchange.status
  }

  get headers(): Headers.Headers {
    return this.exchange.headers
  }

  get cookies(): Cookies.Cookies {
    return this.cachedCookies ??= Cookies.fromSetCookie(setCookies(this.exchange.rawHeaders))
  }

  get remoteAddress(): Option.Option<string> {
    return Option.map(Option.fromNullable(this.exchange.remoteAddress), (peer) => peerOf(peer).address)
  }

  get stream(): Stream.Stream<Uint8Array, ResponseError> {
    return Stream.suspend(() => {
      if (this.read === "whole") return Stream.fromEffect(this.readWhole((bytes) => Effect.succeed(owned(bytes))))
      if (this.read === "streamed") return Stream.fail(this.readBefore())
      this.read = "streamed"
      return Stream.mapError(this.exchange.body, (error) => this.failed(error))
    })
  }

  get text(): Effect.Effect<string, ResponseError> {
    return this.readWhole((bytes) => Effect.succeed(this.decode(bytes)))
  }

  get json(): Effect.Effect<unknown, ResponseError> {
    return this.readWhole((bytes) => {
      const text = this.decode(bytes)
      if (text === "") return Effect.succeed(null)
      try {
        return Effect.succeed(JSON.parse(text) as unknown)
      } catch {
        return Effect.fail(this.failed(notJson(new URL(this.request.url).origin, bytes.length)))
      }
    })
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, ResponseError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, ResponseError> {
    return this.readWhole((bytes) =>
      Effect.tryPromise({
        try: () =>
          new Response(bytes as Uint8Array<ArrayBuffer>, {
            headers: { "content-type": this.headers["content-type"] ?? "" }
          }).formData(),
        catch: (cause) => responseError(this, "the body is not a form as its content-type says", cause)
      })
    )
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, ResponseError> {
    // Not `slice`: a `Buffer` of Node's would not be copied, and its memory has other things too.
    return this.readWhole((bytes) => Effect.succeed(new Uint8Array(bytes).buffer))
  }

  /** Nothing is read for it. */
  toJSON(): unknown {
    return {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status,
      headers: shownHeaders(this.headers, this.secretNames),
      remoteAddress: this.remoteAddress.toJSON()
    }
  }

  /** What `use` makes of the whole body, however often it is asked for. */
  private readWhole<A>(use: (bytes: Uint8Array) => Effect.Effect<A, ResponseError>): Effect.Effect<A, ResponseError> {
    return Effect.withFiberRuntime((fiber) => {
      if (this.read === "streamed") return Effect.fail(this.readBefore())
      this.read = "whole"
      const maxBodySize = Context.get(fiber.currentContext, IncomingMessage.MaxBodySize)
      const useUpTo = (bytes: Uint8Array) =>
        maxBodySize._tag === "Some" && bytes.length > Number(maxBodySize.value)
          ? Effect.fail(responseError(this, `the body is larger than ${maxBodySize.value} bytes (MaxBodySize)`))
          : use(bytes)
      const whole = this.exchange instanceof OpenExchange ? this.exchange.takeWhole() : undefined
      if (whole !== undefined) return useUpTo(whole)
      return Effect.matchEffect(this.exchange.bytes, {
        onFailure: (error) => Effect.fail(this.failed(error)),
        onSuccess: useUpTo
      })
    })
  }

  private decode(bytes: Uint8Array): string {
    return this.cachedText ??= decoder.decode(bytes)
  }

  private failed(error: PoolError): ResponseError {
    return responseError(this, error.message, error)
  }

  private readBefore(): ResponseError {
    return responseError(this, "the body was read as a stream before; it can be read only once")
  }
}

Object.assign(ClientResponse.prototype, {
  [IncomingMessage.TypeId]: IncomingMessage.TypeId,
  [HttpClientResponse.TypeId]: HttpClientResponse.TypeId
})

const setCookies = (rawHeaders: ReadonlyArray<string>): ReadonlyArray<string> => {
  const values: Array<string> = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() === "set-cookie") values.push(rawHeaders[i + 1]!)
  }
  return values
}
