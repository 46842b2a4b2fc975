/**
 * Decodes compressed bodies with `node:zlib`: gzip, deflate and br.
 *
 * @since 0.1.0
 */
import { ContentDecoder } from "@connection-pool/core/ContentDecoder"
import * as Layer from "effect/Layer"
import { decodingOf, supports } from "./internal/zlibDecoding.js"

/**
 * The decoder. It asks for gzip, deflate and br, and decodes x-gzip and identity, too. All work is done off the event
 * loop, and a body that nobody reads is decoded no further than its buffers, whatever it would expand to.
 *
 * @example
 * ```ts
 * import { NodeContentDecoder } from "@connection-pool/platform-node"
 * import * as zlib from "node:zlib"
 *
 * const decoding = NodeContentDecoder.make.decode(["gzip"], {
 *   onDecoded: (piece) => console.log(new TextDecoder().decode(piece)),
 *   onDecodedEnd: () => console.log("complete"),
 *   onDecodeFailure: (cause) => console.error(cause),
 *   onDecodeDrain: () => {}
 * })
 * decoding.write(zlib.gzipSync("hello"))
 * decoding.end()
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: ContentDecoder["Type"] = {
  // Cheapest to decode first: gzip and deflate remember 32 KiB of a body, br up to 16 MiB.
  codings: ["gzip", "deflate", "br"],
  supports,
  decode: decodingOf
}

/**
 * The decoder as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ContentDecoder> = Layer.succeed(ContentDecoder, make)
