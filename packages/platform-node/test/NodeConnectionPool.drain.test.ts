/** The end of a pool over sockets: what runs is answered, the rest is told, and no peer holds anything up. */
import { ConnectionPool } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Deferred, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import * as tls from "node:tls"
import { describe } from "vitest"
import { certify, makeAuthority } from "./support/certificates.js"
import type { Peer } from "./support/rawServer.js"
import { rawServer, scopedServer } from "./support/rawServer.js"
import { clientSockets } from "./support/sockets.js"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

const authority = await makeAuthority("Test Authority")
const localhost = await certify(authority, "localhost", { address: true })

/** A pool whose scope is the story's to close. */
const openPool = (options: NodeConnectionPool.NodePoolOptions = {}) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const layer = NodeConnectionPool.layer({ tls: { ca: authority.cert }, ...options }).pipe(
      Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true))
    )
    const pool = yield* Effect.provide(
      ConnectionPool.ConnectionPool,
      yield* Layer.buildWithScope(layer, scope)
    )
    return { pool, close: Scope.close(scope, Exit.void) }
  })

const closedError = (fiber: Fiber.Fiber<unknown, { readonly _tag: string; readonly progress?: unknown }>) =>
  Effect.map(Effect.flip(Fiber.join(fiber)), (error) => [error._tag, error.progress])

describe("C10 a drain", () => {
  it.scopedLive("C10 lets what runs be answered, cuts off what is not in time, and tells who waits at once", () =>
    Effect.gen(function*() {
      const sockets = yield* clientSockets
      const server = yield* scopedServer(() => rawServer())
      const url = `http://127.0.0.1:${server.port}/`
      const { close, pool } = yield* openPool({ maxConnectionsPerOrigin: 3, drainTimeout: 0 })
      const sent = (path: string) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.fork(pool.execute({ url: url + path }))
          const peer = yield* Effect.promise(() => server.accept())
          yield* Effect.promise(() => peer.awaitReceived(`GET /${path} `))
          return { fiber, peer }
        })
      const answered = yield* sent("answered")
      const silent = yield* sent("silent")
      const half = yield* sent("half")
      half.peer.socket.write(ok.slice(0, -1))
      const waiting = yield* Effect.fork(pool.execute({ url }))
      yield* Effect.yieldNow()
      const drain = yield* Effect.fork(pool.drain("200 millis"))
      deepStrictEqual(yield* closedError(waiting), ["PoolClosed", "not-sent"])
      answered.peer.socket.write(ok)
      strictEqual((yield* Fiber.join(answered.fiber)).text, "ok")
      deepStrictEqual(yield* closedError(silent.fiber), ["PoolClosed", "maybe-sent"])
      deepStrictEqual(yield* closedError(half.fiber), ["PoolClosed", "response-started"])
      const report = yield* Fiber.join(drain)
      deepStrictEqual([report.answered, report.cutOff, report.unclosed], [1, 2, 0])
      for (const { peer } of [answered, silent, half]) yield* Effect.promise(() => peer.closed)
      yield* sockets.gone(server.port)
      yield* close
    }))

  it.scopedLive("C10 during a handshake that is stalled ends the dial and its socket", () =>
    Effect.gen(function*() {
      const sockets = yield* clientSockets
      const server = yield* scopedServer(() => rawServer())
      const { close, pool } = yield* openPool()
      const request = yield* Effect.fork(pool.execute({ url: `https://localhost:${server.port}/` }))
      const peer = yield* Effect.promise(() => server.accept())
      yield* Effect.promise(() => peer.awaitReceived("\x16\x03"))
      yield* close
      deepStrictEqual(yield* closedError(request), ["PoolClosed", "not-sent"])
      yield* sockets.gone(server.port)
      yield* Effect.promise(() => peer.closed)
    }))

  it.scopedLive("C10 lets an upload go on to its answer, and the layer's release waits for it", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const { close, pool } = yield* openPool()
      const goOn = yield* Deferred.make<void>()
      const body = Stream.concat(
        Stream.make(new TextEncoder().encode("first")),
        Stream.fromEffect(Effect.as(Deferred.await(goOn), new TextEncoder().encode("second")))
      )
      const upload = yield* Effect.fork(
        pool.execute({ method: "POST", url: `http://127.0.0.1:${server.port}/`, body })
      )
      const peer = yield* Effect.promise(() => server.accept())
      yield* Effect.promise(() => peer.awaitReceived("first"))
      const closing = yield* Effect.fork(close)
      yield* Effect.yieldNow()
      yield* Deferred.succeed(goOn, undefined)
      yield* Effect.promise(() => peer.awaitReceived("second\r\n0\r\n\r\n"))
      peer.socket.write(ok)
      strictEqual((yield* Fiber.join(upload)).text, "ok")
      yield* Fiber.join(closing)
      yield* Effect.promise(() => peer.closed)
    }))
})

describe("C10 a peer that ends nothing", () => {
  const tlsServer = () =>
    rawServer(
      undefined,
      (onSocket) => tls.createServer({ ...localhost, allowHalfOpen: true }, onSocket).on("tlsClientError", () => {})
    )
  const transports = [
    ["never sends FIN", "http", () => rawServer()],
    ["never answers close_notify", "https", tlsServer]
  ] as const

  /** It reads nothing any more, so that it does not hear of an end either. */
  const turnAway = ({ socket }: Peer) => void socket.pause()

  for (const [what, scheme, makeServer] of transports) {
    it.scopedLive(`C10 and ${what} holds up no drain, no release and no request behind it`, () =>
      Effect.gen(function*() {
        const sockets = yield* clientSockets
        const server = yield* scopedServer(makeServer)
        const url = `${scheme}://localhost:${server.port}/`
        const { close, pool } = yield* openPool({ maxConnectionsPerOrigin: 2 })
        const first = yield* Effect.fork(pool.execute({ url }))
        const idle = yield* Effect.promise(() => server.accept())
        yield* Effect.promise(() => idle.awaitReceived("GET / "))
        idle.socket.write(ok)
        yield* Fiber.join(first)
        turnAway(idle)
        // A place that is given up serves the next at once.
        strictEqual(yield* pool.closeIdle, 1)
        deepStrictEqual(yield* pool.connections, [])
        const second = yield* Effect.fork(pool.execute({ url }))
        const busy = yield* Effect.promise(() => server.accept())
        yield* Effect.promise(() => busy.awaitReceived("GET / "))
        turnAway(busy)
        const report = yield* pool.drain(0)
        deepStrictEqual([report.cutOff, report.unclosed], [1, 0])
        deepStrictEqual(yield* closedError(second), ["PoolClosed", "maybe-sent"])
        yield* sockets.gone(server.port)
        assertTrue([idle, busy].every(({ socket }) => !socket.writableEnded))
        yield* close
      }))
  }
})
