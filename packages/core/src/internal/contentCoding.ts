/**
 * What `content-encoding` says, and what becomes of an answer's headers when it is decoded.
 *
 * @internal
 */
import type * as Context from "effect/Context"
import type { ResponseHead } from "../Connection.js"
import type { ContentDecoder } from "../ContentDecoder.js"

/** Each coding costs memory and time, and nobody needs many. */
const maxCodings = 3

const partialContent = 206

/**
 * The codings to undo, in the order in which they were applied (RFC 9110, 8.4): `undefined` where there is nothing to decode or
 * not all of them are known, text where that cannot be right. A part of a body cannot be decoded by itself.
 */
export const codingsOf = (
  { contentLength, rawHeaders, status }: ResponseHead,
  decoder: Context.Tag.Service<ContentDecoder>
): ReadonlyArray<string> | string | undefined => {
  if (contentLength === 0 || status === partialContent) return undefined
  const codings: Array<string> = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (!isContentEncoding(rawHeaders[i]!)) continue
    for (const coding of rawHeaders[i + 1]!.split(",")) {
      const name = coding.trim().toLowerCase()
      if (name !== "" && name !== "identity") codings.push(name)
    }
  }
  if (codings.length === 0) return undefined
  if (codings.length > maxCodings) return `the body has ${codings.length} codings, more than ${maxCodings}`
  return codings.every((coding) => decoder.supports(coding)) ? codings : undefined
}

const isContentEncoding = (name: string): boolean => name.length === 16 && name.toLowerCase() === "content-encoding"

/** Headers without what is true only of the encoded body. */
export const withoutCoding = (head: ResponseHead): ResponseHead => {
  const rawHeaders: Array<string> = []
  for (let i = 0; i + 1 < head.rawHeaders.length; i += 2) {
    const name = head.rawHeaders[i]!
    if (isContentEncoding(name) || name.toLowerCase() === "content-length") continue
    rawHeaders.push(name, head.rawHeaders[i + 1]!)
  }
  return { status: head.status, rawHeaders, contentLength: undefined }
}
