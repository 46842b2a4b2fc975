import { ConnectionPool, PooledHttpClient, PoolError } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpBody, HttpClient, type HttpClientError } from "@effect/platform"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Config, ConfigProvider, Deferred, Effect, Fiber, Layer, Stream } from "effect"
import type { RequestListener, ServerResponse } from "node:http"
import * as zlib from "node:zlib"
import { describe } from "vitest"
import { httpServer } from "./support/httpServer.js"
import { collectGarbage, memoryInUse } from "./support/memory.js"

const mebibyte = 1024 * 1024
const piece = new Uint8Array(64 * 1024).fill(0x61)

const checked = Layer.succeed(ConnectionPool.CheckLaws, true)

interface Surroundings {
  readonly client: HttpClient.HttpClient
  readonly pool: ConnectionPool.Service
  readonly url: string
  readonly allClosed: () => Promise<void>
  readonly accepted: () => number
}

/** Runs a story with a client of its own and a server that answers so. */
const withClient = <A, E>(
  listener: RequestListener,
  options: NodeConnectionPool.NodePoolOptions,
  story: (surroundings: Surroundings) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const { accepted, allClosed, url } = yield* httpServer(listener)
    return yield* Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const pool = yield* ConnectionPool.ConnectionPool
      return yield* story({ client, pool, url, allClosed, accepted })
    }).pipe(Effect.provide(NodeConnectionPool.layerHttpClient(options).pipe(Layer.provide(checked))))
  })

/** What went wrong in the pool. */
const causeTag = (error: HttpClientError.HttpClientError): unknown =>
  PoolError.isPoolError(error.cause) ? error.cause._tag : error.cause

/** So many bytes, no faster than they are taken. */
const sendBytes = (response: ServerResponse, bytes: number): void => {
  let left = bytes
  const more = (): void => {
    while (left > 0) {
      const size = Math.min(left, piece.length)
      left -= size
      if (!response.write(piece.subarray(0, size))) return void response.once("drain", more)
    }
    response.end()
  }
  more()
}

const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Collects garbage until it is so. Finalizers run in turns of their own, and nobody says in which. */
const collectUntil = (holds: Effect.Effect<boolean>) =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < 1_000; attempt++) {
      collectGarbage()
      yield* turn
      if (yield* holds) return
    }
    return yield* Effect.dieMessage("it has not come so far")
  })

const active = (pool: ConnectionPool.Service) => Effect.map(pool.stats, (stats) => stats.active)

describe("an answer that nobody reads", () => {
  const large: RequestListener = (_, response) => sendBytes(response, mebibyte)

  it.scopedLive("C1 gives its connection back when it is collected", () =>
    withClient(large, {}, ({ client, pool, url }) =>
      Effect.gen(function*() {
        strictEqual((yield* client.get(url)).status, 200)
        strictEqual(yield* active(pool), 1)
        yield* collectUntil(Effect.map(active(pool), (count) => count === 0))
        strictEqual((yield* pool.stats).closed, 1)
      })))

  it.scopedLive("C1 also when it was the last thing that a fiber did", () =>
    withClient(large, {}, ({ client, pool, url }) =>
      Effect.gen(function*() {
        yield* Effect.forEach([1, 2, 3], () => client.get(url), { concurrency: 3, discard: true })
        strictEqual(yield* active(pool), 3)
        yield* collectUntil(Effect.map(active(pool), (count) => count === 0))
      })))

  it.scopedLive("C1 keeps its connection as long as somebody holds it, and can be read then", () =>
    withClient(large, {}, ({ client, pool, url }) =>
      Effect.gen(function*() {
        const response = yield* client.get(url)
        for (let i = 0; i < 20; i++) {
          collectGarbage()
          yield* turn
        }
        strictEqual(yield* active(pool), 1)
        strictEqual((yield* response.arrayBuffer).byteLength, mebibyte)
        strictEqual((yield* pool.stats).idle, 1)
      })))

  it.scopedLive("C1 a stream that was taken from it keeps its connection, though the answer itself is held by nobody", () =>
    withClient(large, {}, ({ client, pool, url }) =>
      Effect.gen(function*() {
        let bytes = 0
        const body = Stream.unwrap(Effect.map(client.get(url), ({ stream }) => stream))
        yield* Stream.runForEach(body, (chunk) =>
          Effect.suspend(() => {
            bytes += chunk.length
            collectGarbage()
            return turn
          }))
        strictEqual(bytes, mebibyte)
        strictEqual((yield* pool.stats).idle, 1)
      })))

  it.scopedLive("C1 frees its connection when its scope closes", () =>
    withClient(large, {}, ({ client, pool, url }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.andThen(HttpClient.withScope(client).get(url), active(pool))).pipe(
          Effect.map((during) => strictEqual(during, 1))
        )
        strictEqual(yield* active(pool), 0)
      })))
})

