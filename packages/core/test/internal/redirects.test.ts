import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { describe, it } from "@effect/vitest"
import { assertFalse, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Option, Stream } from "effect"
import { followRedirects } from "../../src/internal/redirects.js"
import { a, failed, followed, get, post, redirect, second, server } from "../support/redirects.js"

describe("which answers are followed", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it.effect(`${status} leads to its location`, () =>
      Effect.gen(function*() {
        strictEqual((yield* second(get(a), redirect(status, "/next"))).url, "http://a.test/next")
      }))
  }

  for (const status of [200, 201, 300, 304, 305, 306, 404]) {
    it.effect(`${status} is an answer, whatever its location`, () =>
      Effect.gen(function*() {
        const headers = { location: "/next" }
        const { client, sent } = server(new Response(null, { status, headers }))
        strictEqual((yield* followRedirects(client).get(a)).status, status)
        strictEqual(sent.length, 1)
      }))
  }

  it.effect("a redirect without location is an answer", () =>
    Effect.gen(function*() {
      const { client, sent } = server(new Response(null, { status: 302 }))
      strictEqual((yield* followRedirects(client).get(a)).status, 302)
      strictEqual(sent.length, 1)
    }))

  it.effect("the answer at the end knows the request that it answers, and can be read", () =>
    Effect.gen(function*() {
      const response = yield* followRedirects(server(redirect(302, "/next")).client).get(a)
      deepStrictEqual([response.request.url, yield* response.text], ["http://a.test/next", "ok"])
    }))

  it.effect("the body of a redirect is not read", () =>
    Effect.gen(function*() {
      const answer = redirect(302, "/next")
      yield* second(get(a), answer)
      assertFalse(answer.bodyUsed)
    }))

  it.effect("the platform's own client, with its spans, is followed as well", () =>
    Effect.gen(function*() {
      const paths: Array<string> = []
      const client = HttpClient.make((request, url) => {
        paths.push(url.pathname)
        return Effect.succeed(
          HttpClientResponse.fromWeb(request, url.pathname === "/" ? redirect(302, "/next") : new Response())
        )
      })
      yield* client.pipe(followRedirects({ maxRedirects: 1 })).get(a)
      yield* client.pipe(followRedirects()).get(a)
      deepStrictEqual(paths, ["/", "/next", "/", "/next"])
    }))
})

