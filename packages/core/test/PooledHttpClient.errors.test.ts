import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Fiber, Redacted, Stream, TestClock } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, PoolError, TestConnector } from "../src/index.js"
import { PooledHttpClient } from "../src/index.js"
import { assertAtRest, bytes, start, url, withPool } from "./support/pool.js"

type Request = HttpClientRequest.HttpClientRequest

interface Story {
  readonly ask?: ((request: Request) => Request) | undefined
  readonly script?: TestConnector.TestScript | undefined
  readonly options?: PoolConfig.PoolOptions | undefined
  readonly ofRequest?: PooledHttpClient.RequestOptions | undefined
  readonly run?: Run | undefined
}

type Run = (
  client: HttpClient.HttpClient,
  request: Request,
  pool: ConnectionPool.Service
) => Effect.Effect<unknown, HttpClientError.HttpClientError>

/** Asks, and reads the answer. */
const readText: Run = (client, request) => Effect.flatMap(client.execute(request), ({ text }) => text)

const readStream: Run = (client, request) =>
  Effect.flatMap(client.execute(request), ({ stream }) => Stream.runDrain(stream))

/** The error that a story ends with. */
const failed = (
  { ask = (request) => request, ofRequest = {}, options, run = readText, script }: Story,
  from: Request
) =>
  withPool(
    (pool) =>
      Effect.gen(function*() {
        const story = run(PooledHttpClient.fromPool(pool), ask(from), pool)
        const failing = yield* start(Effect.flip(PooledHttpClient.withOptions(story, ofRequest)))
        yield* TestClock.adjust(10)
        const error = yield* Fiber.join(failing)
        // A dial goes on without the request that it was for.
        yield* TestClock.adjust(10)
        yield* assertAtRest(pool)
        return error
      }),
    script,
    options
  )

const to = (href: string) => (request: Request): Request =>
  HttpClientRequest.make(request.method)(href, { headers: request.headers })
const header = (name: string, value: string) => HttpClientRequest.setHeader(name, value)
const body = (body: HttpBody.HttpBody) => HttpClientRequest.setBody(body)
const respond = (reply: TestConnector.TestReply): TestConnector.TestScript => ({ respond: () => reply })
const never = respond({ never: true })

type Told = readonly [HttpClientError.HttpClientError["_tag"], string, PoolError.PoolError["_tag"], string?]

const invalidUrl: Told = ["RequestError", "InvalidUrl", "InvalidRequest", "url"]
const encode = (field: string): Told => ["RequestError", "Encode", "InvalidRequest", field]
const transport = (tag: PoolError.PoolError["_tag"]): Told => ["RequestError", "Transport", tag]
const decode = (tag: PoolError.PoolError["_tag"]): Told => ["ResponseError", "Decode", tag]

