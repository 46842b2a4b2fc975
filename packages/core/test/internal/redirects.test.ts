import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertTrue, deepStrictEqual, strictEqual, throws } from "@effect/vitest/utils"
import { Cause, Context, Effect, Either, Option, Ref, Stream } from "effect"
import { inspect } from "node:util"
import type { RedirectFailedReason, RedirectOptions } from "../../src/internal/redirects.js"
import { followRedirects, RedirectFailed } from "../../src/internal/redirects.js"
import { CurrentRequestOptions, ResendCount } from "../../src/internal/requestOptions.js"
import { scopedRequests } from "../../src/internal/scopedRequests.js"
import { InvalidOptions } from "../../src/PoolError.js"

type Request = HttpClientRequest.HttpClientRequest

const a = "http://a.test/"

/** A request as it came to the server. */
interface Sent {
  readonly request: Request
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly resendCount: number
  readonly options: typeof CurrentRequestOptions.Service
}

const redirect = (status: number, location: string, headers = {}): Response =>
  new Response("moved", { status, headers: { location, ...headers } })

/** A server that gives these answers, one after the other, and then `ok` for ever. */
const server = (...answers: ReadonlyArray<Response>) => {
  const sent: Array<Sent> = []
  const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    (effect) =>
      Effect.flatMap(effect, (request) =>
        Effect.contextWith((context: Context.Context<never>) => {
          const url = Either.getOrThrow(UrlParams.makeUrl(request.url, request.urlParams, request.hash)).href
          sent.push({
            request,
            method: request.method,
            url,
            headers: { ...request.headers },
            resendCount: Context.get(context, ResendCount),
            options: Context.get(context, CurrentRequestOptions)
          })
          return HttpClientResponse.fromWeb(request, answers[sent.length - 1] ?? new Response("ok"))
        })),
    Effect.succeed
  )
  return { client, sent, urls: () => sent.map((one) => one.url) }
}

/** What came to the server when this was asked, and followed to the end. */
const followed = (request: Request, answers: ReadonlyArray<Response>, options?: RedirectOptions) =>
  Effect.gen(function*() {
    const { client, sent } = server(...answers)
    const response = yield* followRedirects(client, options).execute(request)
    strictEqual(response.status, 200)
    strictEqual(sent.length, answers.length + 1)
    return sent
  })

/** The second request, after one redirect. */
const second = (request: Request, answer: Response, options?: RedirectOptions) =>
  Effect.map(followed(request, [answer], options), (sent) => sent[1]!)

const failure = <A, R>(reason: RedirectFailedReason, effect: Effect.Effect<A, HttpClientError.HttpClientError, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assertTrue(error instanceof HttpClientError.ResponseError && HttpClientError.isHttpClientError(error))
    strictEqual(error.reason, "StatusCode")
    assertTrue(error.cause instanceof RedirectFailed)
    strictEqual(error.cause.reason, reason)
    return { error, cause: error.cause }
  })

const failed = (
  reason: RedirectFailedReason,
  request: Request,
  answers: ReadonlyArray<Response>,
  options?: RedirectOptions
) =>
  Effect.gen(function*() {
    const { client, sent } = server(...answers)
    return { sent, ...(yield* failure(reason, followRedirects(client, options).execute(request))) }
  })

const get = HttpClientRequest.get
const post = HttpClientRequest.post(a).pipe(
  HttpClientRequest.bodyText("hello"),
  HttpClientRequest.setHeaders({
    "content-type": "text/greeting",
    "content-encoding": "identity",
    "content-language": "en",
    "content-location": "/greeting",
    "x-kept": "1"
  })
)

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

