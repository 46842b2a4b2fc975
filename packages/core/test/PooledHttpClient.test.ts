import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer, Redacted, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { PoolRequest, TestConnector } from "../src/index.js"
import { ConnectionPool, PooledHttpClient } from "../src/index.js"
import { answer, causeOf, withClient } from "./support/client.js"
import { assertAtRest, bytes, poolLayer, start, url, withPool } from "./support/pool.js"

describe("a client", () => {
  it.effect("asks with method, URL and headers, and gives status, headers and body", () =>
    withClient(
      (client, pool, network) =>
        Effect.gen(function*() {
          const response = yield* client.get(`${url}a`, { headers: { "X-A": "1" } })
          deepStrictEqual([response.status, response.headers["x-b"], yield* response.text], [201, "2", "hello"])
          const [asked] = yield* network.requests
          deepStrictEqual([asked!.method, asked!.url, asked!.headers["x-a"], asked!.body], ["GET", `${url}a`, "1", ""])
          yield* assertAtRest(pool)
        }),
      answer({ status: 201, headers: { "X-B": "2" }, body: "hello" })
    ))

  it.effect("knows every method", () =>
    withClient((client, _, network) =>
      Effect.gen(function*() {
        const { del, get, head, options, patch, post, put } = client
        for (const ask of [get, head, post, put, patch, del, options]) yield* ask.call(client, url)
        deepStrictEqual(
          (yield* network.requests).map(({ method }) => method),
          ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        )
      })
    ))

  it.effect("adds the request's parameters to the URL's own, and keeps the fragment to itself", () =>
    withClient((client, _, network) =>
      Effect.gen(function*() {
        const request = HttpClientRequest.get(`${url}a?b=1#c`).pipe(
          HttpClientRequest.appendUrlParams([["b", "2"], ["d", "ü &"]]),
          HttpClientRequest.setHash("e")
        )
        yield* client.execute(request)
        strictEqual((yield* network.requests)[0]!.url, `${url}a?b=1&b=2&d=%C3%BC+%26`)
      })
    ))

  it.effect("sends the URL's credentials as authorization", () =>
    withClient((client, _, network) =>
      Effect.gen(function*() {
        yield* client.get("http://user:word@server.test/")
        strictEqual((yield* network.requests)[0]!.headers["authorization"], `Basic ${btoa("user:word")}`)
      })
    ))

  it.effect("takes any status for an answer", () =>
    withClient(
      (client) => Effect.map(client.get(url), ({ status }) => strictEqual(status, 503)),
      answer({ status: 503 })
    ))

  it.effect("keeps to the pool's limits and uses its connections again", () =>
    withClient(
      (client, pool, network) =>
        Effect.gen(function*() {
          const all = yield* Effect.forEach(
            Array.from({ length: 100 }, (_, i) => `${url}${i}`),
            (url) => Effect.flatMap(client.get(url), ({ text }) => text),
            { concurrency: "unbounded" }
          )
          deepStrictEqual(all, Array.from({ length: 100 }, (_, i) => `${url}${i}`))
          strictEqual(yield* network.mostOpen, 3)
          yield* assertAtRest(pool)
        }),
      { respond: ({ url }) => ({ body: url }) },
      { maxConnectionsPerOrigin: 3 }
    ))

  it.effect("comes as a layer, for programs that know the platform only", () =>
    Effect.gen(function*() {
      const response = yield* HttpClient.get(url)
      strictEqual(yield* response.text, "hello")
      strictEqual((yield* (yield* ConnectionPool.ConnectionPool).stats).requests, 1)
    }).pipe(
      Effect.provide(PooledHttpClient.layer.pipe(Layer.provideMerge(poolLayer(answer({ body: "hello" })))))
    ))

  it.effect("works with the platform's own middleware", () =>
    withClient(
      (client, pool, network) =>
        Effect.gen(function*() {
          const careful = client.pipe(
            HttpClient.mapRequest(HttpClientRequest.prependUrl(url)),
            HttpClient.filterStatusOk,
            HttpClient.retry({ times: 2 })
          )
          strictEqual(yield* Effect.flatMap(careful.get("a"), ({ text }) => text), "third time")
          deepStrictEqual((yield* network.requests).map(({ url }) => url), [`${url}a`, `${url}a`, `${url}a`])
          yield* assertAtRest(pool)
        }),
      { respond: ({ index }) => index < 2 ? { status: 503 } : { body: "third time" } }
    ))
})

