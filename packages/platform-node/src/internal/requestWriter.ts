/**
 * Writes requests: line, headers, framing and body. Headers leave as latin1, text bodies as UTF-8.
 *
 * The pool has checked every part. The writer checks the head once more and throws on a character that could end a
 * line, since of a request that is two the second answer would go to somebody else.
 *
 * @since 0.1.0
 */
import type { StreamedBody, WireRequest } from "@connection-pool/core/Connection"
import type { Writable } from "node:stream"
import { headerLine, refuse, requestLine } from "./requestLines.js"

/**
 * What is still to be written of a request's body: nothing, chunks, or so many bytes.
 *
 * @internal
 */
export type Remaining = "nothing" | "chunks" | number

/** A body of at most this many bytes leaves in one write with its head. */
const smallBody = 64 * 1024

const crlf = Buffer.from("\r\n", "latin1")
const lastChunk = Buffer.from("0\r\n\r\n", "latin1")

const startOf = (request: WireRequest): string => {
  const { authority, headers, method, target } = request
  let head = requestLine(method, target, authority)
  for (let i = 0; i < headers.length; i += 2) head += headerLine(headers[i]!, headers[i + 1])
  return request.keepAlive ? head : head + "connection: close\r\n"
}

/** RFC 9110, 8.6: no content is said with a zero where content is expected, with silence elsewhere. */
const expectsContent = (method: string): boolean => method === "POST" || method === "PUT" || method === "PATCH"

/** What leaves in one write: text whose characters are all in latin1, or bytes. */
export type Whole = string | Uint8Array

const joined = (head: string, body: string | Uint8Array, size: number): Whole => {
  // All of it is ASCII, which is latin1 as well.
  if (size === body.length && typeof body === "string") return head + body
  const bytes = Buffer.allocUnsafe(head.length + size)
  bytes.write(head, "latin1")
  if (typeof body === "string") bytes.write(body, head.length)
  else bytes.set(body, head.length)
  return bytes
}

const headOf = (request: WireRequest, size: number): string => {
  const head = startOf(request)
  return size > 0 || expectsContent(request.method) ? `${head}content-length: ${size}\r\n\r\n` : `${head}\r\n`
}

const sizeOf = (body: string | Uint8Array): number =>
  typeof body === "string" ? Buffer.byteLength(body) : body.byteLength

/**
 * The request as one write; `undefined` where its body is streamed or too large, for `writeParts`.
 *
 * @internal
 */
export const wholeOf = (request: WireRequest): Whole | undefined => {
  const { body = "" } = request
  if (typeof body === "object" && !(body instanceof Uint8Array)) return undefined
  const size = sizeOf(body)
  return size > smallBody ? undefined : joined(headOf(request, size), body, size)
}

/**
 * Writes what `wholeOf` made.
 *
 * @internal
 */
export const writeWhole = (socket: Writable, whole: Whole): void => {
  if (typeof whole === "string") socket.write(whole, "latin1")
  else socket.write(whole)
}

const writeStreamedHead = (socket: Writable, head: string, { contentLength }: StreamedBody): Remaining => {
  if (contentLength === undefined) {
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`, "latin1")
    return "chunks"
  }
  if (!Number.isSafeInteger(contentLength) || contentLength < 0) refuse("content length")
  socket.write(`${head}content-length: ${contentLength}\r\n\r\n`, "latin1")
  return contentLength
}

/**
 * Writes a request that is no single write, but for a streamed body, of which it says what must follow.
 *
 * @internal
 */
export const writeParts = (socket: Writable, request: WireRequest): Remaining => {
  const { body } = request
  if (typeof body === "object" && !(body instanceof Uint8Array)) {
    return writeStreamedHead(socket, startOf(request), body)
  }
  const bytes = typeof body === "string" ? Buffer.from(body) : body!
  socket.cork()
  socket.write(headOf(request, bytes.byteLength), "latin1")
  socket.write(bytes)
  socket.uncork()
  return "nothing"
}

/**
 * Writes one chunk. An empty one is left out, since it would end the body.
 *
 * @internal
 */
export const writeChunk = (socket: Writable, piece: Uint8Array): boolean => {
  if (piece.byteLength === 0) return !socket.writableNeedDrain
  socket.cork()
  socket.write(`${piece.byteLength.toString(16)}\r\n`, "latin1")
  socket.write(piece)
  const room = socket.write(crlf)
  socket.uncork()
  return room
}

/**
 * Ends a chunked body.
 *
 * @internal
 */
export const writeLastChunk = (socket: Writable): boolean => socket.write(lastChunk)