describe("credentials", () => {
  const secrets = {
    authorization: "Bearer token",
    "proxy-authorization": "Basic token",
    cookie: "session=1",
    "x-api-key": "token",
    host: "virtual.test"
  }
  const request = HttpClientRequest.setHeaders(get("https://a.test/"), { ...secrets, accept: "text/plain" })

  it.effect("stay at their origin", () =>
    Effect.gen(function*() {
      for (const location of ["/next", "https://a.test/next", "https://A.test:443/next"]) {
        deepStrictEqual((yield* second(request, redirect(307, location))).headers, { ...request.headers })
      }
    }))

  for (const location of ["https://b.test/", "http://a.test/", "https://a.test:8443/", "//sub.a.test/"]) {
    it.effect(`do not go to ${location}`, () =>
      Effect.gen(function*() {
        deepStrictEqual((yield* second(request, redirect(307, location))).headers, { accept: "text/plain" })
      }))
  }

  it.effect("do not come back with the way back", () =>
    Effect.gen(function*() {
      const sent = yield* followed(request, [
        redirect(302, "https://a.test/x"),
        redirect(302, "https://b.test/"),
        redirect(302, "/z"),
        redirect(302, "https://a.test/y"),
        redirect(302, "/z")
      ])
      deepStrictEqual(sent.map((one) => one.headers["authorization"] ?? "none"), [
        "Bearer token",
        "Bearer token",
        "none",
        "none",
        "none",
        "none"
      ])
    }))

  it.effect("are known as such, even if the fiber redacts nothing", () =>
    Effect.gen(function*() {
      const { headers } = yield* second(request, redirect(302, "https://b.test/")).pipe(
        Effect.locally(Headers.currentRedactedNames, [])
      )
      deepStrictEqual(headers, { accept: "text/plain", "x-api-key": "token" })
    }))

  it.effect("are also what the fiber redacts, by name or by pattern, however the pattern was used before", () =>
    Effect.gen(function*() {
      const global = /^x-secret/g
      global.test("x-secret")
      const custom = HttpClientRequest.setHeaders(get(a), {
        "x-secret-a": "1",
        "x-secret-b": "2",
        "x-token": "3",
        "x-b": "4"
      })
      const { headers } = yield* second(custom, redirect(302, "http://b.test/")).pipe(
        Effect.locally(Headers.currentRedactedNames, [global, "X-Token"])
      )
      deepStrictEqual(headers, { "x-b": "4" })
    }))

  it.effect("that are added by mapRequest are added once, and are not added again elsewhere", () =>
    Effect.gen(function*() {
      const authorized = HttpClient.mapRequest(HttpClientRequest.bearerToken("token"))
      const once = (compose: (client: HttpClient.HttpClient) => HttpClient.HttpClient) =>
        Effect.gen(function*() {
          const { client, sent } = server(redirect(302, "/next"), redirect(302, "http://b.test/"))
          yield* compose(client).get(a)
          deepStrictEqual(sent.map((one) => one.headers["authorization"]), ["Bearer token", "Bearer token", undefined])
        })
      yield* once((client) => client.pipe(authorized, followRedirects()))
      yield* once((client) => client.pipe(followRedirects(), authorized))
    }))
})

describe("what the fiber says of its requests", () => {
  const tls = { servername: "a.test", rejectUnauthorized: false }

  it.effect("holds at every request, but for tls, which is for the first origin", () =>
    Effect.gen(function*() {
      const options = { timeout: 1000, idempotent: true }
      const sent = yield* followed(get(a), [
        redirect(302, "/next"),
        redirect(302, "http://b.test/"),
        redirect(302, "http://a.test/back")
      ]).pipe(Effect.provideService(CurrentRequestOptions, { ...options, tls }))
      deepStrictEqual(sent.map((one) => one.options), [
        { ...options, tls },
        { ...options, tls },
        options,
        options
      ])
    }))

  it.effect("is the very same value where nothing of it is dropped", () =>
    Effect.gen(function*() {
      const options = { timeout: 1000 }
      const sent = yield* followed(get(a), [redirect(302, "http://b.test/")]).pipe(
        Effect.provideService(CurrentRequestOptions, options)
      )
      assertTrue(sent.every((one) => one.options === options))
    }))

  it.effect("goes on after the redirects as it was before", () =>
    Effect.gen(function*() {
      yield* followed(get(a), [redirect(302, "http://b.test/")])
      deepStrictEqual([yield* ResendCount, (yield* CurrentRequestOptions).tls], [3, tls])
    }).pipe(Effect.provideService(ResendCount, 3), Effect.provideService(CurrentRequestOptions, { tls })))

  it.effect("counts each redirect as one more request for the same purpose", () =>
    Effect.gen(function*() {
      const chain = followed(get(a), [redirect(302, "/1"), redirect(302, "/2")])
      const counts = Effect.map(chain, (sent) => sent.map((one) => one.resendCount))
      deepStrictEqual(yield* counts, [0, 1, 2])
      deepStrictEqual(yield* Effect.provideService(counts, ResendCount, 5), [5, 6, 7])
    }))
})

