import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { check, holds, same, type Theme } from "./case.js"
import { mebi, recordingServer, type Seen } from "./servers.js"

type Change = (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest

/** What arrives of a POST request that is changed so. */
const arrived = (client: HttpClient.HttpClient, change: Change) =>
  Effect.gen(function*() {
    const server = yield* recordingServer()
    const response = yield* client.execute(change(HttpClientRequest.post(server.url)))
    same("the answer", [response.status, yield* response.text], [200, "ok"])
    return server.seen[0]!
  })

/** Type, length and framing of a body, and the body as text. */
const shape = ({ body, headers }: Seen) => ({
  type: headers["content-type"],
  length: headers["content-length"],
  framing: headers["transfer-encoding"],
  text: String(body)
})

const form = ({ body, headers }: Seen) =>
  Effect.promise(() =>
    new Response(new Uint8Array(body), { headers: { "content-type": headers["content-type"] ?? "" } }).formData()
  )

const fileOf = (data: FormData, name: string) =>
  Effect.promise(async () => {
    const entry = data.get(name)
    if (!(entry instanceof File)) throw new Error(`${name} is no file but ${String(entry)}`)
    return { name: entry.name, type: entry.type, bytes: [...new Uint8Array(await entry.arrayBuffer())] }
  })

const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index)

const texts = (...pieces: ReadonlyArray<string>) => Stream.encodeText(Stream.fromIterable(pieces))

const Greeting = Schema.Struct({ to: Schema.String, at: Schema.Date })

