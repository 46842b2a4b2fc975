import * as Cookies from "@effect/platform/Cookies"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import { it } from "@effect/vitest"
import { assertNone, assertSome, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Option, Schema, Stream, TestClock } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, PoolError, TestConnector } from "../src/index.js"
import { PooledHttpClient } from "../src/index.js"
import { assertAtRest, bytes, counts, settle, start, url, withConnector, withPool } from "./support/pool.js"
import { puppets } from "./support/puppet.js"

type Response = HttpClientResponse.HttpClientResponse

/** Runs a story with the answer that a client gets. */
const withResponse = <A, E>(
  reply: TestConnector.TestReply,
  story: (response: Response, pool: ConnectionPool.Service) => Effect.Effect<A, E>,
  options: PoolConfig.PoolOptions = {}
) =>
  withPool(
    (pool) => Effect.flatMap(PooledHttpClient.fromPool(pool).get(url), (response) => story(response, pool)),
    { respond: () => reply },
    options
  )

const failure = <A, R>(effect: Effect.Effect<A, HttpClientError.HttpClientError, R>) =>
  Effect.map(Effect.flip(Effect.asVoid(effect)), (error) => {
    const { _tag, cause, reason } = error
    deepStrictEqual([_tag, reason], ["ResponseError", "Decode"])
    return { error, tag: (cause as PoolError.PoolError | undefined)?._tag }
  })

const textOf = (stream: Stream.Stream<Uint8Array, HttpClientError.ResponseError>) =>
  Stream.mkString(Stream.decodeText(stream))