describe("the end of the way", () => {
  const chain = (length: number): ReadonlyArray<Response> =>
    Array.from({ length }, (_, i) => redirect(302, `/${i + 1}`))

  it.effect("is after 10 redirects", () =>
    Effect.gen(function*() {
      yield* followed(get(a), chain(10))
      const { cause, error, sent } = yield* failed("TooMany", get(a), chain(11))
      deepStrictEqual([sent.length, cause.redirects, cause.status], [11, 10, 302])
      deepStrictEqual([error.request, error.response.status], [sent[10]!.request, 302])
    }))

  it.effect("is where maxRedirects says", () =>
    Effect.gen(function*() {
      yield* followed(get(a), chain(20), { maxRedirects: 20 })
      strictEqual((yield* failed("TooMany", get(a), chain(2), { maxRedirects: 1 })).sent.length, 2)
      strictEqual((yield* failed("TooMany", get(a), chain(1), { maxRedirects: 0 })).sent.length, 1)
      strictEqual((yield* followed(get(a), [], { maxRedirects: 0 })).length, 1)
    }))

  it("is not where a maxRedirects that is none could say", () => {
    for (const maxRedirects of [-1, 1.5, NaN, Infinity, 2 ** 53, "5"]) {
      throws(() => followRedirects(server().client, { maxRedirects: maxRedirects as number }), (error) => {
        assertTrue(error instanceof InvalidOptions)
        strictEqual(error.option, "maxRedirects")
      })
    }
  })

  const loops: Readonly<Record<string, readonly [Request, ReadonlyArray<Response>, number]>> = {
    "a page that leads to itself": [get(a), [redirect(302, "/")], 1],
    "a page, written otherwise, that leads to itself": [get("HTTP://A.test:80#top"), [redirect(302, "/")], 1],
    "a page with parameters that leads to itself": [get(a, { urlParams: { x: "1" } }), [redirect(302, "?x=1")], 1],
    "a page that leads to a part of itself": [get(`${a}?x=1`), [redirect(302, "#part")], 1],
    "two pages that lead to each other": [get(a), [redirect(302, "/b"), redirect(302, "/")], 2],
    "a way back in": [get(a), [redirect(302, "/b"), redirect(302, "/c"), redirect(302, "/b")], 3],
    "a POST to the same place": [post, [redirect(308, "/")], 1],
    "a POST, made in another order, to the same place": [
      HttpClientRequest.post(a).pipe(HttpClientRequest.setHeader("x-first", "1"), HttpClientRequest.bodyText("hello")),
      [redirect(308, "/")],
      1
    ],
    "a GET that a POST became, to the same place": [post, [redirect(303, "/"), redirect(303, "/")], 2]
  }
  for (const [name, [request, answers, requests]] of Object.entries(loops)) {
    it.effect(`is at once where there is a loop: ${name}`, () =>
      Effect.gen(function*() {
        const { cause, sent } = yield* failed("Loop", request, answers)
        deepStrictEqual([sent.length, cause.redirects], [requests, requests - 1])
      }))
  }

  it.effect("is not at the way back without credentials, which is another request, but the second time", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.bearerToken(get(a), "token")
      const there = () => redirect(302, "http://b.test/")
      const back = () => redirect(302, a)
      yield* followed(request, [there(), back()])
      strictEqual((yield* failed("Loop", request, [there(), back(), there()])).sent.length, 3)
    }))
})