describe("large bodies", () => {
  it.scopedLive(
    "C3 256 MiB through a slow reader take less than 16 MiB of memory",
    () =>
      withClient(
        (_, response) => sendBytes(response, 256 * mebibyte),
        {},
        ({ client, pool, url }) =>
          Effect.gen(function*() {
            const response = yield* client.get(url)
            const before = memoryInUse()
            let most = before
            let bytes = 0
            let lookAt = 0
            yield* Stream.runForEach(response.stream, (chunk) =>
              Effect.suspend(() => {
                bytes += chunk.length
                if (bytes < lookAt) {
                  return turn
                }
                lookAt += 8 * mebibyte
                most = Math.max(most, memoryInUse())
                return turn
              }))
            strictEqual(bytes, 256 * mebibyte)
            assertTrue(most - before < 16 * mebibyte, `${((most - before) / mebibyte).toFixed(1)} MiB`)
            strictEqual((yield* pool.stats).idle, 1)
          })
      ),
    60_000
  )

  it.scopedLive("an upload that is interrupted ends its source and its connection", () =>
    withClient((request) => void request.resume(), {}, ({ allClosed, client, pool, url }) =>
      Effect.gen(function*() {
        const flowing = yield* Deferred.make<void>()
        let pieces = 0
        const ended = yield* Deferred.make<void>()
        const source = Stream.repeatEffect(Effect.suspend(() => {
          pieces++
          return pieces === 100 ? Effect.as(Deferred.succeed(flowing, undefined), piece) : Effect.succeed(piece)
        })).pipe(Stream.ensuring(Deferred.succeed(ended, undefined)))
        const upload = yield* Effect.fork(client.post(url, { body: HttpBody.stream(source) }))
        yield* Deferred.await(flowing)
        yield* Fiber.interrupt(upload)
        yield* Deferred.await(ended)
        strictEqual(yield* active(pool), 0)
        yield* Effect.promise(allClosed)
      })))
})

