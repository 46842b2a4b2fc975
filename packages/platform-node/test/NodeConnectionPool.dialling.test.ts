/** Dials that go wrong, over sockets: each ends in its error, leaves nothing open, and the next request notices when all is well. */
import { ConnectionPool, PoolError } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Layer, Stream } from "effect"
import * as http from "node:http"
import * as net from "node:net"
import { Worker } from "node:worker_threads"
import { describe } from "vitest"
import { certify, makeAuthority } from "./support/certificates.js"
import { deafServer } from "./support/deafServer.js"
import { runFixture } from "./support/fixture.js"
import { addresses, lookupFails, names } from "./support/names.js"
import { rawServer } from "./support/rawServer.js"
import { type ClientSockets, clientSockets } from "./support/sockets.js"

interface Story {
  readonly pool: ConnectionPool.Service
  readonly sockets: ClientSockets
  /** What the host of `url(port)` means. */
  readonly dns: Effect.Effect.Success<typeof names>
}

const url = (port: number) => `http://server.test:${port}/`

const withPool = <A, E, R>(
  options: NodeConnectionPool.NodePoolOptions,
  story: (story: Story) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const sockets = yield* clientSockets
    const dns = yield* names
    dns.set("server.test", addresses("127.0.0.1"))
    return yield* Effect.flatMap(ConnectionPool.ConnectionPool, (pool) =>
      Effect.tap(story({ pool, sockets, dns }), () =>
        Effect.map(pool.stats, ({ active, closed, connecting, idle, opened, waiting }) =>
          deepStrictEqual([active, connecting, waiting, opened - closed], [0, 0, 0, idle])))).pipe(
        Effect.provide(
          NodeConnectionPool.layer({ drainTimeout: 0, ...options }).pipe(
            Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true))
          )
        )
      )
  })

/** A server that answers with its name, on a port that another address may have, too. */
const namedServer = (name: string, host = "127.0.0.1", port = 0) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() =>
        new Promise<http.Server>((resolve) => {
          const server = http.createServer((_, response) => response.end(name))
          server.listen(port, host, () => resolve(server))
        })
      ),
      (server) =>
        Effect.promise(() => {
          server.closeAllConnections()
          return new Promise((resolve) => server.close(resolve))
        })
    ),
    (server) => (server.address() as net.AddressInfo).port
  )

const freePort = Effect.promise(async () => {
  const server = await rawServer()
  await server.close()
  return server.port
})

const failsWith = (pool: ConnectionPool.Service, port: number, words: RegExp, reason: PoolError.ConnectFailedReason) =>
  Effect.map(Effect.flip(pool.execute({ method: "POST", url: url(port) })), (error) => {
    assertTrue(error._tag === "ConnectFailed", error.message)
    deepStrictEqual([error.reason, error.progress], [reason, "not-sent"])
    assertTrue(words.test(error.message), error.message)
    assertTrue(PoolError.isSafeToRepeat(error, { method: "POST" }))
  })

const timesOut = (pool: ConnectionPool.Service, port: number) =>
  Effect.map(Effect.flip(pool.execute({ method: "POST", url: url(port) })), (error) => {
    strictEqual(error._tag, "ConnectTimeout")
    strictEqual(error.progress, "not-sent")
  })

const text = (pool: ConnectionPool.Service, port: number) =>
  Effect.map(pool.execute({ url: url(port) }), (response) => response.text)

/** From now to the end of the scope, the system refuses to open a connection to this port. */
const systemRefuses = (port: number, code: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { connect } = net.Socket.prototype
      net.Socket.prototype.connect = function(this: net.Socket, ...args: ReadonlyArray<never>) {
        const [options] = args[0] as unknown as ReadonlyArray<net.TcpNetConnectOpts>
        if (options!.port !== port) return Reflect.apply(connect, this, args) as net.Socket
        return this.destroy(Object.assign(new Error(`connect ${code} ${options!.host}:${port}`), { code }))
      }
      return connect
    }),
    (connect) => Effect.sync(() => void (net.Socket.prototype.connect = connect))
  )

describe("C7 an origin that refuses", () => {
  it.scopedLive("C7 fails 1,000 waiters at once, is then dialled once at a time, and the next request notices that it is back", () =>
    withPool({ maxConnectionsPerOrigin: 50 }, ({ pool, sockets }) =>
      Effect.gen(function*() {
        const port = yield* freePort
        yield* Effect.all(
          Array.from({ length: 1_000 }, () => failsWith(pool, port, /ECONNREFUSED/, "Refused")),
          { concurrency: "unbounded" }
        )
        yield* sockets.gone(port)
        strictEqual(sockets.to(port).length, 50)
        yield* Effect.all(
          Array.from({ length: 3 }, () => failsWith(pool, port, /ECONNREFUSED/, "Refused")),
          { concurrency: "unbounded" }
        )
        strictEqual(sockets.to(port).length, 51)
        yield* namedServer("back", "127.0.0.1", port)
        strictEqual(yield* text(pool, port), "back")
        strictEqual(sockets.to(port).length, 52)
      })))
})