describe("an answer", () => {
  it.effect("reads as text, also without one, and as often as one likes", () =>
    Effect.gen(function*() {
      yield* withResponse({ body: ["tü", "xt"] }, (response, pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 2; i++) strictEqual(yield* response.text, "tüxt")
          yield* assertAtRest(pool)
        }))
      yield* withResponse({ status: 204 }, ({ text }) => Effect.map(text, (read) => strictEqual(read, "")))
    }))

  it.effect("reads as text though a letter came in two pieces", () =>
    withResponse(
      { body: [new Uint8Array([0xc3]), new Uint8Array([0xbc])] },
      ({ text }) => Effect.map(text, (read) => strictEqual(read, "ü"))
    ))

  it.effect("reads as JSON; nothing is null", () =>
    Effect.gen(function*() {
      const read = ({ json }: Response) => json
      deepStrictEqual(yield* withResponse({ body: `{"a":[1]}` }, read), { a: [1] })
      strictEqual(yield* withResponse({}, read), null)
      deepStrictEqual(
        yield* withResponse({ body: `{"a":1}` }, HttpClientResponse.schemaBodyJson(Schema.Struct({ a: Schema.Int }))),
        { a: 1 }
      )
    }))

  it.effect("that is no JSON fails, typed, and is still text", () =>
    withResponse({ body: "hello" }, (response) =>
      Effect.gen(function*() {
        yield* failure(response.json)
        strictEqual(yield* response.text, "hello")
      })))

  it.effect("reads as bytes of one's own", () =>
    withResponse({ body: "hello" }, (response) =>
      Effect.gen(function*() {
        const first = new Uint8Array(yield* response.arrayBuffer)
        first.fill(0)
        deepStrictEqual(new Uint8Array(yield* response.arrayBuffer), new TextEncoder().encode("hello"))
        strictEqual(yield* response.text, "hello")
      })))

  it.effect("reads as URL parameters", () =>
    withResponse(
      { body: "a=1&b=%C3%BC&a=+" },
      ({ urlParamsBody }) =>
        Effect.map(urlParamsBody, (params) => deepStrictEqual([...params], [["a", "1"], ["b", "ü"], ["a", " "]]))
    ))

  it.effect("reads as a form, of both kinds", () =>
    Effect.gen(function*() {
      const encoded = { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1" }
      strictEqual((yield* withResponse(encoded, ({ formData }) => formData)).get("a"), "1")
      const part = `--x\r\ncontent-disposition: form-data; name="f"; filename="n"\r\n\r\ncontent\r\n--x--\r\n`
      const multipart = { headers: { "Content-Type": "multipart/form-data; boundary=x" }, body: part }
      const form = yield* withResponse(multipart, ({ formData }) => formData)
      const file = form.get("f") as File
      deepStrictEqual([file.name, yield* Effect.promise(() => file.text())], ["n", "content"])
    }))

  it.effect("that is no form fails, typed", () =>
    Effect.gen(function*() {
      yield* withResponse({ body: "a=1" }, ({ formData }) => failure(formData))
      const broken = { headers: { "content-type": "multipart/form-data; boundary=x" }, body: "--x\r\n" }
      yield* withResponse(broken, ({ formData }) => failure(formData))
    }))

  it.effect("streams, piece by piece, and gives its connection back", () =>
    withResponse({ body: ["a", "bc"] }, (response, pool) =>
      Effect.gen(function*() {
        const pieces = yield* Stream.runCollect(response.stream)
        deepStrictEqual(Chunk.toArray(pieces).map(({ length }) => length), [1, 2])
        yield* assertAtRest(pool)
      })))

  it.effect("whose stream is left early closes its connection", () =>
    withResponse({ body: [bytes(100_000), bytes(100_000)] }, (response, pool) =>
      Effect.gen(function*() {
        yield* Stream.runDrain(Stream.take(response.stream, 1))
        deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
      })))

  it.effect("that was read whole streams what was read", () =>
    withResponse({ body: ["a", "bc"] }, (response) =>
      Effect.gen(function*() {
        strictEqual(yield* response.text, "abc")
        for (let i = 0; i < 2; i++) strictEqual(yield* textOf(response.stream), "abc")
      })))

  it.effect("that was streamed cannot be read again in any way, and says so, typed", () =>
    withResponse({ body: ["a", "bc"] }, (response, pool) =>
      Effect.gen(function*() {
        strictEqual(yield* textOf(response.stream), "abc")
        const { arrayBuffer, formData, json, stream, text, urlParamsBody } = response
        for (const again of [text, json, arrayBuffer, formData, urlParamsBody, Stream.runDrain(stream)]) {
          const { error } = yield* failure(again as Effect.Effect<unknown, HttpClientError.ResponseError>)
          assertTrue(error.message.includes("read only once"))
        }
        yield* assertAtRest(pool)
      })))

  it.effect("takes no harm from a stream that is made and never run", () =>
    withResponse({ body: "abc" }, (response) =>
      Effect.gen(function*() {
        assertTrue(response.stream !== undefined)
        strictEqual(yield* response.text, "abc")
      })))

  it.effect("that breaks off fails its readers, every time", () =>
    withResponse(
      { body: "hello", breaks: { how: "reset", afterBytes: 2 } },
      (response, pool) =>
        Effect.gen(function*() {
          for (let i = 0; i < 2; i++) strictEqual((yield* failure(response.text)).tag, "ConnectionLost")
          yield* assertAtRest(pool)
        })
    ))

  it.effect("has its cookies apart, though its headers are joined", () =>
    withResponse({ headers: { "Set-Cookie": "a=1; Path=/", "set-cookie": "b=2" } }, (response) =>
      Effect.sync(() => {
        deepStrictEqual([
          ...Cookies.toRecord(response.cookies) ? Object.entries(Cookies.toRecord(response.cookies)) : []
        ], [
          ["a", "1"],
          ["b", "2"]
        ])
        strictEqual(response.cookies, response.cookies)
      })))

  it.effect("knows the server's address where the transport does, without its port", () =>
    Effect.gen(function*() {
      yield* withResponse({}, (response) => Effect.sync(() => assertNone(response.remoteAddress)))
      for (const [remote, expected] of [["10.0.0.1:80", "10.0.0.1"], ["[::1]:8080", "::1"]] as const) {
        const { connect, made } = puppets((puppet) => puppet.remoteAddress = remote)
        yield* withConnector(connect, (pool) =>
          Effect.gen(function*() {
            const request = yield* start(PooledHttpClient.fromPool(pool).get(url))
            made[0]!.head(0)
            made[0]!.end()
            assertSome((yield* request).remoteAddress, expected)
          }))
      }
    }))
})

