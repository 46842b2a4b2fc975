import type { ConnectionPool } from "@connection-pool/core"
import { HttpBody, HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Stream } from "effect"
import { describe } from "vitest"
import { httpServer, readBody } from "./support/httpServer.js"
import { type Ask, assertAtRest, ways, withPool } from "./support/stage.js"

/** A server of Node's: what its strict parser takes for a request is one. */
const judge = Effect.gen(function*() {
  const requests: Array<{ line: string; host: string | undefined; added: unknown; body: string }> = []
  const server = yield* httpServer((request, response) =>
    void readBody(request).then((body) => {
      const { headers: { authorization, host, "x-evil": evil }, method, url } = request
      requests.push({ line: `${method} ${url}`, host, added: evil ?? authorization, body })
      response.end(`answer to ${url}`)
    })
  )
  return { ...server, requests }
})

type Server = Effect.Effect.Success<typeof judge>

/** What each way sees of a request, and what the server does; the next request is answered as if nothing had been. */
const forEachWay = (
  request: (url: string) => Ask,
  check: (seen: string, server: Server, pool: ConnectionPool.Service) => Effect.Effect<void> | void
) =>
  Effect.forEach(Object.entries(ways), ([way, ask]) =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* judge
      yield* withPool({ maxResponseSize: 2 ** 20, maxHeaderSize: 2 ** 14 }, (pool, client) =>
        Effect.gen(function*() {
          const seen = yield* ask(pool, client, request(server.url))
          const checks = check(`${way}: ${seen}`, server, pool)
          if (checks !== undefined) yield* checks
          strictEqual((yield* pool.execute({ url: `${server.url}next` })).text, "answer to /next")
        }))
      yield* Effect.promise(server.allClosed)
    })), { concurrency: 5, discard: true })

const of = (seen: string): string => seen.slice(seen.indexOf(": ") + 2).toLowerCase()

/** Nothing is sent, not even to an open connection, and nobody pays for it. */
const refused = (field: string, request: (url: string) => Ask) =>
  forEachWay(request, (seen, server, pool) =>
    Effect.gen(function*() {
      deepStrictEqual([seen, of(seen)], [seen, `invalidrequest ${field}, not-sent`])
      deepStrictEqual(server.requests, [])
      const { active, closed, waiting } = yield* pool.stats
      deepStrictEqual({ active, closed, waiting }, { active: 0, closed: 0, waiting: 0 })
    }))

/** It is one request, to this target. */
const isSent = (line: string, request: (url: string) => Ask, added?: string) =>
  forEachWay(request, (seen, server, pool) =>
    Effect.gen(function*() {
      const target = line.slice(line.indexOf(" ") + 1)
      deepStrictEqual([seen, of(seen)], [seen, `200 answer to ${target}`.toLowerCase()])
      deepStrictEqual(server.requests, [{ line, host: new URL(server.url).host, added, body: "" }])
      yield* assertAtRest(pool, 1)
    }))

const lineEnds: Readonly<Record<string, string>> = {
  "CR": "\r",
  "LF": "\n",
  "CR LF and a header": "\r\nx-evil: 1",
  "CR LF and a request": "\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n",
  "NUL": "\0",
  "DEL": "\x7f",
  "a character whose low byte is LF": "\u010a",
  "a character whose low byte is CR": "\u010d",
  "a line separator": "\u2028"
}

describe("a request with", () => {
  for (const [what, evil] of Object.entries(lineEnds)) {
    it.live(`${what} in its method`, () => refused("method", (url) => ({ url, method: `GET${evil}` })))
    it.live(`${what} in a header's name`, () => refused("headers", (url) => ({ url, headers: { [`x${evil}`]: "1" } })))
    it.live(`${what} in a header's value`, () =>
      refused("headers.x-a", (url) => ({ url, headers: { "x-a": `1${evil}` } })))
    it.live(`${what} in its host header`, () =>
      refused("headers.host", (url) => ({ url, headers: { host: `a${evil}` } })))
    it.live(`${what} in front of its method and header values`, () =>
      Effect.zipRight(
        refused("method", (url) => ({ url, method: `${evil}GET` })),
        refused("headers.x-a", (url) => ({ url, headers: { "x-a": `${evil}1` } }))
      ))
  }

  it.live.each([
    ["CR LF in its path", "a\r\nx-evil: 1", "/ax-evil:%201"],
    ["a request in its path", "a HTTP/1.1\r\n\r\nGET /evil", "/a%20HTTP/1.1GET%20/evil"],
    ["NUL in its path", "a\0b", "/a%00b"],
    ["CR LF in its path, encoded", "a%0d%0ax-evil:1", "/a%0d%0ax-evil:1"],
    ["characters whose low bytes are CR and LF in its path", "\u010d\u010a", "/%C4%8D%C4%8A"],
    ["CR LF in its query", "?a=b\r\nx-evil: 1", "/?a=bx-evil:%201"],
    ["NUL and a blank in its query", "?a=\0 b", "/?a=%00%20b"],
    ["CR LF in its fragment", "a#\r\nx-evil: 1", "/a"]
  ])(
    "%s is one request, with a path that says it without them",
    ([, path, target]) => isSent(`GET ${target}`, (url) => ({ url: `${url}${path}` }))
  )

  it.live("CR LF in the credentials of its URL has them encoded", () =>
    isSent(
      "GET /",
      (url) => ({ url: url.replace("//", "//a%0d%0ax-evil:%0d%0ab@") }),
      `Basic ${btoa("a\r\nx-evil:\r\nb")}`
    ))

  it.live.each([
    ["NUL in the host of its URL", "\0"],
    ["CR LF, encoded, in the host of its URL", "%0d%0a"],
    ["a blank in the host of its URL", " "]
  ])("%s is refused", ([, evil]) => refused("url", (url) => ({ url: url.replace("127.", `127.${evil}`) })))

  it.live("CR LF in the host of its URL goes to the host without them, which the parser of URLs leaves out", () =>
    isSent("GET /", (url) => ({ url: url.replace("127.", "12\r\n7.") })))
})

