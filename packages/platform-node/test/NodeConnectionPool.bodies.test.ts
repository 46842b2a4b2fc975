import type { ConnectionPool } from "@connection-pool/core"
import type { HttpClient } from "@effect/platform"
import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Stream } from "effect"
import type { ServerResponse } from "node:http"
import { describe } from "vitest"
import { httpServer } from "./support/httpServer.js"
import { withPool } from "./support/stage.js"

type Read = (
  pool: ConnectionPool.Service,
  client: HttpClient.HttpClient,
  url: string
) => Effect.Effect<Uint8Array, unknown>

const only = (pieces: Iterable<Uint8Array>): Uint8Array => {
  const [piece, ...others] = pieces
  strictEqual(others.length, 0)
  return piece!
}

const reads: Record<string, Read> = {
  "execute": (pool, _, url) => Effect.map(pool.execute({ url }), ({ body }) => body),
  "execute, behind its text": (pool, _, url) =>
    Effect.map(pool.execute({ url }), (response) => {
      strictEqual(response.text, "a secret")
      strictEqual(response.body, response.body)
      return response.body
    }),
  "stream": (pool, _, url) =>
    Effect.scoped(
      Effect.flatMap(pool.stream({ url }), ({ body }) => Effect.map(Stream.runCollect(body), only))
    ),
  "open": (pool, _, url) =>
    Effect.gen(function*() {
      const exchange = yield* pool.open({ url })
      const bytes = yield* exchange.bytes
      strictEqual(yield* exchange.bytes, bytes)
      return bytes
    }),
  "HttpClient, as a stream": (_, client, url) =>
    Effect.flatMap(client.get(url), ({ stream }) => Effect.map(Stream.runCollect(stream), only)),
  "HttpClient, as a stream behind its text": (_, client, url) =>
    Effect.gen(function*() {
      const response = yield* client.get(url)
      strictEqual(yield* response.text, "a secret")
      return only(yield* Stream.runCollect(response.stream))
    }),
  "HttpClient, as an ArrayBuffer": (_, client, url) =>
    Effect.flatMap(client.get(url), ({ arrayBuffer }) => Effect.map(arrayBuffer, (buffer) => new Uint8Array(buffer)))
}

describe("what a user gets of a body shows nothing else that has come", () => {
  it.scopedLive.each(Object.entries(reads))("%s", ([, read]) =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => void response.end("a secret"))
      yield* withPool({}, (pool, client) =>
        Effect.gen(function*() {
          for (let i = 0; i < 3; i++) {
            const bytes = yield* read(pool, client, server.url)
            deepStrictEqual(Buffer.from(bytes).toString(), "a secret")
            strictEqual(bytes.buffer.byteLength, bytes.length)
          }
        }))
    }))

  it.scopedLive("open, of a body that comes in pieces behind its head", () =>
    Effect.gen(function*() {
      let answering: ServerResponse | undefined
      const server = yield* httpServer((_, response) => {
        answering = response
        response.flushHeaders()
      })
      yield* withPool({}, (pool) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url: server.url })
          const reading = yield* Effect.fork(exchange.bytes)
          answering!.write("a ")
          answering!.end("secret")
          const bytes = yield* Fiber.join(reading)
          deepStrictEqual(Buffer.from(bytes).toString(), "a secret")
          strictEqual(bytes.buffer.byteLength, bytes.length)
        }))
    }))
})