describe("a failure", () => {
  it.effect("says where, how far, and what to change", () =>
    Effect.gen(function*() {
      const stories: Readonly<Record<RedirectFailedReason, readonly [Request, Response, string]>> = {
        TooMany: [get(a), redirect(302, "/next"), "maxRedirects"],
        Loop: [get(a), redirect(302, "/"), "cookie"],
        InvalidLocation: [get(a), redirect(302, "ftp://a.test/"), "without followRedirects"],
        BodyNotRepeatable: [
          HttpClientRequest.bodyStream(HttpClientRequest.put(a), Stream.empty),
          redirect(307, "/next"),
          "repeatStreams"
        ]
      }
      for (const [reason, [request, answer, change]] of Object.entries(stories)) {
        const { cause, error } = yield* failed(reason as RedirectFailedReason, request, [answer], {
          maxRedirects: reason === "TooMany" ? 0 : 1
        })
        assertTrue(cause.message.includes("a.test") && cause.message.includes(`${answer.status}`), cause.message)
        assertTrue(cause.message.includes(change), cause.message)
        assertTrue(error.message.includes(cause.message), error.message)
      }
    }))

  it.effect("shows no secret, however it is printed", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get("http://us3r:pa55word@a.test/path?sig=s1gnature", {
        urlParams: { key: "t0ken" },
        headers: { authorization: "Bearer t0ken", cookie: "c00kie" }
      })
      const headers = { "set-cookie": "c00kie", "content-type": "text/plain" }
      const locations: ReadonlyArray<readonly [string, RedirectFailedReason]> = [
        ["https://us3r:pa55word@b.test/path?X-Amz-Signature=s1gnature&code=t0ken#t0ken", "TooMany"],
        ["/path?X-Amz-Signature=s1gnature", "TooMany"],
        ["ftp://us3r:pa55word@b.test/t0ken?sig=s1gnature", "InvalidLocation"],
        ["https://us3r:pa55word@b.test:99999/t0ken", "InvalidLocation"],
        ["app:/callback?code=t0ken", "InvalidLocation"]
      ]
      for (const [location, reason] of locations) {
        const answer = redirect(302, location, headers)
        const { error } = yield* failed(reason, request, [answer], { maxRedirects: 0 })
        const shown = [
          error.message,
          String(error),
          error.stack,
          JSON.stringify(error),
          inspect(error, { depth: 10 }),
          Cause.pretty(Cause.fail(error), { renderErrorCause: true }),
          JSON.stringify(Cause.fail(error))
        ].join("\n")
        for (const secret of ["us3r", "pa55word", "t0ken", "s1gnature", "c00kie"]) {
          assertFalse(shown.includes(secret), `${secret} in ${shown}`)
        }
        assertFalse(answer.bodyUsed)
        strictEqual(error.response.headers["location"], location)
      }
    }))
})

