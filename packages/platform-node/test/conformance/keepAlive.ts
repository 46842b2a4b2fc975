import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Case, check, same, type Theme, until } from "./case.js"
import { answering, mebi, recordingServer } from "./servers.js"

type Read = (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>

const text: Read = (response) => response.text

/** Three requests, whose answers are used as `read` does, leave with one connection. */
const reused = (name: string, read: Read, body = "{\"a\":1}", status = 200): Case =>
  check(name, function*(client) {
    const server = yield* answering(body, {}, status)
    for (let i = 0; i < 3; i++) yield* Effect.flatMap(client.get(server.url), read)
    same("connections", server.accepted(), 1)
  }, { connections: 1 })

const drained: Read = (response) => Stream.runDrain(response.stream)
const large = "x".repeat(2 * mebi)

export const keepAlive: Theme = {
  name: "keep-alive",
  cases: [
    check("five requests in a row use one connection, as the client comes", function*(client) {
      const server = yield* recordingServer()
      for (let i = 0; i < 5; i++) yield* Effect.flatMap(client.get(server.url), text)
      same("connections", server.accepted(), 1)
    }),
    reused("after text", text),
    reused("after json", (response) => response.json),
    reused("after arrayBuffer", (response) => response.arrayBuffer),
    reused("after urlParamsBody", (response) => response.urlParamsBody),
    reused("after a text of 2 MiB", text, large),
    reused("after a stream that was run to its end", drained),
    reused("after a stream of 2 MiB that was run to its end", drained, large),
    reused("after json that is none", (response) => Effect.flip(response.json), "no json"),
    reused("after a 404", text, "not found", 404),
    reused("after a 204", text, "", 204),
    check("after HEAD", function*(client) {
      const server = yield* answering("", { "content-length": "5" })
      for (let i = 0; i < 3; i++) yield* Effect.flatMap(client.head(server.url), text)
      same("connections", server.accepted(), 1)
    }, { connections: 1 }),
    check("after an upload", function*(client) {
      const server = yield* recordingServer()
      const body = Stream.make(new Uint8Array(mebi), new Uint8Array(mebi))
      for (let i = 0; i < 3; i++) {
        const request = HttpClient.post(server.url, { body: HttpBody.stream(body) })
        yield* Effect.flatMap(Effect.provideService(request, HttpClient.HttpClient, client), text)
      }
      same("connections", server.accepted(), 1)
    }, { connections: 1 }),
    check("a scope that closes after the body was read costs no connection", function*(client) {
      const server = yield* answering(large)
      const scoped = HttpClient.withScope(client)
      for (let i = 0; i < 3; i++) yield* Effect.scoped(Effect.flatMap(scoped.get(server.url), text))
      same("connections", server.accepted(), 1)
    }, { connections: 1 }),
    check("an answer with connection: close is the last on its connection", function*(client) {
      const server = yield* answering("ok", { connection: "close" })
      for (let i = 0; i < 3; i++) same("the text", yield* Effect.flatMap(client.get(server.url), text), "ok")
      yield* until("the connections close", server.allClosed)
      same("connections", server.accepted(), 3)
    }, { connections: 1 }),
    check("a connection that the server closed in the meantime is not used again", function*(client) {
      let close = () => {}
      const server = yield* recordingServer((response) => {
        const socket = response.socket!
        close = () => socket.end()
        response.end("ok")
      })
      yield* Effect.flatMap(client.get(server.url), text)
      close()
      yield* until("the client closes its side", server.allClosed)
      same("the next", yield* Effect.flatMap(client.post(server.url), text), "ok")
      same("connections", server.accepted(), 2)
    }, { connections: 1 })
  ]
}
