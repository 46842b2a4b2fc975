import { ConnectionPool, type PoolConfig } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { ConfigProvider, Deferred, Effect, Fiber, Layer, Stream } from "effect"
import type { TLSSocket } from "node:tls"
import { describe } from "vitest"
import { certify, makeAuthority } from "./support/certificates.js"
import { runFixture } from "./support/fixture.js"
import { httpServer, readBody } from "./support/httpServer.js"

const checked = Layer.succeed(ConnectionPool.CheckLaws, true)

/** Runs a story with a pool of its own, over sockets; the laws of the machine are checked after every step. */
const withPool = <A, E, R>(
  options: NodeConnectionPool.NodePoolOptions,
  story: (pool: ConnectionPool.Service) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(ConnectionPool.ConnectionPool, story).pipe(
    Effect.provide(NodeConnectionPool.layer(options).pipe(Layer.provide(checked)))
  )

describe("NodeConnectionPool", () => {
  it.scopedLive("1,000 callers on 50 connections are all answered, in order, over 50 sockets", () =>
    Effect.gen(function*() {
      const arrived = new Map<number, Array<number>>()
      const server = yield* httpServer((request, response) => {
        const numbers = arrived.get(request.socket.remotePort!) ?? []
        numbers.push(Number(request.headers["x-number"]))
        arrived.set(request.socket.remotePort!, numbers)
        response.end(`answer ${request.headers["x-number"]}`)
      })
      const numbers = Array.from({ length: 1_000 }, (_, index) => index)
      yield* withPool({ maxConnectionsPerOrigin: 50 }, (pool) =>
        Effect.gen(function*() {
          const answers = yield* Effect.forEach(
            numbers,
            (number) => pool.execute({ url: server.url, headers: { "x-number": String(number) } }),
            { concurrency: "unbounded" }
          )
          deepStrictEqual(answers.map(({ text }) => text), numbers.map((number) => `answer ${number}`))
          const stats = yield* pool.stats
          deepStrictEqual([stats.requests, stats.opened, stats.idle, stats.active], [1_000, 50, 50, 0])
        }))
      deepStrictEqual([server.accepted(), server.mostOpen()], [50, 50])
      for (const onOneSocket of arrived.values()) {
        deepStrictEqual(onOneSocket, [...onOneSocket].sort((a, b) => a - b))
      }
      yield* Effect.promise(server.allClosed)
    }))

  it.scopedLive("C12 every caller gets its own answer, though connections break and callers leave", () =>
    Effect.gen(function*() {
      const server = yield* httpServer(async (request, response) => {
        const body = await readBody(request)
        const number = Number(body)
        if (number % 7 === 0) response.setHeader("connection", "close")
        if (number % 11 === 0) request.socket.destroy()
        else response.end(body)
      })
      yield* withPool({ maxConnectionsPerOrigin: 8 }, (pool) =>
        Effect.gen(function*() {
          const fibers = yield* Effect.forEach(Array.from({ length: 400 }, (_, index) => index), (number) =>
            Effect.fork(
              pool.execute({ method: "POST", url: server.url, body: String(number) }).pipe(
                Effect.map(({ text }) => text),
                Effect.catchTag("ConnectionLost", () => Effect.succeed("lost")),
                Effect.map((text) => [number, text] as const)
              )
            ))
          const leaving = fibers.filter((_, index) => index % 13 === 0)
          yield* Effect.forEach(leaving, (fiber) => Effect.andThen(Effect.yieldNow(), Fiber.interruptFork(fiber)))
          const staying = fibers.filter((_, index) => index % 13 !== 0)
          for (const [number, text] of yield* Fiber.join(Fiber.all(staying))) {
            strictEqual(text, number % 11 === 0 ? "lost" : String(number))
          }
        }))
      yield* Effect.promise(server.allClosed)
    }))

  it.scopedLive("C2 an interruption in flight closes the socket, and the next waiter is served", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const server = yield* httpServer((request, response) => {
        if (request.url === "/never") Effect.runSync(Deferred.succeed(arrived, undefined))
        else response.end("ok")
      })
      yield* withPool({ maxConnectionsPerOrigin: 1 }, (pool) =>
        Effect.gen(function*() {
          const stuck = yield* Effect.fork(pool.execute({ url: `${server.url}never` }))
          yield* Deferred.await(arrived)
          const next = yield* Effect.fork(pool.execute({ url: server.url }))
          yield* Fiber.interrupt(stuck)
          const answer = yield* Fiber.join(next)
          deepStrictEqual([answer.text, answer.reused], ["ok", false])
          strictEqual(server.accepted(), 2)
        }))
    }))

  it.scopedLive("a final answer before the upload's end ends the upload, and the connection is not reused", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((request, response) => {
        request.once("data", () => response.writeHead(413).end("too much"))
      })
      yield* withPool({}, (pool) =>
        Effect.gen(function*() {
          const ended = yield* Deferred.make<void>()
          const body = Stream.repeatEffect(Effect.as(Effect.yieldNow(), new Uint8Array(1024))).pipe(
            Stream.ensuring(Deferred.succeed(ended, undefined))
          )
          const answer = yield* pool.execute({ method: "POST", url: server.url, body })
          deepStrictEqual([answer.status, answer.text], [413, "too much"])
          yield* Deferred.await(ended)
          strictEqual((yield* pool.stats).idle, 0)
        }))
    }))

  it.scopedLive("C9 two TLS identities never share a connection", () =>
    Effect.gen(function*() {
      const authority = yield* Effect.promise(() => makeAuthority("authority"))
      const identity = (name: string, client: boolean) =>
        Effect.promise(() => certify(authority, name, { address: true, client }))
      const serverIdentity = yield* identity("server.test", false)
      const server = yield* httpServer(
        (request, response) => {
          const subject = (request.socket as TLSSocket).getPeerCertificate().subject
          response.end(String(subject?.CN ?? "nobody"))
        },
        { ...serverIdentity, ca: authority.cert, requestCert: true, rejectUnauthorized: false }
      )
      const anna = yield* identity("anna", true)
      const boris = yield* identity("boris", true)
      yield* withPool({ tls: { ca: authority.cert } }, (pool) =>
        Effect.gen(function*() {
          const ask = (tls?: { readonly cert: string; readonly key: string }) =>
            Effect.map(pool.execute({ url: server.url, tls }), ({ connectionId, text }) => ({ connectionId, text }))
          const first = yield* Effect.all([ask(anna), ask(boris), ask()])
          const second = yield* Effect.all([ask({ ...anna }), ask({ ...boris }), ask()])
          deepStrictEqual(first.map(({ text }) => text), ["anna", "boris", "nobody"])
          deepStrictEqual(second, first)
          strictEqual(new Set(first.map(({ connectionId }) => connectionId)).size, 3)
        }))
      strictEqual(server.accepted(), 3)
    }))

  it.scopedLive("is told by the environment, and the program has the last word", () =>
    Effect.gen(function*() {
      const closing: Array<string | undefined> = []
      const server = yield* httpServer((request, response) => {
        closing.push(request.headers.connection)
        response.end()
      })
      const run = (variables: Record<string, string>, overrides: PoolConfig.PoolOptions) =>
        Effect.gen(function*() {
          const pool = yield* ConnectionPool.ConnectionPool
          yield* Effect.all([pool.execute({ url: server.url }), pool.execute({ url: server.url })], { concurrency: 2 })
          return (yield* pool.stats).opened
        }).pipe(
          Effect.provide(NodeConnectionPool.layerFromEnv(overrides)),
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
        )
      strictEqual(yield* run({ MAX_SOCKETS: "1" }, {}), 1)
      strictEqual(yield* run({ MAX_SOCKETS: "1" }, { maxConnectionsPerOrigin: 2 }), 2)
      strictEqual(yield* run({ MAX_SOCKETS: "1", KEEP_ALIVE_ENABLED: "false" }, {}), 2)
      deepStrictEqual(closing.slice(-2), ["close", "close"])
    }))

  it.scopedLive(
    "C10 a closed layer leaves no socket, no timer and no fiber: the process ends by itself",
    () =>
      Effect.gen(function*() {
        const server = yield* httpServer((request, response) => {
          if (request.url !== "/never") response.end("ok")
        })
        const { code, printed } = yield* runFixture("pool-closes.ts", server.url)
        deepStrictEqual([code, printed], [0, "[]"])
        yield* Effect.promise(server.allClosed)
        assertTrue(server.accepted() > 0)
      }),
    30_000
  )

  it.scopedLive(
    "C10 a request that runs keeps the process alive until it is answered, and no longer",
    () =>
      Effect.gen(function*() {
        const server = yield* httpServer((_, response) => void setTimeout(() => response.end("late"), 300))
        const { code, printed } = yield* runFixture("pool-waits.ts", server.url)
        deepStrictEqual([code, printed], [0, "late"])
      }),
    30_000
  )

  it.scopedLive("C10 an idle pool that nobody closed does not keep the process alive", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => response.end("ok"))
      const { code, printed } = yield* runFixture("pool-idles.ts", server.url)
      deepStrictEqual([code, printed], [0, `{"status":200,"idle":1}`])
    }), 30_000)
})