describe("a dial that the system does not carry out", () => {
  for (
    const [code, reason] of [
      ["EHOSTUNREACH", "Unreachable"],
      ["ENETUNREACH", "Unreachable"],
      ["EMFILE", "Other"],
      ["ENFILE", "Other"],
      ["EADDRNOTAVAIL", "Other"]
    ] as const
  ) {
    it.scopedLive(`(${code}) fails as ${reason}, names its code, and the next works`, () =>
      withPool({}, ({ pool, sockets }) =>
        Effect.gen(function*() {
          const port = yield* namedServer("ok")
          yield* Effect.scoped(Effect.andThen(
            systemRefuses(port, code),
            Effect.all(
              Array.from({ length: 100 }, () => failsWith(pool, port, new RegExp(`connect ${code}`), reason)),
              { concurrency: "unbounded" }
            )
          ))
          strictEqual(yield* text(pool, port), "ok")
          strictEqual(sockets.to(port).filter(({ destroyed }) => !destroyed).length, 1)
        })))
  }

  it.scopedLive(
    "for real, because the process has too many open files, fails all that waited; the next work, and the process ends",
    () =>
      Effect.gen(function*() {
        const port = yield* namedServer("ok")
        const { code, printed } = yield* runFixture("pool-few-files.ts", `http://127.0.0.1:${port}/`, 512)
        deepStrictEqual([code, printed], [0, `{"together":["Other: EMFILE"],"later":["ok"]}`])
      }),
    30_000
  )

  it.scopedLive("leaves those alone who have a connection", () =>
    withPool({ maxConnectionsPerOrigin: 10 }, ({ pool }) =>
      Effect.gen(function*() {
        const port = yield* namedServer("ok")
        strictEqual(yield* text(pool, port), "ok")
        yield* systemRefuses(port, "EMFILE")
        const answers = yield* Effect.all(Array.from({ length: 20 }, () => text(pool, port)), {
          concurrency: "unbounded"
        })
        deepStrictEqual(new Set(answers), new Set(["ok"]))
        strictEqual((yield* pool.stats).opened, 1)
      })))
})

describe("an origin that does not answer to TCP", () => {
  it.scopedLive("is a ConnectTimeout, and works when it does", () =>
    withPool({ connectTimeout: 100 }, ({ pool, sockets }) =>
      Effect.gen(function*() {
        const { listens, port } = yield* deafServer()
        sockets.forget(port)
        yield* Effect.all(Array.from({ length: 5 }, () => timesOut(pool, port)), { concurrency: "unbounded" })
        yield* sockets.gone(port)
        listens()
        strictEqual(yield* Effect.retry(text(pool, port), { times: 20 }), "ok")
      })))
})

describe("a name", () => {
  it.scopedLive("without an address fails as Dns, and works once it has one", () =>
    withPool({}, ({ dns, pool, sockets }) =>
      Effect.gen(function*() {
        const port = yield* namedServer("ok")
        for (const code of ["ENOTFOUND", "EAI_AGAIN"]) {
          dns.set("server.test", lookupFails(code))
          yield* failsWith(pool, port, new RegExp(code), "Dns")
        }
        dns.set("server.test", addresses())
        yield* failsWith(pool, port, /server.test has no address/, "Dns")
        strictEqual(sockets.to(port).length, 0)
        dns.set("server.test", addresses("127.0.0.1"))
        strictEqual(yield* text(pool, port), "ok")
      })))

  it.scopedLive("that is looked up for too long is a ConnectTimeout, and the late answer opens nothing", () =>
    withPool({ connectTimeout: 50 }, ({ dns, pool, sockets }) =>
      Effect.gen(function*() {
        const port = yield* namedServer("ok")
        const late: Array<() => void> = []
        dns.set("server.test", (answer) => late.push(() => addresses("127.0.0.1")(answer)))
        yield* timesOut(pool, port)
        strictEqual(late.length, 1)
        for (const answer of late) answer()
        dns.set("server.test", addresses("127.0.0.1"))
        strictEqual(yield* text(pool, port), "ok")
        strictEqual(sockets.to(port).length, 1)
      })))

  it.scopedLive("that changes its address is followed by connections opened from then on", () =>
    withPool({ maxLifetime: 200 }, ({ dns, pool }) =>
      Effect.gen(function*() {
        const port = yield* namedServer("old")
        yield* namedServer("new", "127.0.0.2", port)
        const closed = yield* Effect.fork(
          Stream.runHead(Stream.filter(pool.events, ({ _tag }) => _tag === "Closed"))
        )
        yield* Effect.yieldNow()
        strictEqual(yield* text(pool, port), "old")
        dns.set("server.test", addresses("127.0.0.2"))
        yield* Fiber.join(closed)
        strictEqual(yield* text(pool, port), "new")
        deepStrictEqual((yield* pool.stats).closedBy, { max_lifetime: 1 })
      })))
})

