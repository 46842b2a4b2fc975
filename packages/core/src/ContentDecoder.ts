/**
 * Decodes compressed bodies for a pool with the option `decompress`; a platform brings it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * Receives what was decoded: any number of `onDecoded`, and as the last call one of `onDecodedEnd` and `onDecodeFailure`.
 * Nothing is called inside `Decoding.write` and `Decoding.end`, and nothing after `Decoding.close`.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodingObserver {
  /** A piece of the decoded body; the receiver may keep it. */
  onDecoded(piece: Uint8Array): void
  /** The decoded body is complete. */
  onDecodedEnd(): void
  /** The body is truncated or corrupt. */
  onDecodeFailure(cause: unknown): void
  /** After a `write` that answered false: there is room again. */
  onDecodeDrain(): void
}

/**
 * One body that is being decoded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoding {
  /**
   * A piece of the encoded body, whose `buffer` may hold parts of other answers. False: write no more before `onDecodeDrain`, or the
   * pieces pile up.
   */
  write(piece: Uint8Array): boolean
  /** The encoded body is complete. */
  end(): void
  /** Decodes no further, until `resume`; at most a few pieces already decoded may still come. */
  pause(): void
  resume(): void
  /** Gives up, and frees everything. Safe to call again, also after the end. */
  close(): void
}

/**
 * Decodes the codings it names.
 *
 * @since 0.1.0
 * @category services
 */
export class ContentDecoder extends Context.Tag("@connection-pool/core/ContentDecoder")<ContentDecoder, {
  /** What the pool asks servers for, in order of preference, such as `gzip`. Others may be decoded too. */
  readonly codings: ReadonlyArray<string>
  /** Whether it can decode a coding, in lower case. */
  readonly supports: (coding: string) => boolean
  /** Decodes a body of these codings, the one that was applied first at the front (RFC 9110, 8.4). All are supported. */
  readonly decode: (codings: ReadonlyArray<string>, observer: DecodingObserver) => Decoding
}>() {}
