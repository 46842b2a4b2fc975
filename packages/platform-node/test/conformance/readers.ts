import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { check, failureOf, kindOf, same, type Theme } from "./case.js"
import { answering, json, mebi, recordingServer } from "./servers.js"

const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index)

const get = (client: HttpClient.HttpClient, server: ReturnType<typeof answering>) =>
  Effect.flatMap(server, ({ url }) => client.get(url))

const joined = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat([...pieces]))

const Todo = Schema.Struct({ id: Schema.Number, done: Schema.Boolean })
const todo = { id: 1, done: true }
const large = { text: "ä".repeat(200_000) }

export const readers: Theme = {
  name: "response readers",
  cases: [
    check("json", function*(client) {
      const response = yield* get(client, json({ a: [1, null, "ü"] }))
      same("the value", yield* response.json, { a: [1, null, "ü"] })
    }),
    check("json of an empty body is null", function*(client) {
      const response = yield* get(client, answering(""))
      same("the value", yield* response.json, null)
    }),
    check("text is UTF-8, also where a character comes in two pieces", function*(client) {
      const [head, tail] = [Buffer.from("a €").subarray(0, 3), Buffer.from("a €").subarray(3)]
      const server = recordingServer((response) => {
        response.write(head)
        setImmediate(() => response.end(tail))
      })
      const response = yield* get(client, server)
      same("the text", yield* response.text, "a €")
    }),
    check("text of 4 MiB", function*(client) {
      const response = yield* get(client, answering("0123456789abcdef".repeat(4 * mebi / 16)))
      const text = yield* response.text
      same("the text", [text.length, text.slice(-16)], [4 * mebi, "0123456789abcdef"])
    }),
    check("arrayBuffer has the bytes", function*(client) {
      const response = yield* get(client, answering(allBytes))
      same("the bytes", [...new Uint8Array(yield* response.arrayBuffer)], [...allBytes])
    }),
    check("arrayBuffer is an ArrayBuffer, with nothing else in it", function*(client) {
      const response = yield* get(client, answering(allBytes))
      const buffer = yield* response.arrayBuffer
      same("an ArrayBuffer", buffer instanceof ArrayBuffer, true)
      same("its length", new DataView(buffer).byteLength, 256)
    }),
    check("urlParamsBody", function*(client) {
      const response = yield* get(client, answering("a=1+%26+2&b=%C3%BC&b="))
      same("the parameters", yield* response.urlParamsBody, [["a", "1 & 2"], ["b", "ü"], ["b", ""]])
    }),
    check("formData of a multipart answer", function*(client) {
      const form = new FormData()
      form.append("field", "grüß dich")
      form.append("file", new File([allBytes], "Übersicht.bin", { type: "text/x-a" }))
      const encoded = new Response(form)
      const body = new Uint8Array(yield* Effect.promise(() => encoded.arrayBuffer()))
      const response = yield* get(client, answering(body, { "content-type": encoded.headers.get("content-type")! }))
      const received = yield* response.formData
      const file = received.get("file") as File
      same("the field", received.get("field"), "grüß dich")
      same("the file", [file.name, file.type], ["Übersicht.bin", "text/x-a"])
      same("its bytes", [...new Uint8Array(yield* Effect.promise(() => file.arrayBuffer()))], [...allBytes])
    }),
    check("formData of a url-encoded answer", function*(client) {
      const type = { "content-type": "application/x-www-form-urlencoded" }
      const response = yield* get(client, answering("a=1+2&b=%C3%BC", type))
      same("the fields", [...(yield* response.formData).entries()], [["a", "1 2"], ["b", "ü"]])
    }),
    check("stream", function*(client) {
      const response = yield* get(client, answering(Buffer.alloc(mebi, "0123456789abcdef")))
      const bytes = yield* joined(response.stream)
      same("the bytes", bytes.equals(Buffer.alloc(mebi, "0123456789abcdef")), true)
    }),
    check("stream of an empty body is empty", function*(client) {
      const response = yield* get(client, answering("", {}, 204))
      same("the bytes", (yield* joined(response.stream)).length, 0)
    }),
    check("HttpClientResponse.stream", function*(client) {
      const { url } = yield* answering("a stream")
      same("the text", String(yield* joined(HttpClientResponse.stream(client.get(url)))), "a stream")
    }),
    check("text twice", function*(client) {
      const response = yield* get(client, json(large))
      const first = yield* response.text
      same("the second is the first", (yield* response.text) === first, true)
      same("it", JSON.parse(first), large)
    }),
    check("json twice", function*(client) {
      const response = yield* get(client, json(todo))
      same("both", [yield* response.json, yield* response.json], [todo, todo])
    }),
    check("text after json, and json after text", function*(client) {
      const one = yield* get(client, json(todo))
      same("json, text", [yield* one.json, yield* one.text], [todo, JSON.stringify(todo)])
      const other = yield* get(client, json(todo))
      same("text, json", [yield* other.text, yield* other.json], [JSON.stringify(todo), todo])
    }),
    check("arrayBuffer twice", function*(client) {
      const response = yield* get(client, answering(allBytes))
      yield* response.arrayBuffer
      same("the bytes", [...new Uint8Array(yield* response.arrayBuffer)], [...allBytes])
    }),
    check("two fibers read at once", function*(client) {
      const response = yield* get(client, json(large))
      const both = yield* Effect.all([response.text, response.json], { concurrency: "unbounded" })
      same("both", both.map((value) => typeof value === "string" ? JSON.parse(value) : value), [large, large])
    }),
    check("schemaBodyJson: the value, or a ParseError", function*(client) {
      const { url } = yield* json(todo)
      const read = <A, I>(schema: Schema.Schema<A, I>) =>
        Effect.flatMap(client.get(url), HttpClientResponse.schemaBodyJson(schema))
      same("the value", yield* read(Todo), todo)
      const error = yield* failureOf(read(Schema.Struct({ id: Schema.String })))
      same("the failure", error._tag, "ParseError")
    }),
    check("schemaJson: status, headers and body together", function*(client) {
      const response = yield* get(client, json(todo, 201))
      const schema = Schema.Struct({
        status: Schema.Literal(201),
        headers: Schema.Struct({ "content-type": Schema.String }),
        body: Todo
      })
      const value = yield* HttpClientResponse.schemaJson(schema)(response)
      same("the value", value, { status: 201, headers: { "content-type": "application/json" }, body: todo })
    }),
    check("schemaJson of an answer to HEAD", function*(client) {
      const { url } = yield* json(todo)
      const schema = Schema.Struct({ status: Schema.Literal(200), body: Schema.Null })
      const value = yield* Effect.flatMap(client.head(url), HttpClientResponse.schemaJson(schema))
      same("the value", value, { status: 200, body: null })
    }),
    check("schemaBodyUrlParams, schemaHeaders, schemaNoBody", function*(client) {
      const response = yield* get(client, answering("n=12", { "x-count": "3" }))
      const count = Schema.Struct({ "x-count": Schema.NumberFromString })
      const number = Schema.Struct({ n: Schema.NumberFromString })
      const status = Schema.Struct({ status: Schema.Number })
      same("the body", yield* HttpClientResponse.schemaBodyUrlParams(number)(response), { n: 12 })
      same("the header", yield* HttpClientResponse.schemaHeaders(count)(response), { "x-count": 3 })
      same("the status", yield* HttpClientResponse.schemaNoBody(status)(response), { status: 200 })
    }),
    check("matchStatus", function*(client) {
      const { url } = yield* answering("", {}, 418)
      const match = HttpClientResponse.matchStatus({ "2xx": () => "fine", 418: () => "teapot", orElse: () => "else" })
      same("the branch", yield* Effect.map(client.get(url), match), "teapot")
    }),
    check("withMaxBodySize: a larger body is a ResponseError", function*(client) {
      const response = yield* get(client, answering("x".repeat(100)))
      const limited = HttpIncomingMessage.withMaxBodySize(response.text, Option.some(10))
      same("the failure", kindOf(yield* failureOf(limited)), "ResponseError Decode")
    })
  ]
}
