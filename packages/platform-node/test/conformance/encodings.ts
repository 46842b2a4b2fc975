import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { check, same, type Theme } from "./case.js"
import { answering } from "./servers.js"

const plain = "grüß dich ".repeat(20_000)

export const encodings: Theme = {
  name: "compressed answers, where the client is told to decode",
  cases: [
    check("gzip: the text", function*(client) {
      const { url } = yield* answering(gzipSync(plain), { "content-encoding": "gzip" })
      const text = yield* Effect.flatMap(client.get(url), (response) => response.text)
      same("decoded", text === plain, true)
    }, { decompress: true }),
    check("br: the stream", function*(client) {
      const { url } = yield* answering(brotliCompressSync(plain), { "content-encoding": "br" })
      const stream = HttpClientResponse.stream(client.get(url))
      same("decoded", (yield* Stream.mkString(Stream.decodeText(stream))) === plain, true)
    }, { decompress: true }),
    check("what is not compressed stays as it is", function*(client) {
      const { url } = yield* answering(plain)
      same("equal", (yield* Effect.flatMap(client.get(url), (response) => response.text)) === plain, true)
    }, { decompress: true })
  ]
}
