/**
 * A form as `multipart/form-data` (RFC 7578, in the spelling of the WHATWG), of a length that is known before it is sent. The
 * runtime's own encoder does not tell the length, and that of Node 24 reads every file into memory at once.
 *
 * @internal
 */
import * as Stream from "effect/Stream"

export interface Multipart {
  readonly body: Stream.Stream<Uint8Array, unknown>
  readonly contentType: string
  readonly contentLength: number
}

const encoder = new TextEncoder()

const crlf = (text: string): string => text.replace(/\r\n|\r|\n/g, "\r\n")

const quoted = (text: string): string => `"${text.replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/"/g, "%22")}"`

const headOf = (boundary: string, name: string, value: File | string): string => {
  const start = `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(crlf(name))}`
  if (typeof value === "string") return `${start}\r\n\r\n`
  return `${start}; filename=${quoted(value.name)}\r\nContent-Type: ${value.type || "application/octet-stream"}\r\n\r\n`
}

/** Text, and the files between, which are read when it is their turn. */
const partsOf = (form: FormData, boundary: string): ReadonlyArray<Uint8Array | File> => {
  const parts: Array<Uint8Array | File> = []
  let text = ""
  for (const [name, value] of form) {
    text += headOf(boundary, name, value)
    if (typeof value === "string") {
      text += crlf(value)
    } else {
      parts.push(encoder.encode(text), value)
      text = ""
    }
    text += "\r\n"
  }
  parts.push(encoder.encode(`${text}--${boundary}--\r\n`))
  return parts
}

const streamOf = (part: Uint8Array | File): Stream.Stream<Uint8Array, unknown> =>
  part instanceof Uint8Array
    ? Stream.succeed(part)
    : Stream.fromReadableStream(() => part.stream() as ReadableStream<Uint8Array>, (cause) => cause)

export const multipart = (form: FormData): Multipart => {
  // Nobody who fills the form can know it.
  const boundary = `connection-pool-${crypto.randomUUID()}`
  const parts = partsOf(form, boundary)
  return {
    body: Stream.flatMap(Stream.fromIterable(parts), streamOf),
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.size), 0)
  }
}
