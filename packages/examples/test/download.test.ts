import { ConnectionPool, PoolError } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { FileSystem, HttpRouter, HttpServer, HttpServerResponse, Path } from "@effect/platform"
import { NodeContext, NodeHttpServer } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Stream } from "effect"
import { createServer } from "node:http"
import type { Progress } from "../src/download.js"
import { download } from "../src/download.js"

const size = 8 * 1024 * 1024
const content = new Uint8Array(size).map((_, i) => i * 31 + (i >> 8))
const half = Stream.make(content.subarray(0, size / 2))
const sized = { contentLength: size }

const ServerLive = HttpRouter.empty.pipe(
  HttpRouter.get("/whole", HttpServerResponse.stream(Stream.make(content), sized)),
  HttpRouter.get("/chunked", HttpServerResponse.stream(Stream.make(content))),
  HttpRouter.get("/stalls", HttpServerResponse.stream(Stream.concat(half, Stream.never), sized)),
  HttpRouter.get("/busy", HttpServerResponse.stream(Stream.concat(half, Stream.never), { status: 503 })),
  // Says that it sends all of it, sends half, and closes.
  HttpRouter.get("/breaks", HttpServerResponse.stream(half, { ...sized, headers: { connection: "close" } })),
  HttpServer.serve(),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

/** A directory of its own, and the server. */
const inDirectory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const pool = yield* ConnectionPool.ConnectionPool
  const directory = yield* fs.makeTempDirectoryScoped()
  const baseUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
  return { baseUrl, file: path.join(directory, "file.bin"), files: fs.readDirectory(directory), fs, pool }
})

const TestLive = Layer.mergeAll(NodeConnectionPool.layerHttpClient(), ServerLive, NodeContext.layer)

it.scopedLive("the file is what the server sent, the progress goes up to its size", () =>
  Effect.gen(function*() {
    const { baseUrl, file, files, fs, pool } = yield* inDirectory
    const seen: Array<Progress> = []
    const onProgress = (progress: Progress) => Effect.sync(() => void seen.push(progress))
    expect(yield* download(`${baseUrl}/whole`, file, onProgress)).toBe(size)
    expect(Buffer.compare(yield* fs.readFile(file), content)).toBe(0)
    expect(yield* files).toEqual(["file.bin"])
    expect(seen.length).toBeGreaterThan(10)
    expect(seen.map(({ received }) => received)).toEqual(seen.map(({ received }) => received).sort((a, b) => a - b))
    expect(seen.at(-1)).toEqual({ received: size, total: Option.some(size) })
    // The connection is kept for the next one, whose size is not known beforehand.
    expect(yield* download(`${baseUrl}/chunked`, file, onProgress)).toBe(size)
    expect(seen.at(-1)).toEqual({ received: size, total: Option.none() })
    expect(yield* pool.stats).toMatchObject({ opened: 1, requests: 2, idle: 1, bytesReceived: 2 * size })
  }).pipe(Effect.provide(TestLive)))

it.scopedLive("an interruption leaves no half file and no connection", () =>
  Effect.gen(function*() {
    const { baseUrl, file, files, pool } = yield* inDirectory
    const halfway = yield* Deferred.make<void>()
    const running = yield* Effect.fork(
      download(`${baseUrl}/stalls`, file, ({ received }) =>
        received === size / 2 ? Deferred.succeed(halfway, undefined) : Effect.void)
    )
    yield* Deferred.await(halfway)
    expect(yield* files).toEqual([expect.stringMatching(/^\.download-/)])
    yield* Fiber.interrupt(running)
    expect(yield* files).toEqual([])
    expect(yield* pool.stats).toMatchObject({ opened: 1, active: 0, idle: 0 })
  }).pipe(Effect.provide(TestLive)))

it.scopedLive("a server that breaks off leaves no half file, and the old file as it was", () =>
  Effect.gen(function*() {
    const { baseUrl, file, files, fs } = yield* inDirectory
    yield* fs.writeFileString(file, "of yesterday")
    const error = yield* Effect.flip(download(`${baseUrl}/breaks`, file))
    expect(error._tag).toBe("ResponseError")
    expect(error.cause).toBeInstanceOf(PoolError.ConnectionLost)
    expect(error.cause).toMatchObject({ progress: "response-started", bytesReceived: size / 2 })
    expect(yield* files).toEqual(["file.bin"])
    expect(yield* fs.readFileString(file)).toBe("of yesterday")
  }).pipe(Effect.provide(TestLive)))

it.scopedLive("an answer with another status is no file, and is not kept though nobody reads it", () =>
  Effect.gen(function*() {
    const { baseUrl, file, files, pool } = yield* inDirectory
    const error = yield* Effect.flip(download(`${baseUrl}/busy`, file))
    expect(error).toMatchObject({ _tag: "ResponseError", reason: "StatusCode", response: { status: 503 } })
    expect(yield* files).toEqual([])
    expect(yield* pool.stats).toMatchObject({ opened: 1, active: 0, idle: 0 })
  }).pipe(Effect.provide(TestLive)))