describe("an answer with two readers", () => {
  const slowly = { pieceDelay: 10, body: ["ab", "c"] }
  const readers = ({ arrayBuffer, text }: Response) => Effect.all([start(text), start(arrayBuffer)])

  it.effect("gives both the whole body", () =>
    withResponse(slowly, (response, pool) =>
      Effect.gen(function*() {
        const [first, second] = yield* readers(response)
        yield* TestClock.adjust(10)
        yield* TestClock.adjust(10)
        deepStrictEqual([yield* first, (yield* second).byteLength], ["abc", 3])
        yield* assertAtRest(pool)
      })))

  it.effect("reads on for the first when the second is interrupted", () =>
    withResponse(slowly, (response, pool) =>
      Effect.gen(function*() {
        const [first, second] = yield* readers(response)
        yield* Fiber.interrupt(second)
        yield* TestClock.adjust(10)
        yield* TestClock.adjust(10)
        strictEqual(yield* first, "abc")
        yield* assertAtRest(pool)
      })))

  it.effect("fails the second, typed, when the first is interrupted, and closes its connection", () =>
    withResponse(slowly, (response, pool) =>
      Effect.gen(function*() {
        const [first, second] = yield* readers(response)
        yield* Fiber.interrupt(first)
        strictEqual((yield* failure(Fiber.join(second))).tag, "ConnectionLost")
        strictEqual((yield* failure(response.json)).tag, "ConnectionLost")
        deepStrictEqual(yield* counts(pool), [0, 0, 0, 0])
      })))

  it.effect("fails the second, typed, when the first streams, and leaves the first alone", () =>
    withResponse(slowly, (response, pool) =>
      Effect.gen(function*() {
        const first = yield* start(textOf(response.stream))
        yield* failure(response.text)
        yield* failure(Stream.runDrain(response.stream))
        yield* TestClock.adjust(10)
        yield* TestClock.adjust(10)
        strictEqual(yield* first, "abc")
        yield* assertAtRest(pool)
      })))

  it.effect("streams to the second what the first reads whole", () =>
    withResponse(slowly, (response) =>
      Effect.gen(function*() {
        const first = yield* start(response.text)
        const second = yield* start(textOf(response.stream))
        yield* TestClock.adjust(10)
        yield* TestClock.adjust(10)
        deepStrictEqual([yield* first, yield* second], ["abc", "abc"])
      })))
})

describe("printing an answer", () => {
  it.effect("shows request, status and headers, and does not read the body", () =>
    Effect.gen(function*() {
      const kinds = ["application/json", "text/plain", "application/x-www-form-urlencoded"]
      for (const type of kinds) {
        const reply = { status: 201, headers: { "content-type": type, "set-cookie": "s3cret" }, body: `"b0dy"` }
        yield* withResponse(reply, (response) =>
          Effect.gen(function*() {
            for (const shown of [JSON.stringify(response), String(response), inspect(response, { depth: 9 })]) {
              assertTrue(shown.includes("201") && shown.includes(type) && shown.includes(url))
              assertTrue(!shown.includes("s3cret") && !shown.includes("b0dy"), shown)
            }
            // Nothing was read by that: the body may still be streamed.
            strictEqual(yield* textOf(response.stream), `"b0dy"`)
            assertTrue(!inspect(response).includes("b0dy"))
          }))
      }
    }))

  it.effect("does not take the connection of a large body", () =>
    withResponse(
      { headers: { "content-type": "text/plain" }, body: bytes(200_000) },
      (response, pool) =>
        Effect.gen(function*() {
          inspect(response)
          yield* settle
          deepStrictEqual(yield* counts(pool), [0, 1, 0, 0])
          strictEqual((yield* response.text).length, 200_000)
          yield* assertAtRest(pool)
        })
    ))
})

describe("MaxBodySize", () => {
  const limited = <A, E>(effect: Effect.Effect<A, E>, size: number) =>
    Effect.provideService(effect, IncomingMessage.MaxBodySize, Option.some(BigInt(size)) as never)

  it.effect("of a fiber fails what is larger, in whatever way it is read", () =>
    Effect.gen(function*() {
      for (const way of ["text", "json", "arrayBuffer", "urlParamsBody", "formData"] as const) {
        yield* withResponse({ body: "12345" }, (response, pool) =>
          Effect.gen(function*() {
            const { error } = yield* failure(limited(response[way] as Response["json"], 4))
            assertTrue(error.message.includes("MaxBodySize"))
            yield* assertAtRest(pool)
          }))
      }
    }))

  it.effect("is the largest size that is read", () =>
    withResponse({ body: "12345" }, ({ text }) => Effect.map(limited(text, 5), (read) => strictEqual(read, "12345"))))

  it.effect("counts bytes, not letters", () => withResponse({ body: "ü" }, ({ text }) => failure(limited(text, 1))))

  it.effect("of one fiber is not that of another", () =>
    withResponse({ body: "12345" }, ({ text }) =>
      Effect.gen(function*() {
        yield* failure(limited(text, 4))
        strictEqual(yield* text, "12345")
      })))
})