describe("method and body", () => {
  const changes: ReadonlyArray<readonly [number, HttpClientRequest.HttpClientRequest["method"], string]> = [
    [301, "GET", "GET"],
    [301, "POST", "GET"],
    [301, "PUT", "PUT"],
    [302, "HEAD", "HEAD"],
    [302, "POST", "GET"],
    [302, "DELETE", "DELETE"],
    [302, "PATCH", "PATCH"],
    [303, "GET", "GET"],
    [303, "HEAD", "HEAD"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [303, "DELETE", "GET"],
    [307, "POST", "POST"],
    [307, "PUT", "PUT"],
    [308, "POST", "POST"],
    [308, "HEAD", "HEAD"]
  ]
  for (const [status, method, next] of changes) {
    it.effect(`${method} is ${next} after ${status}`, () =>
      Effect.gen(function*() {
        strictEqual(
          (yield* second(HttpClientRequest.setMethod(get(a), method), redirect(status, "/next"))).method,
          next
        )
      }))
  }

  it.effect("a POST that became GET has no body and nothing that is said of one", () =>
    Effect.gen(function*() {
      for (const status of [301, 302, 303]) {
        const { headers, request } = yield* second(post, redirect(status, "/next"))
        strictEqual(request.body._tag, "Empty")
        deepStrictEqual(headers, { "x-kept": "1" })
      }
    }))

  it.effect("where the method stays, the body and every header are the same as before", () =>
    Effect.gen(function*() {
      const put = HttpClientRequest.setMethod(post, "PUT")
      for (const [request, status] of [[post, 307], [post, 308], [put, 301], [put, 302]] as const) {
        const { headers, request: next } = yield* second(request, redirect(status, "/next"))
        strictEqual(next.body, request.body)
        deepStrictEqual(headers, { ...request.headers })
        strictEqual(headers["content-type"], "text/greeting")
      }
    }))

  const bodies: Readonly<Record<string, readonly [HttpBody.HttpBody, boolean]>> = {
    nothing: [HttpBody.empty, true],
    bytes: [HttpBody.uint8Array(new Uint8Array([1])), true],
    "form data": [HttpBody.formData(new FormData()), true],
    "raw text": [HttpBody.raw("a"), true],
    "raw bytes": [HttpBody.raw(new Uint8Array([1])), true],
    "a raw buffer": [HttpBody.raw(new ArrayBuffer(1)), true],
    "a raw blob": [HttpBody.raw(new Blob(["a"])), true],
    "raw parameters": [HttpBody.raw(new URLSearchParams("a=1")), true],
    "a stream": [HttpBody.stream(Stream.empty), false],
    "a raw stream": [HttpBody.raw(new ReadableStream()), false],
    "a raw something": [HttpBody.raw({}), false]
  }
  for (const [name, [body, repeatable]] of Object.entries(bodies)) {
    const request = HttpClientRequest.setBody(HttpClientRequest.put(a), body)
    const answer = () => redirect(307, "/next")

    if (repeatable) {
      it.effect(`${name} can be sent again`, () =>
        Effect.gen(function*() {
          strictEqual((yield* second(request, answer())).request.body, body)
        }))
    } else {
      it.effect(`${name} cannot be sent again without being told so`, () =>
        Effect.gen(function*() {
          strictEqual((yield* failed("BodyNotRepeatable", request, [answer()])).sent.length, 1)
        }))
    }

    it.effect(`${name} is sent again with repeatStreams, and where it is dropped nobody asks`, () =>
      Effect.gen(function*() {
        strictEqual((yield* second(request, answer(), { repeatStreams: true })).request.body, body)
        strictEqual((yield* second(request, redirect(303, "/next"))).request.body._tag, "Empty")
      }))
  }
})

describe("the URL", () => {
  it.effect("is resolved against what was requested, parameters and all, and takes nothing else along", () =>
    Effect.gen(function*() {
      // A POST, so that a location that leads to the same page is another request.
      const request = HttpClientRequest.post(`${a}dir/page?x=1`, { urlParams: { y: "2" }, hash: "top" })
      const locations = {
        "other": "http://a.test/dir/other",
        "/other?z=3": "http://a.test/other?z=3",
        "?z=3": "http://a.test/dir/page?z=3",
        "": "http://a.test/dir/page?x=1&y=2",
        "#end": "http://a.test/dir/page?x=1&y=2",
        "//b.test/other#end": "http://b.test/other",
        "HTTPS://B.test:443/": "https://b.test/"
      }
      for (const [location, url] of Object.entries(locations)) {
        const { request: next } = yield* second(request, redirect(303, location))
        deepStrictEqual([next.url, next.urlParams, next.hash], [url, [], Option.none()], location)
      }
    }))

  it.effect("keeps a signed query to the letter", () =>
    Effect.gen(function*() {
      const url = "https://b.test/file?flag&X-Amz-Signature=a%20b+c~%7E&x=1&x=2"
      strictEqual((yield* second(get(a), redirect(302, url))).request.url, url)
    }))

  it.effect("of the second redirect is resolved against the first", () =>
    Effect.gen(function*() {
      const [, , last] = yield* followed(get(a), [redirect(302, "http://b.test/dir/"), redirect(302, "page")])
      strictEqual(last?.url, "http://b.test/dir/page")
    }))

  for (
    const location of [
      "ftp://b.test/",
      "mailto:b@b.test",
      "http://",
      "//[",
      "javascript:alert(1)",
      "file:///etc/passwd"
    ]
  ) {
    it.effect(`${location} is not followed`, () =>
      Effect.gen(function*() {
        const { cause, error, sent } = yield* failed("InvalidLocation", get(a), [redirect(302, location)])
        strictEqual(sent.length, 1)
        deepStrictEqual([error.response.status, cause.status, cause.redirects], [302, 302, 0])
      }))
  }

  it.effect("keeps its credentials at its own origin, and never has them again from elsewhere", () =>
    Effect.gen(function*() {
      const urls = (...locations: ReadonlyArray<string>) =>
        Effect.map(
          followed(get("http://us%40r:pw@a.test/"), locations.map((location) => redirect(302, location))),
          (sent) => sent.slice(1).map((one) => one.url)
        )
      deepStrictEqual(yield* urls("/x", "http://a.test/y"), ["http://us%40r:pw@a.test/x", "http://us%40r:pw@a.test/y"])
      deepStrictEqual(yield* urls("http://new@a.test/x"), ["http://new@a.test/x"])
      deepStrictEqual(yield* urls("//b.test/", "http://a.test/z", "/y"), [
        "http://b.test/",
        "http://a.test/z",
        "http://a.test/y"
      ])
      deepStrictEqual(yield* urls("https://a.test/"), ["https://a.test/"])
    }))
})
