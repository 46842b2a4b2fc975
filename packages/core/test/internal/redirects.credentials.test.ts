import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { followRedirects } from "../../src/internal/redirects.js"
import { CurrentRequestOptions, ResendCount } from "../../src/internal/requestOptions.js"
import { a, followed, get, redirect, second, server } from "../support/redirects.js"

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
