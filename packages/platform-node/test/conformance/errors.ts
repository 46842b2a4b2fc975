import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type * as net from "node:net"
import { inspect } from "node:util"
import { type Case, check, failureOf, holds, kindOf, same, type Theme, until } from "./case.js"
import { answering, freePort, recordingServer, scripted, silentServer, wire } from "./servers.js"

const refusedUrl = Effect.map(freePort, (port) => `http://127.0.0.1:${port}/`)

/** A request that fails before anything is sent. */
const refused = (
  name: string,
  change: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest,
  kind: RegExp
): Case =>
  check(name, function*(client) {
    const server = yield* recordingServer()
    const found = kindOf(yield* failureOf(client.execute(change(HttpClientRequest.get(server.url)))))
    holds(`${found} is ${kind.source}`, kind.test(found))
    same("requests", server.seen.length, 0)
  })

/** A body that ends too early, read as text and as a stream. */
const cut = (name: string, script: (socket: net.Socket) => void): Case =>
  check(name, function*(client) {
    const { url } = yield* scripted(script)
    const text = yield* client.get(url)
    same("text", kindOf(yield* failureOf(text.text)), "ResponseError Decode")
    const stream = yield* client.get(url)
    same("stream", kindOf(yield* failureOf(Stream.runDrain(stream.stream))), "ResponseError Decode")
  })

/** The ways in which something is usually printed. */
const printings = (value: unknown): Readonly<Record<string, string>> => ({
  message: value instanceof Error ? `${value.message} ${value.stack ?? ""}` : "",
  toString: String(value),
  JSON: JSON.stringify(value),
  inspect: inspect(value, { depth: Infinity }),
  pretty: Cause.pretty(Cause.fail(value), { renderErrorCause: true })
})

const hides = (secret: string, value: unknown) => {
  const showing = Object.entries(printings(value)).filter(([, text]) => text.includes(secret)).map(([way]) => way)
  same("where the secret shows", showing, [])
}

const withCredentials = (url: string) => url.replace("//", "//anna:s3cret@")

const failingUpload = (client: HttpClient.HttpClient, url: string) => {
  const pieces = Stream.encodeText(Stream.make("a", "b"))
  const body = HttpBody.stream(Stream.concat(pieces, Stream.fail("the source broke")))
  return failureOf(client.execute(HttpClientRequest.post(url, { body })))
}

const tenBytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
const chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"