describe("a request's body", () => {
  const sent = (request: HttpClientRequest.HttpClientRequest) =>
    withClient((client, _, network) =>
      Effect.gen(function*() {
        yield* client.execute(request)
        const [{ body, headers }] = yield* network.requests as Effect.Effect<[TestConnector.TestRequest]>
        return [headers["content-type"], body]
      })
    )
  const post = HttpClientRequest.post(url)
  const text = Stream.encodeText(Stream.make("a", "bc"))

  it.effect("arrives with its type, whatever its kind", () =>
    Effect.gen(function*() {
      const form = new URLSearchParams({ a: "1 2" })
      const bodies: ReadonlyArray<readonly [HttpBody.HttpBody, string | undefined, string]> = [
        [HttpBody.empty, undefined, ""],
        [HttpBody.text("tüxt"), "text/plain", "tüxt"],
        [HttpBody.unsafeJson({ a: 1 }), "application/json", `{"a":1}`],
        [HttpBody.urlParams(UrlParams.fromInput({ a: "1" })), "application/x-www-form-urlencoded", "a=1"],
        [HttpBody.uint8Array(bytes(2)), "application/octet-stream", "aa"],
        [HttpBody.stream(text), "application/octet-stream", "abc"],
        [HttpBody.stream(text, "text/x", 3), "text/x", "abc"],
        [HttpBody.raw("raw"), undefined, "raw"],
        [HttpBody.raw(form), "application/x-www-form-urlencoded;charset=UTF-8", "a=1+2"],
        [HttpBody.raw(new Blob(["blob"], { type: "text/b" })), "text/b", "blob"],
        [HttpBody.raw(text, { contentType: "text/y" }), "text/y", "abc"]
      ]
      for (const [body, type, expected] of bodies) {
        deepStrictEqual(yield* sent(HttpClientRequest.setBody(post, body)), [type, expected])
      }
    }))

  it.effect("that is a form arrives as one", () =>
    Effect.gen(function*() {
      const form = new FormData()
      form.append("name", "Käthe")
      form.append("file", new Blob(["content"], { type: "text/plain" }), "f.txt")
      const [type, body] = yield* sent(HttpClientRequest.bodyFormData(post, form))
      const read = yield* Effect.promise(() => new Response(body!, { headers: { "content-type": type! } }).formData())
      strictEqual(read.get("name"), "Käthe")
      const file = read.get("file") as File
      deepStrictEqual([file.name, file.type, yield* Effect.promise(() => file.text())], [
        "f.txt",
        "text/plain",
        "content"
      ])
    }))

  it.effect("does not change the type that the request has", () =>
    Effect.map(
      sent(post.pipe(
        HttpClientRequest.setBody(HttpBody.raw(new URLSearchParams({ a: "1" }))),
        HttpClientRequest.setHeader("content-type", "text/mine")
      )),
      ([type]) => strictEqual(type, "text/mine")
    ))

  it.effect("that is streamed and whose length is known is sent with it, unless the request says another", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const told: Array<unknown> = []
        const client = PooledHttpClient.fromPool({
          ...pool,
          open: (request) => {
            told.push(Headers.fromInput(request.headers)["content-length"])
            return pool.open(request)
          }
        })
        const form = new FormData()
        form.append("a", "1")
        const blob = HttpClientRequest.setBody(post, HttpBody.raw(new Blob(["blob"])))
        yield* client.execute(blob)
        yield* client.execute(HttpClientRequest.setBody(post, HttpBody.stream(text)))
        yield* client.execute(HttpClientRequest.bodyFormData(post, form))
        yield* Effect.flip(client.execute(HttpClientRequest.setHeader(blob, "content-length", "5")))
        deepStrictEqual([told[0], told[1], Number(told[2]) > 50, told[3]], ["4", undefined, true, "5"])
      })
    ))

  it.effect("that is a form is encoded anew for each attempt", () =>
    withClient(
      (client, _, network) =>
        Effect.gen(function*() {
          const form = new FormData()
          form.append("file", new Blob(["content"]), "f.txt")
          const careful = client.pipe(HttpClient.filterStatusOk, HttpClient.retry({ times: 1 }))
          yield* careful.execute(HttpClientRequest.bodyFormData(post, form))
          for (const { body } of yield* network.requests) assertTrue(body.includes("content"))
          strictEqual((yield* network.requests).length, 2)
        }),
      { respond: ({ index }) => ({ status: index === 0 ? 503 : 200 }) }
    ))
})