describe("a name with several addresses", () => {
  it.scopedLive("is served by the next where one refuses", () =>
    withPool({}, ({ dns, pool, sockets }) =>
      Effect.gen(function*() {
        const port = yield* namedServer("second")
        dns.set("server.test", addresses("127.0.0.2", "127.0.0.1"))
        strictEqual(yield* text(pool, port), "second")
        deepStrictEqual(sockets.to(port).map(({ destroyed }) => destroyed), [true, false])
      })))

  it.scopedLive("is served by the next where one does not answer, which is given up then", () =>
    withPool({}, ({ dns, pool, sockets }) =>
      Effect.gen(function*() {
        const { port } = yield* deafServer()
        yield* namedServer("second", "127.0.0.2", port)
        dns.set("server.test", addresses("127.0.0.1", "127.0.0.2", "127.0.0.3"))
        sockets.forget(port)
        strictEqual(yield* text(pool, port), "second")
        deepStrictEqual(sockets.to(port).map(({ destroyed }) => destroyed), [true, false])
      })))

  it.scopedLive(
    "is served by one that is slow, though the others were tried meanwhile",
    () =>
      withPool({ connectTimeout: "20 seconds" }, ({ dns, pool, sockets }) =>
        Effect.gen(function*() {
          const { listens, port } = yield* deafServer()
          dns.set("server.test", addresses("127.0.0.1", "127.0.0.2", "127.0.0.3"))
          sockets.forget(port)
          const asking = yield* Effect.fork(text(pool, port))
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
          strictEqual(sockets.to(port).length, 1)
          listens()
          strictEqual(yield* Fiber.join(asking), "ok")
          strictEqual(sockets.to(port).length, 3)
        })),
    30_000
  )

  it.scopedLive("none of which answers is a ConnectTimeout: all are given up", () =>
    withPool({ connectTimeout: 400 }, ({ dns, pool, sockets }) =>
      Effect.gen(function*() {
        const { port } = yield* deafServer()
        yield* deafServer(port, "127.0.0.2")
        dns.set("server.test", addresses("127.0.0.1", "127.0.0.2"))
        sockets.forget(port)
        yield* timesOut(pool, port)
        yield* sockets.gone(port)
        strictEqual(sockets.to(port).length, 2)
      })))

  it.scopedLive("none of which is served fails, and says of each what went wrong, in the order of RFC 8305", () =>
    withPool({}, ({ dns, pool, sockets }) =>
      Effect.gen(function*() {
        const port = yield* freePort
        dns.set("server.test", addresses("::1", "::1", "127.0.0.1", "127.0.0.2"))
        yield* failsWith(pool, port, /::1:.*; .*127\.0\.0\.1:.*; .*127\.0\.0\.2:/, "Refused")
        strictEqual(sockets.to(port).length, 3)
      })))
})

describe("an event loop that is blocked for longer than the connectTimeout", () => {
  it.scopedLive(
    "makes no ConnectTimeout of a dial that had succeeded, nor of one that waits for us in its handshake",
    () =>
      Effect.gen(function*() {
        const authority = yield* Effect.promise(() => makeAuthority("Test Authority"))
        const certificate = yield* Effect.promise(() => certify(authority, "localhost", { address: true }))
        const servers = yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const worker = new Worker(
              `const { parentPort, workerData } = require("node:worker_threads")
            const answer = (_, response) => response.end("ok")
            const servers = [require("node:http").createServer(answer), require("node:https").createServer(workerData, answer)]
            Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))))
              .then(() => parentPort.postMessage(servers.map((server) => server.address().port)))`,
              { eval: true, workerData: certificate }
            )
            const ports = await new Promise<ReadonlyArray<number>>((resolve) => worker.once("message", resolve))
            return { ports, worker }
          }),
          ({ worker }) => Effect.promise(() => worker.terminate())
        )
        const [plain, secure] = servers.ports
        yield* withPool({ connectTimeout: 2_000, tls: { ca: authority.cert } }, ({ pool }) =>
          Effect.gen(function*() {
            const asking = yield* Effect.fork(Effect.forEach(
              [`http://127.0.0.1:${plain}/`, `https://127.0.0.1:${secure}/`],
              (url) => pool.execute({ url }),
              { concurrency: 2 }
            ))
            yield* Effect.repeatN(Effect.yieldNow(), 40)
            strictEqual((yield* pool.stats).connecting, 2)
            // Behind the tick in which the two connect, and before the loop can hear of it.
            yield* Effect.promise(() =>
              new Promise<void>((resolve) =>
                process.nextTick(() => {
                  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_100)
                  resolve()
                })
              )
            )
            strictEqual((yield* pool.stats).connecting, 2)
            const answers = yield* Fiber.join(asking)
            deepStrictEqual(answers.map((answer) => [answer.text, answer.reused]), [["ok", false], ["ok", false]])
          }))
      }),
    20_000
  )
})