describe("what is the pool's own to say:", () => {
  it.live.each([
    ["transfer-encoding: chunked", "transfer-encoding", "chunked", "headers.transfer-encoding"],
    ["Transfer-Encoding: identity", "Transfer-Encoding", "identity", "headers.transfer-encoding"],
    ["a blank behind transfer-encoding", "transfer-encoding ", "chunked", "headers"],
    ["a tab in front of transfer-encoding", "\ttransfer-encoding", "chunked", "headers"],
    ["a content-length without a body", "content-length", "5", "body"],
    ["a signed content-length", "content-length", "+0", "headers.content-length"],
    ["a list of content-lengths", "content-length", "0, 5", "headers.content-length"],
    ["a content-length in hexadecimal", "content-length", "0x5", "headers.content-length"],
    ["a content-length with a blank", "content-length", " 0", "headers.content-length"],
    ["connection: upgrade", "connection", "upgrade", "headers.connection"],
    ["headers that are the connection's", "connection", "close, x-secret", "headers.connection"],
    ["upgrade", "upgrade", "h2c", "headers.upgrade"],
    ["expect", "Expect", "100-continue", "headers.expect"],
    ["keep-alive", "keep-alive", "timeout=999", "headers.keep-alive"]
  ])("%s is refused", ([, name, value, field]) => refused(field!, (url) => ({ url, headers: { [name!]: value! } })))

  it.live("CONNECT is refused", () => refused("method", (url) => ({ url, method: "CONNECT" })))

  it.live("connection: keep-alive is taken, and changes nothing", () =>
    isSent("GET /", (url) => ({ url, headers: { connection: "keep-alive" } })))

  it.live("connection: close is taken, and the connection is not used again", () =>
    forEachWay((url) => ({ url, headers: { connection: "close" } }), (seen, _, pool) =>
      Effect.gen(function*() {
        strictEqual(of(seen), "200 answer to /")
        const { closed, idle } = yield* pool.stats
        deepStrictEqual([closed, idle], [1, 0])
      })))

  it.live("a content-length of 0 without a body is taken", () =>
    isSent("GET /", (url) => ({ url, headers: { "content-length": "0" } })))
})

describe("a request that is too large", () => {
  it.live("with 2 MiB of headers is refused", () =>
    refused("headers", (url) => ({ url, headers: { cookie: "x".repeat(2 ** 21) } })))

  it.live("with 2 MiB of URL is refused", () => refused("url", (url) => ({ url: `${url}${"x".repeat(2 ** 21)}` })))

  it.live("for the server has the server's answer, and its connection is not used again", () =>
    forEachWay(
      (url) => ({ url, headers: { cookie: "x".repeat(20_000) } }),
      (seen, server, pool) =>
        Effect.gen(function*() {
          strictEqual(of(seen), "431")
          deepStrictEqual(server.requests, [])
          const { closed, idle } = yield* pool.stats
          deepStrictEqual([closed, idle], [1, 0])
        })
    ))
})

describe("what looks like a request inside of a body", () => {
  const smuggled = "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
  const bodies: Readonly<Record<string, HttpBody.HttpBody>> = {
    "text": HttpBody.text(smuggled),
    "a stream": HttpBody.stream(Stream.encodeText(Stream.make(smuggled, "", smuggled))),
    "a stream of a declared length": HttpBody.stream(
      Stream.encodeText(Stream.make(smuggled)),
      "text/plain",
      smuggled.length
    )
  }

  for (const [what, body] of Object.entries(bodies)) {
    it.live(`that is ${what} is a part of the body, with any method`, () =>
      Effect.forEach(["GET", "POST", "DELETE", "PUT"], (method) =>
        Effect.scoped(Effect.gen(function*() {
          const server = yield* judge
          yield* withPool({}, (pool, client) =>
            Effect.gen(function*() {
              const request = HttpClientRequest.make(method as "POST")(server.url, { body })
              strictEqual(yield* Effect.flatMap(client.execute(request), ({ text }) => text), "answer to /")
              yield* assertAtRest(pool, 1)
            }))
          deepStrictEqual(server.requests.map(({ line }) => line), [`${method} /`])
          assertTrue(server.requests.every(({ body }) => body.startsWith(smuggled)))
        })), { discard: true }))
  }

  it.live("a type with CR LF is refused", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* judge
      yield* withPool({}, (_, client) =>
        Effect.gen(function*() {
          const body = HttpBody.text("x", "text/plain\r\nx-evil: 1")
          const error = yield* Effect.flip(client.post(server.url, { body }))
          deepStrictEqual([error._tag, error.reason], ["RequestError", "Encode"])
          assertTrue(String((error.cause as Error).message).startsWith("headers.content-type"))
        }))
      deepStrictEqual(server.requests, [])
    })))

  it.live("names of a form with quotes, CR LF and a boundary stay names", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* judge
      const form = new FormData()
      const evil = "a\"\r\nx-evil: 1\r\n\r\n--boundary"
      form.append(evil, "1")
      form.append("file", new File(["2"], evil))
      yield* withPool({}, (_, client) => client.post(server.url, { body: HttpBody.formData(form) }))
      const { body } = server.requests[0]!
      strictEqual(body.match(/^content-disposition/gim)?.length, 2)
      strictEqual(/^x-evil/m.test(body), false)
    })))
})