const stories: Readonly<Record<string, readonly [Told, Story]>> = {
  "a URL that is none": [invalidUrl, { ask: to("us3r pa55word") }],
  "a relative URL": [invalidUrl, { ask: to("/a?token=t0ken") }],
  "a URL of another scheme": [invalidUrl, { ask: to("ftp://us3r:pa55word@server.test/?sig=t0ken") }],
  "a URL whose user is its scheme": [invalidUrl, { ask: to("us3r:pa55word@server.test") }],
  "a URL with a mistyped scheme": [invalidUrl, { ask: to("htp:/us3r:pa55word@server.test/") }],
  "a method that is no token": [encode("method"), {
    ask: (request) => Object.assign(HttpClientRequest.make("GET")(request.url), { method: "G T" as HttpMethod })
  }],
  "a header value with a line break": [encode("headers.authorization"), {
    ask: header("authorization", "t0ken\n")
  }],
  "a header that is the pool's own": [encode("headers.upgrade"), { ask: header("upgrade", "h2c") }],
  "a content-length that is wrong": [encode("body"), { ask: header("content-length", "99") }],
  "a raw body of no known kind": [encode("body"), { ask: body(HttpBody.raw({ a: 1 })) }],
  "a timeout that is none": [encode("timeout"), { ofRequest: { timeout: "soon" as never } }],
  "a body stream that fails": [transport("RequestBodyFailed"), {
    ask: body(HttpBody.stream(Stream.fail(new Error("disk full"))))
  }],
  "a full queue": [transport("QueueFull"), {
    script: never,
    options: { maxConnectionsPerOrigin: 1, maxWaiting: 1 },
    run: (client, request) => Effect.all(Array.from({ length: 3 }, () => client.execute(request)), { concurrency: 3 })
  }],
  "no connection in time": [transport("AcquireTimeout"), {
    script: { connect: () => ({ never: true }) },
    options: { connectTimeout: 15 },
    ofRequest: { acquireTimeout: 10 }
  }],
  "a slow dial": [transport("ConnectTimeout"), {
    script: { connect: () => ({ never: true }) },
    options: { connectTimeout: 10 }
  }],
  "a refused dial": [transport("ConnectFailed"), { script: { connect: () => ({ fail: "Refused" }) } }],
  "no answer in time": [transport("RequestTimeout"), { script: never, ofRequest: { headersTimeout: 10 } }],
  "a connection that breaks before the headers": [transport("ConnectionLost"), {
    script: respond({ breaks: { how: "reset" } })
  }],
  "an answer that is none": [transport("ProtocolError"), { script: respond({ garbage: true }) }],
  "a closed pool": [transport("PoolClosed"), {
    run: (client, request, pool) => Effect.zipRight(pool.drain(0), client.execute(request))
  }],
  "a connection that breaks in the body": [decode("ConnectionLost"), {
    script: respond({ body: "hello", breaks: { how: "reset", afterBytes: 3 } })
  }],
  "a connection that breaks in the stream": [decode("ConnectionLost"), {
    script: respond({ body: "hello", breaks: { how: "closed", afterBytes: 3 } }),
    run: readStream
  }],
  "a body that stops": [decode("RequestTimeout"), {
    script: respond({ body: "hello", pieceDelay: "1 hour" }),
    ofRequest: { bodyTimeout: 10 }
  }],
  "a request that takes too long in its body": [decode("RequestTimeout"), {
    script: respond({ body: "hello", pieceDelay: "1 hour" }),
    ofRequest: { timeout: 10 },
    run: readStream
  }],
  "a body that is too large": [decode("ResponseTooLarge"), {
    script: respond({ body: "hello" }),
    options: { maxResponseSize: 4 }
  }],
  "a pool that closes in the body": [decode("PoolClosed"), {
    script: respond({ body: bytes(200_000) }),
    run: (client, request, pool) =>
      Effect.flatMap(client.execute(request), ({ text }) => Effect.zipRight(pool.drain(0), text))
  }]
}

describe("an error of the client", () => {
  for (const [what, [told, story]] of Object.entries(stories)) {
    it.effect(`for ${what} is ${told[0]} ${told[1]}, and its cause ${told[2]}`, () =>
      Effect.gen(function*() {
        const error = yield* failed(story, HttpClientRequest.post(url, { headers: { "x-a": "1" } }))
        assertTrue(HttpClientError.isHttpClientError(error))
        const cause = error.cause as PoolError.PoolError | undefined
        deepStrictEqual([error._tag, error.reason, cause?._tag], told.slice(0, 3))
        if (told[3] !== undefined) strictEqual((cause as PoolError.InvalidRequest).field, told[3])
        assertTrue(error.description !== undefined && error.message.includes(error.description))
        if (error._tag === "ResponseError") {
          deepStrictEqual([error.response.status, error.response.request], [200, error.request])
        }
      }))
  }

  it.effect("has the request as it was made, where it holds no secret", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get(`${url}a?b=1`, { headers: { "x-a": "1" } })
      const error = yield* failed(stories["a refused dial"]![1], request)
      strictEqual(error.request, request)
      strictEqual(error.message, `Transport: ${(error.cause as Error).message} (GET ${url}a?b=1)`)
    }))

  it.effect("can be caught by its tag, and told apart by the pool's", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const get = PooledHttpClient.fromPool(pool).get(url)
          const caught = yield* Effect.catchTag(get, "RequestError", ({ cause }) => Effect.succeed(cause))
          strictEqual((caught as PoolError.ConnectFailed).reason, "Dns")
        }),
      { connect: () => ({ fail: "Dns" }) }
    ))
})