describe("decompression", () => {
  const coded: Readonly<Record<string, (text: string) => Buffer>> = {
    gzip: zlib.gzipSync,
    deflate: zlib.deflateSync,
    br: zlib.brotliCompressSync,
    "deflate, gzip": (text) => zlib.gzipSync(zlib.deflateSync(text))
  }
  const text = "a text that is long enough to be worth it. ".repeat(100)

  const answerIn: RequestListener = (request, response) => {
    const coding = decodeURIComponent(request.url!.slice(1))
    response.writeHead(200, { "content-encoding": coding, "x-asked": request.headers["accept-encoding"] ?? "none" })
    response.end(coded[coding]!(text))
  }

  it.scopedLive("every coding that is asked for is decoded, and the headers say what is true of the text", () =>
    withClient(answerIn, { decompress: true }, ({ accepted, client, url }) =>
      Effect.gen(function*() {
        for (const coding of Object.keys(coded)) {
          const response = yield* client.get(`${url}${encodeURIComponent(coding)}`)
          strictEqual(yield* response.text, text)
          strictEqual(response.headers["x-asked"], "gzip, deflate, br")
          deepStrictEqual(
            [response.headers["content-encoding"], response.headers["content-length"]],
            [undefined, undefined]
          )
        }
        strictEqual(accepted(), 1)
      })))

  it.scopedLive("nothing is asked for and nothing is decoded by default", () =>
    withClient(answerIn, {}, ({ client, url }) =>
      Effect.gen(function*() {
        const response = yield* client.get(`${url}gzip`)
        deepStrictEqual([response.headers["x-asked"], response.headers["content-encoding"]], ["none", "gzip"])
        strictEqual(zlib.gunzipSync(new Uint8Array(yield* response.arrayBuffer)).toString(), text)
      })))

  it.scopedLive("a small answer that becomes large fails at the limit", () => {
    const bomb = zlib.gzipSync(Buffer.alloc(32 * mebibyte))
    return withClient(
      (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
      { decompress: true, maxResponseSize: mebibyte },
      ({ client, pool, url }) =>
        Effect.gen(function*() {
          strictEqual(bomb.length < 64 * 1024, true)
          for (let i = 0; i < 2; i++) {
            const error = yield* Effect.flip(Effect.flatMap(client.get(url), ({ text }) => text))
            strictEqual(causeTag(error), "ResponseTooLarge")
          }
          strictEqual(yield* active(pool), 0)
        })
    )
  })

  it.scopedLive("what is cut short or is something else fails, and the next answer is not disturbed", () => {
    const answers: Record<string, Buffer> = {
      "/cut": zlib.gzipSync(text).subarray(0, 40),
      "/other": Buffer.from(text),
      "/right": zlib.gzipSync(text)
    }
    return withClient(
      (request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(answers[request.url!]),
      { decompress: true },
      ({ client, url }) =>
        Effect.gen(function*() {
          for (const path of ["cut", "other"]) {
            const error = yield* Effect.flip(Effect.flatMap(client.get(`${url}${path}`), ({ text }) => text))
            strictEqual(causeTag(error), "ProtocolError")
            strictEqual(yield* Effect.flatMap(client.get(`${url}right`), (response) => response.text), text)
          }
        })
    )
  })
})

describe("the layers", () => {
  const one: RequestListener = (_, response) => void response.end("1")

  const limitOf = (layer: Layer.Layer<HttpClient.HttpClient | ConnectionPool.ConnectionPool, unknown>) =>
    Effect.gen(function*() {
      const { url } = yield* httpServer(one)
      return yield* Effect.gen(function*() {
        yield* Effect.flatMap(HttpClient.get(url), ({ text }) => text)
        const { origins } = yield* (yield* ConnectionPool.ConnectionPool).stats
        return origins[0]!.limit
      }).pipe(Effect.provide(layer))
    })

  it.scopedLive("give the client and the pool, with options from anywhere", () =>
    Effect.gen(function*() {
      const variables = Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["MAX_SOCKETS", "4"], ["LIMIT", "5"]])))
      strictEqual(yield* limitOf(NodeConnectionPool.layerHttpClient({ maxConnectionsPerOrigin: 3 })), 3)
      strictEqual(yield* limitOf(Layer.provide(NodeConnectionPool.layerHttpClientFromEnv(), variables)), 4)
      const config = NodeConnectionPool.layerHttpClientConfig({ maxConnectionsPerOrigin: Config.integer("LIMIT") })
      strictEqual(yield* limitOf(Layer.provide(config, variables)), 5)
    }))

  it.scopedLive("a client of a pool that somebody has shares its limits", () =>
    withClient(one, {}, ({ accepted, pool, url }) =>
      Effect.gen(function*() {
        yield* pool.execute({ url })
        yield* Effect.flatMap(PooledHttpClient.fromPool(pool).get(url), ({ text }) => text)
        strictEqual(accepted(), 1)
      })))
})