export const errors: Theme = {
  name: "errors",
  cases: [
    check("connection refused", function*(client) {
      const url = yield* refusedUrl
      const error = yield* failureOf(client.get(url))
      same("the failure", kindOf(error), "RequestError Transport")
      holds("the message names the request", error.message.includes(`GET ${url}`))
    }),
    refused("a URL that is none", HttpClientRequest.setUrl("http://[nowhere"), /^RequestError InvalidUrl$/),
    refused("a URL without a host", HttpClientRequest.setUrl("http://"), /^RequestError InvalidUrl$/),
    refused("a relative URL", HttpClientRequest.setUrl("/path"), /^RequestError InvalidUrl$/),
    refused("a scheme that is not HTTP", HttpClientRequest.setUrl("ftp://127.0.0.1/"), /^RequestError /),
    refused("a header value with a line break", HttpClientRequest.setHeader("x-a", "b\r\nx-c: d"), /^RequestError /),
    refused("a header name with a blank", HttpClientRequest.setHeader("x a", "b"), /^RequestError /),
    check("the server closes without an answer", function*(client) {
      const { url } = yield* scripted((socket) => socket.end())
      same("the failure", kindOf(yield* failureOf(client.post(url))), "RequestError Transport")
    }),
    check("the server resets the connection before its answer", function*(client) {
      const { url } = yield* scripted((socket) => socket.resetAndDestroy())
      same("the failure", kindOf(yield* failureOf(client.post(url))), "RequestError Transport")
    }),
    check("the answer is no HTTP", function*(client) {
      const { url } = yield* wire("SSH-2.0-OpenSSH_9.6\r\n\r\n")
      same("the failure", kindOf(yield* failureOf(client.get(url))), "RequestError Transport")
    }),
    check("the connection is reset in the middle of the body", function*(client) {
      const server = yield* scripted((socket) => socket.write(tenBytes))
      const response = yield* client.get(server.url)
      const peer = yield* Effect.promise(server.accept)
      const text = yield* Effect.fork(failureOf(response.text))
      yield* Effect.sync(() => peer.socket.resetAndDestroy())
      same("the failure", kindOf(yield* Fiber.join(text)), "ResponseError Decode")
    }),
    cut("a body shorter than its content-length", (socket) => socket.end(tenBytes)),
    cut("a chunked body without its end", (socket) => socket.end(chunk)),
    cut("a chunk whose size is none", (socket) => socket.end(`${chunk}x\r\n`)),
    check("JSON that is none", function*(client) {
      const { url } = yield* answering("{\"a\":", { "content-type": "application/json" })
      const response = yield* client.get(url)
      same("the failure", kindOf(yield* failureOf(response.json)), "ResponseError Decode")
      same("the text", yield* response.text, "{\"a\":")
    }),
    check("form data that is none", function*(client) {
      const { url } = yield* answering("none", { "content-type": "multipart/form-data; boundary=x" })
      const response = yield* client.get(url)
      same("the failure", kindOf(yield* failureOf(response.formData)), "ResponseError Decode")
    }),
    check("a body stream that fails", function*(client) {
      const server = yield* silentServer
      holds("a RequestError", kindOf(yield* failingUpload(client, server.url)).startsWith("RequestError "))
      yield* until("the server sees the close", server.allClosed)
    }),
    check("a body stream that fails tells why", function*(client) {
      const server = yield* silentServer
      const { pretty } = printings(yield* failingUpload(client, server.url))
      holds("the reason shows", pretty?.includes("the source broke") === true)
    }),
    check("a body stream that dies: the bug shows, and the connection closes", function*(client) {
      const server = yield* silentServer
      const body = HttpBody.stream(Stream.concat(Stream.encodeText(Stream.make("a")), Stream.dieMessage("a bug")))
      const exit = yield* Effect.exit(client.execute(HttpClientRequest.post(server.url, { body })))
      if (exit._tag === "Success") throw new Error("a success")
      holds("the bug shows", Cause.pretty(exit.cause, { renderErrorCause: true }).includes("a bug"))
      yield* until("the server sees the close", server.allClosed)
    }),
    check("a caller who leaves before the answer closes the connection", function*(client) {
      const server = yield* silentServer
      const waiting = yield* Effect.fork(client.get(server.url))
      yield* until("the request arrives", server.arrived)
      yield* Fiber.interrupt(waiting)
      yield* until("the server sees the close", server.allClosed)
    }),
    check("so does one whose time is over", function*(client) {
      const server = yield* silentServer
      const error = yield* failureOf(Effect.timeout(client.get(server.url), "50 millis"))
      same("the failure", error._tag, "TimeoutException")
      yield* until("the server sees the close", server.allClosed)
    }),
    check("credentials in the URL do not show in a RequestError", function*(client) {
      const error = yield* failureOf(client.get(withCredentials(yield* refusedUrl)))
      same("the failure", kindOf(error), "RequestError Transport")
      hides("s3cret", error)
    }),
    check("nor in a ResponseError", function*(client) {
      const { url } = yield* answering("no json")
      const response = yield* client.get(withCredentials(url))
      const error = yield* failureOf(response.json)
      same("the failure", kindOf(error), "ResponseError Decode")
      hides("s3cret", error)
    }),
    check("nor in a response that is printed", function*(client) {
      const { url } = yield* answering("")
      hides("s3cret", yield* client.get(withCredentials(url)))
    }),
    check("an authorization header does not show in an error", function*(client) {
      const request = HttpClientRequest.get(yield* refusedUrl).pipe(HttpClientRequest.bearerToken("s3cret"))
      hides("s3cret", yield* failureOf(client.execute(request)))
    })
  ]
}
