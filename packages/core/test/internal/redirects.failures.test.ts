import * as Cookies from "@effect/platform/Cookies"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertTrue, deepStrictEqual, strictEqual, throws } from "@effect/vitest/utils"
import { Cause, Effect, Ref, Stream } from "effect"
import { inspect } from "node:util"
import type { RedirectFailedReason } from "../../src/internal/redirects.js"
import { followRedirects } from "../../src/internal/redirects.js"
import { scopedRequests } from "../../src/internal/scopedRequests.js"
import { InvalidOptions } from "../../src/PoolError.js"
import type { Request } from "../support/redirects.js"
import { a, failed, followed, get, post, redirect, server } from "../support/redirects.js"

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
