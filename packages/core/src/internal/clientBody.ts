/**
 * The bodies of the `HttpClient` as the pool takes them.
 *
 * @internal
 */
import type { HttpBody } from "@effect/platform/HttpBody"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { PoolRequest } from "../PoolRequest.js"
import { multipart } from "./multipart.js"

export interface ClientBody {
  readonly body: PoolRequest["body"]
  /** Known from the body alone, and sent unless the request says otherwise. */
  readonly contentType?: string | undefined
  readonly contentLength?: number | undefined
}

const empty: ClientBody = { body: undefined }

/** A body of a kind that nobody can send. */
export class UnknownBody {
  readonly description: string
  constructor(body: unknown) {
    const kind = Object.prototype.toString.call(body).slice(8, -1)
    this.description =
      `is raw, of the kind ${kind}; what can be sent is text, bytes, FormData, URLSearchParams, a Blob, or a stream`
  }
}

const fromBlob = (blob: Blob): ClientBody => ({
  body: Stream.fromReadableStream(() => blob.stream() as ReadableStream<Uint8Array>, (cause) => cause),
  contentLength: blob.size,
  ...(blob.type === "" ? {} : { contentType: blob.type })
})

const fromView = ({ buffer, byteLength, byteOffset }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

const encoder = new TextEncoder()

/** What streams of Node give is a string unless they were told otherwise. */
const toBytes = (piece: unknown): unknown => typeof piece === "string" ? encoder.encode(piece) : piece

const isAsyncIterable = (body: object): body is AsyncIterable<unknown> => Symbol.asyncIterator in body

const fromRaw = (body: unknown): ClientBody | UnknownBody => {
  if (body === undefined || body === null) return empty
  if (typeof body === "string" || body instanceof Uint8Array) return { body }
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body) }
  if (ArrayBuffer.isView(body)) return { body: fromView(body) }
  if (body instanceof URLSearchParams) {
    return { body: body.toString(), contentType: "application/x-www-form-urlencoded;charset=UTF-8" }
  }
  if (body instanceof Blob) return fromBlob(body)
  if (!Predicate.isObject(body)) return new UnknownBody(body)
  if (Stream.StreamTypeId in body) return { body: body as unknown as Stream.Stream<Uint8Array, unknown> }
  // A ReadableStream of the web and a Readable of Node both are.
  if (isAsyncIterable(body)) {
    return {
      body: Stream.map(Stream.fromAsyncIterable(body, (cause) => cause), (piece) => toBytes(piece) as Uint8Array)
    }
  }
  if (Predicate.isIterable(body)) {
    return { body: Stream.map(Stream.fromIterable(body), (piece) => toBytes(piece) as Uint8Array) }
  }
  return new UnknownBody(body)
}

export const clientBody = (body: HttpBody): ClientBody | UnknownBody => {
  switch (body._tag) {
    case "Empty":
      return empty
    case "Uint8Array":
      return { body: body.body, contentType: body.contentType }
    case "Stream":
      return { body: body.stream, contentType: body.contentType, contentLength: body.contentLength }
    case "FormData":
      return multipart(body.formData)
    case "Raw":
      return body.body instanceof FormData
        ? multipart(body.body)
        : withDeclared(fromRaw(body.body), body.contentType, body.contentLength)
  }
}

const withDeclared = (
  body: ClientBody | UnknownBody,
  contentType: string | undefined,
  contentLength: number | undefined
): ClientBody | UnknownBody =>
  body instanceof UnknownBody ? body : {
    body: body.body,
    contentType: contentType ?? body.contentType,
    contentLength: contentLength ?? body.contentLength
  }