describe("with the platform's combinators", () => {
  const follow = followRedirects()

  it("a client has the two halves that followRedirects takes it apart into", () => {
    for (const client of [HttpClient.make(() => Effect.never), server().client, followRedirects(server().client)]) {
      assertTrue("preprocess" in client && typeof client.preprocess === "function")
      assertTrue("postprocess" in client && typeof client.postprocess === "function")
    }
  })

  it.effect("mapRequest may give the whole URL, before or after", () =>
    Effect.gen(function*() {
      const prefix = HttpClient.mapRequest(HttpClientRequest.prependUrl("http://a.test"))
      for (
        const compose of [
          (client: HttpClient.HttpClient) => client.pipe(prefix, follow),
          (client: HttpClient.HttpClient) => client.pipe(follow, prefix)
        ]
      ) {
        const { client, urls } = server(redirect(302, "next"))
        yield* compose(client).get("/dir/")
        deepStrictEqual(urls(), ["http://a.test/dir/", "http://a.test/dir/next"])
      }
    }))

  it.effect("mapRequestEffect runs once, and its failure is the client's", () =>
    Effect.gen(function*() {
      const { client, sent } = server(redirect(302, "/next"))
      let runs = 0
      const counted = client.pipe(HttpClient.tapRequest(() => Effect.sync(() => runs++)), follow)
      yield* counted.get(a)
      deepStrictEqual([runs, sent.length], [1, 2])
      const failing = client.pipe(HttpClient.mapRequestEffect(() => Effect.fail("no" as const)), follow)
      strictEqual(yield* Effect.flip(failing.get(a)), "no")
      strictEqual(sent.length, 2)
    }))

  it.effect("tap sees every answer before followRedirects, and the last one after it", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const tap = (name: string) =>
        HttpClient.tap((response) => Effect.sync(() => seen.push(`${name} ${response.status}`)))
      yield* server(redirect(302, "/next")).client.pipe(tap("before"), follow, tap("after")).get(a)
      deepStrictEqual(seen, ["before 302", "before 200", "after 200"])
    }))

  it.effect("withCookiesRef takes the cookies of every answer before followRedirects, of the last one after it", () =>
    Effect.gen(function*() {
      const taken = (
        compose: (ref: Ref.Ref<Cookies.Cookies>, client: HttpClient.HttpClient) => HttpClient.HttpClient
      ) =>
        Effect.gen(function*() {
          const ref = yield* Ref.make(Cookies.fromSetCookie(["known=1"]))
          const { client, sent } = server(
            redirect(302, "/next", { "set-cookie": "first=1" }),
            redirect(302, "http://b.test/"),
            new Response("ok", { headers: { "set-cookie": "last=1" } })
          )
          yield* compose(ref, client).get(a)
          deepStrictEqual(sent.map((one) => one.headers["cookie"]), ["known=1", "known=1", undefined])
          return Cookies.toCookieHeader(yield* ref)
        })
      strictEqual(
        yield* taken((ref, client) => client.pipe(HttpClient.withCookiesRef(ref), follow)),
        "known=1; first=1; last=1"
      )
      strictEqual(
        yield* taken((ref, client) => client.pipe(follow, HttpClient.withCookiesRef(ref))),
        "known=1; last=1"
      )
    }))

  it.effect("retry repeats the one request that failed before followRedirects, all of them after it", () =>
    Effect.gen(function*() {
      const asked = (
        answers: ReadonlyArray<Response>,
        compose: (client: HttpClient.HttpClient) => HttpClient.HttpClient
      ) =>
        Effect.gen(function*() {
          const { client, urls } = server(...answers)
          yield* compose(HttpClient.filterStatus(client, (status) => status < 400)).get(a)
          return urls().map((url) => new URL(url).pathname)
        })
      const moved = () => redirect(302, "/next")
      const broken = new Response(null, { status: 500 })
      deepStrictEqual(
        yield* asked([moved(), broken], (client) => client.pipe(HttpClient.retry({ times: 1 }), followRedirects())),
        ["/", "/next", "/next"]
      )
      deepStrictEqual(
        yield* asked(
          [moved(), broken, moved()],
          (client) => client.pipe(followRedirects(), HttpClient.retry({ times: 1 }))
        ),
        ["/", "/next", "/", "/next"]
      )
    }))

  /** A client of the platform that follows one redirect, and the signals it got. */
  const signalled = () => {
    const signals: Array<AbortSignal> = []
    const client = HttpClient.make((request, url, signal) => {
      signals.push(signal)
      return Effect.succeed(
        HttpClientResponse.fromWeb(request, url.pathname === "/" ? redirect(302, "/next") : new Response("ok"))
      )
    })
    return { client, aborted: () => signals.map((signal) => signal.aborted) }
  }

  it.effect("withScope ends the last answer with its scope, before or after", () =>
    Effect.gen(function*() {
      for (
        const compose of [
          (client: HttpClient.HttpClient) => client.pipe(HttpClient.withScope, follow),
          (client: HttpClient.HttpClient) => client.pipe(follow, HttpClient.withScope),
          (client: HttpClient.HttpClient) => client.pipe(HttpClient.withScope, follow, HttpClient.withScope)
        ]
      ) {
        const { aborted, client } = signalled()
        yield* Effect.scoped(Effect.gen(function*() {
          yield* compose(client).get(a)
          deepStrictEqual(aborted(), [false, false])
        }))
        deepStrictEqual(aborted(), [true, true])
      }
    }))

  it.effect("withScope keeps its controllers where scopedRequests finds them", () =>
    Effect.scoped(Effect.gen(function*() {
      const request = get(a)
      const { aborted, client } = signalled()
      yield* HttpClient.withScope(client).execute(request)
      scopedRequests.get(request)?.abort()
      deepStrictEqual(aborted(), [true])
    })))
})
