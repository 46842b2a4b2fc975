import * as Cookies from "@effect/platform/Cookies"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Case, check, same, type Theme } from "./case.js"
import { answering, recordingServer, wire } from "./servers.js"

const next = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"

interface Expected {
  readonly status: number
  readonly text: string
  /** Some of the headers; an empty text is one that must not be there. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer byte by byte, and the next request's answer behind it, on one connection where that is possible. */
const read = (name: string, bytes: string, expected: Expected, method: "GET" | "HEAD" = "GET"): Case =>
  check(name, function*(client) {
    const server = yield* wire(bytes, next)
    const response = yield* method === "GET" ? client.get(server.url) : client.head(server.url)
    same("status and text", [response.status, yield* response.text], [expected.status, expected.text])
    for (const [header, value] of Object.entries(expected.headers ?? {})) {
      same(header, response.headers[header] ?? "", value)
    }
    const second = yield* client.get(server.url)
    same("the next answer", [second.status, yield* second.text], [200, "next"])
  }, { connections: 1 })

const hello = "Content-Length: 5\r\n\r\nhello"
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/** The text of a close-delimited answer. */
const untilClose = (client: HttpClient.HttpClient, head: string): Effect.Effect<string, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const server = yield* recordingServer((response) => response.socket!.end(`${head}\r\n\r\nuntil the end`))
    return yield* Effect.flatMap(client.get(server.url), ({ text }) => text)
  })

export const answers: Theme = {
  name: "answers",
  cases: [
    check("the status is the server's", function*(client) {
      for (const status of [200, 201, 299, 302, 404, 418, 500, 599]) {
        const { url } = yield* answering(String(status), {}, status)
        const response = yield* client.get(url)
        same("status and text", [response.status, yield* response.text], [status, String(status)])
      }
    }),
    check("headers are found by their lower-case names", function*(client) {
      const { url } = yield* answering("", { "X-Thing": "A b", "ETag": "\"1\"" })
      const { headers } = yield* client.get(url)
      same("the headers", [headers["x-thing"], headers["etag"]], ["A b", "\"1\""])
    }),
    check("repeated headers are joined", function*(client) {
      const { url } = yield* answering("", { "x-list": ["a", "b"], vary: ["accept", "origin"] })
      const { headers } = yield* client.get(url)
      same("the headers", [headers["x-list"], headers["vary"]], ["a, b", "accept, origin"])
    }),
    check("each set-cookie is a cookie, with what it says", function*(client) {
      const { url } = yield* answering("", {
        "set-cookie": ["a=1; Path=/x; HttpOnly", "b=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT; SameSite=Lax", "c=%C3%BC"]
      })
      const { cookies } = yield* client.get(url)
      same("the values", Cookies.toRecord(cookies), { a: "1", b: "2", c: "ü" })
      const options = Option.map(Cookies.get(cookies, "a"), (cookie) => cookie.options)
      same("the first one's options", Option.getOrNull(options), { path: "/x", httpOnly: true })
      const expires = Option.map(Cookies.get(cookies, "b"), (cookie) => cookie.options?.expires?.toISOString())
      same("the second one's end", Option.getOrNull(expires), "2026-01-01T00:00:00.000Z")
    }),
    check("one set-cookie, and none", function*(client) {
      const one = yield* answering("", { "set-cookie": "a=1" })
      const none = yield* answering("")
      same("one", Cookies.toRecord((yield* client.get(one.url)).cookies), { a: "1" })
      same("none", Cookies.isEmpty((yield* client.get(none.url)).cookies), true)
    }),
    check("remoteAddress is the server's", function*(client) {
      const { url } = yield* answering("")
      same("it", Option.getOrNull((yield* client.get(url)).remoteAddress), "127.0.0.1")
    }),
    check("the response knows its request", function*(client) {
      const { url } = yield* answering("")
      const { request } = yield* client.get(url, { headers: { "x-a": "1" } })
      same("the request", [request.method, request.url, request.headers["x-a"]], ["GET", url, "1"])
    }),
    read("HEAD: no body, whatever the content-length says", `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n`, {
      status: 200,
      text: "",
      headers: { "content-length": "5" }
    }, "HEAD"),
    read("HEAD of a chunked answer", chunked, { status: 200, text: "" }, "HEAD"),
    read("204", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", { status: 204, text: "", headers: { "x-a": "b" } }),
    read("304", "HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n", { status: 304, text: "", headers: { etag: "a" } }),
    read(
      "304 with the content-length of what has not changed",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
      {
        status: 304,
        text: "",
        headers: { "content-length": "5" }
      }
    ),
    read("100 unasked", `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${hello}`, { status: 200, text: "hello" }),
    read("102, twice", `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(2)}HTTP/1.1 200 OK\r\n${hello}`, {
      status: 200,
      text: "hello"
    }),
    read(
      "103: its headers are not the answer's",
      `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n${hello}`,
      {
        status: 200,
        text: "hello",
        headers: { link: "" }
      }
    ),
    read("chunks", `${chunked}1\r\nh\r\n4\r\nello\r\n0\r\n\r\n`, { status: 200, text: "hello" }),
    read("chunk extensions", `${chunked}1;a=b\r\nh\r\n4;c="d e";f\r\nello\r\n0;g\r\n\r\n`, {
      status: 200,
      text: "hello"
    }),
    read("trailers are no headers", `${chunked}5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`, {
      status: 200,
      text: "hello",
      headers: { "x-sum": "" }
    }),
    read("no reason phrase", `HTTP/1.1 200\r\n${hello}`, { status: 200, text: "hello" }),
    read("an empty header, and blanks around a value", `HTTP/1.1 200 OK\r\nX-A:\r\nX-B: \t b \t\r\n${hello}`, {
      status: 200,
      text: "hello",
      headers: { "x-a": "", "x-b": "b" }
    }),
    check("a body that the close ends, of HTTP/1.1 and of 1.0", function*(client) {
      same("1.1", yield* untilClose(client, "HTTP/1.1 200 OK\r\nX-A: b"), "until the end")
      same("1.0", yield* untilClose(client, "HTTP/1.0 200 OK\r\nX-A: b"), "until the end")
    }),
    check("the answer is there at its headers, before its body", function*(client) {
      let finish = () => {}
      const server = yield* recordingServer((response) => {
        response.writeHead(200, { "content-length": 4 }).flushHeaders()
        finish = () => response.end("late")
      })
      const response = yield* client.get(server.url)
      finish()
      same("the text", String(Buffer.concat([...yield* Stream.runCollect(response.stream)])), "late")
    })
  ]
}
