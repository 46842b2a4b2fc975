/** Idle connections whose peers did something to them: no request that cannot be repeated is sent on one. */
import { ConnectionPool } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Layer } from "effect"
import * as net from "node:net"
import { describe } from "vitest"
import { startFixture } from "./support/fixture.js"
import { httpServer } from "./support/httpServer.js"
import { type Deed, startThreadServer } from "./support/otherThread.js"
import { rawServer, scopedServer } from "./support/rawServer.js"

const withPool = <A, E, R>(
  story: (pool: ConnectionPool.Service) => Effect.Effect<A, E, R>,
  options: NodeConnectionPool.NodePoolOptions = {}
) =>
  Effect.flatMap(ConnectionPool.ConnectionPool, story).pipe(
    Effect.provide(
      NodeConnectionPool.layer({ drainTimeout: 0, ...options }).pipe(
        Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true))
      )
    )
  )

const threadServer = Effect.acquireRelease(
  Effect.promise(startThreadServer),
  ({ stop }) => Effect.promise(stop)
)

/** Lets the loop poll once. */
const nextTurn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe("C5 a POST", () => {
  const deeds: ReadonlyArray<readonly [Deed, string, object]> = [
    ["end", "ended", { server_close: 1 }],
    ["reset", "reset", { server_close: 1 }],
    ["bytes", "sent an answer on", { poisoned: 1 }]
  ]
  for (const [deed, told, closedBy] of deeds) {
    it.scopedLive(`C5 behind a blocked event loop, in which the server ${told} the idle connection, goes out on another`, () =>
      Effect.gen(function*() {
        const { meanwhile, port } = yield* threadServer
        const url = `http://127.0.0.1:${port}/`
        yield* withPool((pool) =>
          Effect.gen(function*() {
            strictEqual((yield* pool.execute({ url })).reused, false)
            yield* nextTurn
            // In one turn of the loop: the server's deed is in the kernel when the request is asked for.
            const asking = yield* Effect.sync(() => {
              meanwhile(deed)
              return Effect.runFork(pool.execute({ method: "POST", url, body: "x" }))
            })
            const { attempts, reused, text } = yield* Fiber.join(asking)
            deepStrictEqual([attempts, reused, text], [1, false, "answer to /"])
            deepStrictEqual((yield* pool.stats).closedBy, closedBy)
          })
        )
      }))
  }

  it.scopedLive(
    "C5 of a process that was suspended while the server closed goes out on another connection",
    () =>
      Effect.gen(function*() {
        const server = yield* httpServer((request, response) => {
          request.resume()
          response.end("ok")
        })
        const child = yield* startFixture("pool-suspended.ts", server.url)
        yield* child.says("idle")
        child.kill("SIGSTOP")
        server.server.closeIdleConnections()
        yield* Effect.promise(server.allClosed)
        // The word is there before the process goes on.
        child.tell("go\n")
        child.kill("SIGCONT")
        const { code, printed } = yield* child.ended
        deepStrictEqual([code, printed], [0, `idle\n{"status":200,"reused":false,"attempts":1}`])
        strictEqual(server.accepted(), 2)
      }),
    30_000
  )

  it.scopedLive("C6 of which a part was read when the connection was reset fails, and is not sent again", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const url = `http://127.0.0.1:${server.port}/`
      yield* withPool((pool) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(pool.execute({ url }))
          const peer = yield* Effect.promise(() => server.accept())
          yield* Effect.promise(() => peer.awaitReceived("GET /"))
          peer.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
          yield* Fiber.join(first)
          const upload = yield* Effect.fork(
            Effect.flip(pool.execute({ method: "POST", url, body: new Uint8Array(16 * 1024 * 1024) }))
          )
          yield* Effect.promise(() => peer.awaitReceived("POST /"))
          peer.socket.resetAndDestroy()
          const error = yield* Fiber.join(upload)
          assertTrue(error._tag === "ConnectionLost", error.message)
          deepStrictEqual([error.reason, error.progress, error.reused], ["reset", "maybe-sent", true])
          const { idle, repeated } = yield* pool.stats
          deepStrictEqual([idle, repeated, server.connections()], [0, 0, 1])
        })
      )
    }))
})

describe("a server that allows three requests a connection, and closes then without a word", () => {
  it.scopedLive("is sent no fourth: Keep-Alive: max has said so", () =>
    Effect.gen(function*() {
      let refused = 0
      const server = yield* scopedServer(() =>
        rawServer(undefined, (onSocket) =>
          net.createServer((socket) => {
            let answers = 0
            socket.on("data", () => {
              if (answers++ < 3) {
                socket.write(
                  `HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=${3 - answers}\r\nContent-Length: 0\r\n\r\n`
                )
              } else {
                refused++
                socket.resetAndDestroy()
              }
            })
            onSocket(socket)
          }))
      )
      yield* withPool((pool) =>
        Effect.gen(function*() {
          const ids: Array<number> = []
          for (let i = 0; i < 7; i++) {
            const { connectionId } = yield* pool.execute({ method: "POST", url: `http://127.0.0.1:${server.port}/` })
            ids.push(connectionId)
          }
          deepStrictEqual(ids, [0, 0, 0, 1, 1, 1, 2])
          strictEqual(refused, 0)
        })
      )
    }))
})