// ---------------------------------------------------------------------------------------------------------------------

const secrets = ["us3r", "pa55word", "t0ken", "c00kie", "s1gnature", "pr0xy", "keyMaterial", "mine5ecret"]

const secretRequest = HttpClientRequest.post("http://us3r:pa55word@server.test/path?X-Amz-Signature=s1gnature&page=7", {
  urlParams: { Api_Key: "t0ken", sig: "s1gnature", limit: "9" },
  headers: {
    authorization: "Bearer t0ken",
    "proxy-authorization": "Basic pr0xy",
    cookie: "session=c00kie",
    "X-Api-Key": "t0ken",
    "x-mine": "mine5ecret",
    "x-plain": "plain"
  }
})

const tls = { key: Redacted.make("keyMaterial"), passphrase: "keyMaterial" }

/** All that a log, a debugger or a careless program could show of it. */
const shown = (value: unknown): string =>
  [
    String(value),
    JSON.stringify(value),
    inspect(value, { depth: 12, showHidden: true }),
    inspect({ in: { it: value } }, { depth: 12 }),
    ...(value instanceof Error
      ? [value.message, value.stack, Cause.pretty(Cause.fail(value)), inspect(Cause.fail(value), { depth: 12 })]
      : [])
  ].join("\n")

const assertNoSecret = (value: unknown) => {
  const text = shown(value)
  for (const line of text.split("\n")) {
    for (const secret of secrets) assertTrue(!line.includes(secret), `${secret} is in ${line}`)
  }
  return text
}

const redactingMine = Effect.locally(Headers.currentRedactedNames, [
  "authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  /^x-m/
])

describe("no secret is shown", () => {
  for (const [what, [[tag, , causeTag], story]] of Object.entries(stories)) {
    it.effect(`by the error for ${what} (${tag}, ${causeTag})`, () =>
      Effect.gen(function*() {
        const withTls = { ...story, ofRequest: { ...story.ofRequest, tls } }
        const error = yield* redactingMine(failed(withTls, secretRequest))
        assertNoSecret(error)
        assertNoSecret(error.request)
        assertNoSecret(error.cause)
        if (error._tag === "ResponseError") assertNoSecret(error.response)
      }))
  }

  it.effect("by an answer and its request, which say the rest", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const response = yield* redactingMine(PooledHttpClient.fromPool(pool).execute(secretRequest))
          const text = assertNoSecret(response)
          for (const plain of ["http://server.test/path?", "page=7", "plain", "there"]) assertTrue(text.includes(plain))
          assertNoSecret(response.request)
          strictEqual(yield* response.text, "hello")
          assertNoSecret(response)
        }),
      respond({
        headers: { "set-cookie": "session=c00kie", "X-Mine": "mine5ecret", "x-there": "there" },
        body: "hello"
      })
    ))

  it.effect("though the headers themselves are as they were", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const { headers, request } = yield* PooledHttpClient.fromPool(pool).execute(secretRequest)
          deepStrictEqual([headers["set-cookie"], request.headers["authorization"]], ["c00kie", "Bearer t0ken"])
        }),
      respond({ headers: { "set-cookie": "c00kie" } })
    ))

  it.effect("and everything was sent", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        yield* PooledHttpClient.fromPool(pool).execute(secretRequest)
        const [{ headers, url }] = (yield* network.requests) as [TestConnector.TestRequest]
        strictEqual(
          url,
          "http://server.test/path?X-Amz-Signature=s1gnature&page=7&Api_Key=t0ken&sig=s1gnature&limit=9"
        )
        deepStrictEqual([headers["authorization"], headers["proxy-authorization"], headers["cookie"]], [
          "Bearer t0ken",
          "Basic pr0xy",
          "session=c00kie"
        ])
      })
    ))

  it.effect("of a body that is no JSON by the error that says so", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const { json } = yield* PooledHttpClient.fromPool(pool).get(url)
          assertNoSecret(yield* Effect.flip(json))
        }),
      respond({ body: "no JSON t0ken" })
    ))
})