describe("a fiber's options", () => {
  /** A client that remembers what it asked its pool. */
  const recording = (pool: ConnectionPool.Service) => {
    const asked: Array<PoolRequest.PoolRequest> = []
    const client = PooledHttpClient.fromPool({
      ...pool,
      open: (request) => {
        asked.push(request)
        return pool.open(request)
      }
    })
    return { asked, client }
  }

  it.effect("are what the pool is asked with", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const { asked, client } = recording(pool)
        const options: PooledHttpClient.RequestOptions = {
          timeout: 1,
          acquireTimeout: 2,
          headersTimeout: 3,
          bodyTimeout: 4,
          maxResponseSize: 5,
          idempotent: true,
          tls: { key: Redacted.make("k") }
        }
        yield* client.get(url).pipe(PooledHttpClient.withOptions(options))
        for (const [name, value] of Object.entries(options)) {
          strictEqual(asked[0]![name as keyof PoolRequest.PoolRequest], value)
        }
        yield* client.get(url)
        deepStrictEqual([asked[1]!.timeout, asked[1]!.tls], [undefined, undefined])
      })
    ))

  it.effect("are added to those around, field by field, and end with their effect", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const { asked, client } = recording(pool)
        const ask = client.get(url)
        yield* Effect.gen(function*() {
          yield* PooledHttpClient.withOptions(ask, { timeout: 2 })
          yield* ask
        }).pipe(PooledHttpClient.withOptions({ timeout: 1, maxResponseSize: 10 }))
        deepStrictEqual(asked.map(({ maxResponseSize, timeout }) => [timeout, maxResponseSize]), [[2, 10], [1, 10]])
      })
    ))

  it.effect("hold for the fibers it starts, and can be provided as a service", () =>
    withPool((pool) =>
      Effect.gen(function*() {
        const { asked, client } = recording(pool)
        yield* Effect.all([client.get(url), client.get(url)], { concurrency: 2 }).pipe(
          Effect.provideService(PooledHttpClient.CurrentRequestOptions, { timeout: 7 })
        )
        deepStrictEqual(asked.map(({ timeout }) => timeout), [7, 7])
      })
    ))

  it.effect("cannot redirect a request: URL, method, headers and body are the request's", () =>
    withClient((client, _, network) =>
      Effect.gen(function*() {
        const sly = { url: "http://other.test/", method: "DELETE", headers: { "x-a": "1" }, body: "x" }
        yield* client.get(url).pipe(PooledHttpClient.withOptions(sly as PooledHttpClient.RequestOptions))
        const [asked] = yield* network.requests
        deepStrictEqual([asked!.url, asked!.method, asked!.headers["x-a"], asked!.body], [url, "GET", undefined, ""])
      })
    ))

  it.effect("end a slow request in time, and leave its neighbour alone", () =>
    withClient(
      (client, pool) =>
        Effect.gen(function*() {
          const hurried = yield* start(client.get(url).pipe(PooledHttpClient.withOptions({ timeout: 10 }), causeOf))
          const patient = yield* start(client.get(url))
          yield* TestClock.adjust(10)
          deepStrictEqual(yield* hurried, ["RequestError", "Transport", "RequestTimeout"])
          yield* TestClock.adjust(90)
          strictEqual((yield* patient).status, 200)
          yield* assertAtRest(pool)
        }),
      answer({ delay: 100 })
    ))

  it.effect("limit the answer's size also while it is read", () =>
    withClient(
      (client, pool) =>
        Effect.gen(function*() {
          const response = yield* client.get(url).pipe(PooledHttpClient.withOptions({ maxResponseSize: 4 }))
          deepStrictEqual(yield* causeOf(response.text), ["ResponseError", "Decode", "ResponseTooLarge"])
          yield* assertAtRest(pool)
        }),
      answer({ body: "hello" })
    ))
})