export const bodies: Theme = {
  name: "request bodies",
  cases: [
    check("a GET has no body and no framing", function*(client) {
      const server = yield* recordingServer()
      yield* Effect.flatMap(client.get(server.url), ({ text }) => text)
      same("the body", shape(server.seen[0]!), { type: undefined, length: undefined, framing: undefined, text: "" })
    }),
    check("a POST without a body says that it has none", function*(client) {
      const seen = yield* arrived(client, HttpClientRequest.setBody(HttpBody.empty))
      same("the body", shape(seen), { type: undefined, length: "0", framing: undefined, text: "" })
    }),
    check("text is UTF-8, with its length in bytes", function*(client) {
      const seen = yield* arrived(client, HttpClientRequest.bodyText("grüß € dich"))
      same("the body", shape(seen), { type: "text/plain", length: "15", framing: undefined, text: "grüß € dich" })
    }),
    check("JSON", function*(client) {
      const seen = yield* arrived(client, HttpClientRequest.bodyUnsafeJson({ a: [1, null, "ü"] }))
      const text = "{\"a\":[1,null,\"ü\"]}"
      same("the body", shape(seen), { type: "application/json", length: "19", framing: undefined, text })
    }),
    check("JSON by a schema", function*(client) {
      const greeting = { to: "Anna", at: new Date(0) }
      const request = yield* HttpClientRequest.schemaBodyJson(Greeting)(HttpClientRequest.post("/"), greeting)
      const seen = yield* arrived(client, HttpClientRequest.setBody(request.body))
      same("the body", JSON.parse(String(seen.body)), { to: "Anna", at: "1970-01-01T00:00:00.000Z" })
    }),
    check("bytes, of a view too", function*(client) {
      const view = new Uint8Array([9, 9, ...allBytes, 9]).subarray(2, 258)
      const seen = yield* arrived(client, HttpClientRequest.bodyUint8Array(view))
      same("the bytes", [...seen.body], [...allBytes])
      same("the type", seen.headers["content-type"], "application/octet-stream")
    }),
    check("4 MiB arrive whole", function*(client) {
      const large = new Uint8Array(4 * mebi).map((_, index) => index % 251)
      const seen = yield* arrived(client, HttpClientRequest.bodyUint8Array(large))
      same("the length", seen.headers["content-length"], String(4 * mebi))
      same("equal", seen.body.equals(large), true)
    }),
    check("url-encoded", function*(client) {
      const seen = yield* arrived(client, HttpClientRequest.bodyUrlParams({ a: "1 & 2", b: ["ü", "="] }))
      same("the type", seen.headers["content-type"], "application/x-www-form-urlencoded")
      same("the body", String(seen.body), "a=1+%26+2&b=%C3%BC&b=%3D")
    }),
    check("Node's FormData, with files and a name that is no ASCII", function*(client) {
      const data = new FormData()
      data.append("field", "grüß dich")
      data.append("file", new File([allBytes], "Übersicht 日本.bin", { type: "application/x-test" }))
      const seen = yield* arrived(client, HttpClientRequest.bodyFormData(data))
      const received = yield* form(seen)
      same("the field", received.get("field"), "grüß dich")
      same("the file", yield* fileOf(received, "file"), {
        name: "Übersicht 日本.bin",
        type: "application/x-test",
        bytes: [...allBytes]
      })
    }),
    check("a record as form data", function*(client) {
      const file = new File(["content"], "a.txt", { type: "text/plain" })
      const seen = yield* arrived(client, HttpClientRequest.bodyFormDataRecord({ number: 1, none: null, file }))
      const received = yield* form(seen)
      same("the names", [...received.keys()], ["number", "file"])
      same("the number", received.get("number"), "1")
      same("the file", yield* Effect.promise(() => (received.get("file") as File).text()), "content")
    }),
    check("a stream is chunked", function*(client) {
      const seen = yield* arrived(client, HttpClientRequest.bodyStream(texts("a", "", "bc", "ü")))
      const expected = { type: "application/octet-stream", length: undefined, framing: "chunked", text: "abcü" }
      same("the body", shape(seen), expected)
    }),
    check("a stream with a content-length is not", function*(client) {
      const body = HttpClientRequest.bodyStream(texts("a", "bc"), { contentLength: 3, contentType: "text/x-a" })
      same("the body", shape(yield* arrived(client, body)), {
        type: "text/x-a",
        length: "3",
        framing: undefined,
        text: "abc"
      })
    }),
    check("a stream of nothing", function*(client) {
      const { framing, length, text } = shape(yield* arrived(client, HttpClientRequest.bodyStream(Stream.empty)))
      same("the body", text, "")
      holds("its end is known to the server", framing === "chunked" || length === "0")
    }),
    check("a stream of 8 MiB arrives whole", function*(client) {
      const body = Stream.range(0, 127).pipe(Stream.map((index) => new Uint8Array(64 * 1024).fill(index)))
      const seen = yield* arrived(client, HttpClientRequest.bodyStream(body))
      same("the length", seen.body.length, 8 * mebi)
      same("samples", [0, 5, 127].map((index) => seen.body[index * 64 * 1024 + 1]), [0, 5, 127])
    }),
    check("a file of the file system", function*(client) {
      const seen = yield* Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const path = yield* files.makeTempFileScoped()
        yield* files.writeFile(path, allBytes)
        const request = yield* HttpClientRequest.bodyFile(HttpClientRequest.post("/"), path, {
          contentType: "text/x-a"
        })
        return yield* arrived(client, HttpClientRequest.setBody(request.body))
      }).pipe(Effect.provide(NodeFileSystem.layer))
      same("the bytes", [...seen.body], [...allBytes])
      same("type and length", [seen.headers["content-type"], seen.headers["content-length"]], ["text/x-a", "256"])
    }),
    check("a File", function*(client) {
      const file = new File([allBytes], "a.bin", { type: "text/x-a" })
      const seen = yield* arrived(client, HttpClientRequest.bodyFileWeb(file))
      same("the bytes", [...seen.body], [...allBytes])
      same("type and length", [seen.headers["content-type"], seen.headers["content-length"]], ["text/x-a", "256"])
    }),
    check("raw: a text", function*(client) {
      const body = HttpBody.raw("grüß dich", { contentType: "text/x-a" })
      const seen = yield* arrived(client, HttpClientRequest.setBody(body))
      same("the body", [String(seen.body), seen.headers["content-type"]], ["grüß dich", "text/x-a"])
    }),
    check("raw: a Readable of Node's", function*(client) {
      const body = HttpBody.raw(Readable.from([Buffer.from("a"), Buffer.from("bc")]))
      same("the body", String((yield* arrived(client, HttpClientRequest.setBody(body))).body), "abc")
    }),
    check("raw: a Blob", function*(client) {
      const seen = yield* arrived(client, HttpClientRequest.setBody(HttpBody.raw(new Blob(["a", "bc"]))))
      same("the body", String(seen.body), "abc")
    }),
    check("raw: a ReadableStream of the web", function*(client) {
      const body = HttpBody.raw(new Blob(["a", "bc"]).stream())
      same("the body", String((yield* arrived(client, HttpClientRequest.setBody(body))).body), "abc")
    }),
    check("raw: URLSearchParams", function*(client) {
      const body = HttpBody.raw(new URLSearchParams({ a: "1", b: "ü" }))
      same("the body", String((yield* arrived(client, HttpClientRequest.setBody(body))).body), "a=1&b=%C3%BC")
    })
  ]
}
