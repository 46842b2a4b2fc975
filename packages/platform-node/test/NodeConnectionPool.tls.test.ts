/** TLS trouble as a user of the pool meets it: each ends in its error, leaves no socket, and the pool works afterwards. */
import { ConnectionPool, PoolError } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Layer, Stream } from "effect"
import { setImmediate } from "node:timers/promises"
import * as tls from "node:tls"
import { describe } from "vitest"
import { type Authority, certify, makeAuthority } from "./support/certificates.js"
import { httpServer } from "./support/httpServer.js"
import { damaged, middleman, type Passage } from "./support/middleman.js"
import { rawServer, scopedServer } from "./support/rawServer.js"
import { clientSockets } from "./support/sockets.js"
import { firstRecordIsAlert, suite, unknownAuthority } from "./support/tlsAlert.js"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

const authority = await makeAuthority("Test Authority")
const localhost = await certify(authority, "localhost", { address: true })
const stranger = await certify(await makeAuthority("Stranger"), "client", { client: true })

const untrusted: ReadonlyArray<readonly [string, RegExp, Authority]> = [
  ["is of another host", /altnames/, await certify(authority, "other.test")],
  ["has expired", /expired/, await certify(authority, "localhost", { expired: true })],
  ["is self-signed", /self-signed/, await certify(undefined, "localhost")],
  ["is of an unknown authority", /certificate/, await certify(await makeAuthority("Unknown"), "localhost")]
]

const tlsServer = (options: tls.TlsOptions = {}) =>
  scopedServer(() =>
    rawServer(
      undefined,
      (onSocket) => tls.createServer({ ...localhost, ...options }, onSocket).on("tlsClientError", () => {})
    )
  )

/** Runs a story with a pool of its own, which has to serve another origin when all is over, and to leave no socket. */
const withPool = <E, R>(
  options: NodeConnectionPool.NodePoolOptions,
  story: (pool: ConnectionPool.Service) => Effect.Effect<ReadonlyArray<number>, E, R>
) =>
  Effect.gen(function*() {
    const sockets = yield* clientSockets
    const good = yield* httpServer((_, response) => response.end("ok"), localhost)
    const ports = yield* Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      const ports = yield* story(pool)
      strictEqual((yield* pool.execute({ url: good.url })).text, "ok")
      // Dials that others had begun when the first failed end in their own time.
      yield* Effect.repeat(Effect.zipRight(Effect.promise(() => setImmediate()), pool.stats), {
        until: ({ connecting }) => connecting === 0
      })
      for (const port of ports) yield* sockets.gone(port)
      const { active, closed, connecting, idle, opened, waiting } = yield* pool.stats
      deepStrictEqual([active, connecting, idle, opened - closed, waiting], [0, 0, 1, 1, 0])
      return ports
    }).pipe(
      Effect.provide(
        NodeConnectionPool.layer({ tls: { ca: authority.cert }, drainTimeout: 0, ...options }).pipe(
          Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true))
        )
      )
    )
    for (const port of ports) yield* sockets.gone(port)
    yield* Effect.promise(good.allClosed)
  })

const failureOf = (pool: ConnectionPool.Service, port: number, method = "GET") =>
  Effect.flip(pool.execute({ method, url: `https://localhost:${port}/` }))

const assertConnectFailed = (error: PoolError.PoolError, reason: PoolError.ConnectFailedReason, words: RegExp) => {
  assertTrue(error._tag === "ConnectFailed", error.message)
  deepStrictEqual([error.reason, error.progress, PoolError.isSafeToRepeat(error, {})], [reason, "not-sent", false])
  assertTrue(words.test(error.message), error.message)
}

const assertLostByTls = (error: PoolError.PoolError, progress: PoolError.PoolError["progress"], words: RegExp) => {
  assertTrue(error._tag === "ConnectionLost", error.message)
  deepStrictEqual([error.reason, error.progress], ["tls", progress])
  assertTrue(words.test(error.message), error.message)
  assertTrue(!PoolError.isSafeToRepeat(error, { method: "GET" }))
}

describe("C9 a server whose certificate is not to be trusted", () => {
  for (const [what, words, certificate] of untrusted) {
    it.scopedLive(`C9 because it ${what} is sent nothing, and every waiter is told`, () =>
      withPool({}, (pool) =>
        Effect.gen(function*() {
          const server = yield* tlsServer(certificate)
          const failures = yield* Effect.all(
            Array.from({ length: 5 }, () => failureOf(pool, server.port)),
            { concurrency: "unbounded" }
          )
          for (const failure of failures) assertConnectFailed(failure, "TlsIdentity", words)
          return [server.port]
        })))
  }
})

describe("a TLS handshake", () => {
  it.scopedLive("that the server stalls ends with the connectTimeout", () =>
    withPool({ connectTimeout: 1000 }, (pool) =>
      Effect.gen(function*() {
        const server = yield* scopedServer(() => rawServer())
        const asking = yield* Effect.fork(failureOf(pool, server.port))
        const peer = yield* Effect.promise(() => server.accept())
        const error = yield* Fiber.join(asking)
        assertTrue(error._tag === "ConnectTimeout")
        deepStrictEqual([error.timeout, error.progress], [1000, "not-sent"])
        assertTrue(PoolError.isSafeToRepeat(error, { method: "POST" }))
        yield* Effect.promise(() => peer.closed)
        return [server.port]
      })))

  it.scopedLive("with a server too old for us fails as Tls", () =>
    withPool({ tls: { ca: authority.cert, minVersion: "TLSv1.3" } }, (pool) =>
      Effect.gen(function*() {
        const server = yield* tlsServer({ maxVersion: "TLSv1.2" })
        assertConnectFailed(yield* failureOf(pool, server.port), "Tls", /version/)
        return [server.port]
      })))
})

describe("a server that wants a certificate of ours", () => {
  const wanting = { requestCert: true, rejectUnauthorized: true, ca: authority.cert }
  const withStranger = { tls: { ca: authority.cert, ...stranger } }

  it.scopedLive("and gets none, fails the handshake in TLS 1.2", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        const server = yield* tlsServer({ ...wanting, maxVersion: "TLSv1.2" })
        assertConnectFailed(yield* failureOf(pool, server.port), "Tls", /handshake failure/)
        return [server.port]
      })))

  it.scopedLive("and gets a wrong one, fails the handshake in TLS 1.2", () =>
    withPool(withStranger, (pool) =>
      Effect.gen(function*() {
        const server = yield* scopedServer(() => rawServer())
        const asking = yield* Effect.fork(failureOf(pool, server.port))
        const peer = yield* Effect.promise(() => server.accept())
        yield* Effect.promise(() => peer.awaitReceived("\x16\x03"))
        peer.socket.end(Buffer.from([21, 3, 3, 0, 2, 2, unknownAuthority]))
        assertConnectFailed(yield* Fiber.join(asking), "Tls", /unknown ca/)
        return [server.port]
      })))

  for (const method of ["GET", "POST"]) {
    it.scopedLive(`and gets none, breaks a ${method} in TLS 1.3: lost by tls, which no repeat would mend`, () =>
      withPool({}, (pool) =>
        Effect.gen(function*() {
          const server = yield* tlsServer({ ...wanting, minVersion: "TLSv1.3" })
          assertLostByTls(yield* failureOf(pool, server.port, method), "maybe-sent", /certificate required/)
          deepStrictEqual((yield* pool.stats).repeated, 0)
          return [server.port]
        })))
  }

  it.scopedLive("and gets a wrong one, breaks the request in TLS 1.3: lost by tls", () =>
    withPool(withStranger, (pool) =>
      Effect.gen(function*() {
        let keyLine = ""
        const server = yield* scopedServer(() =>
          rawServer(undefined, (onSocket) =>
            tls.createServer({ ...localhost, ciphers: suite, requestCert: true, rejectUnauthorized: false }, onSocket)
              .on("tlsClientError", () => {})
              .on("keylog", (line: Buffer) => {
                if (line.toString().startsWith("SERVER_TRAFFIC_SECRET_0")) {
                  keyLine = line.toString()
                }
              }))
        )
        let flights = 0
        const between = yield* middleman(server.port, (passage) => {
          passage.onClientBytes = (bytes) => {
            flights++
            if (flights < 2) {
              return bytes
            }
            // The client's certificate: in place of the server, who would accept it, somebody answers who does not.
            passage.onServerBytes = () =>
              undefined
            if (flights === 2) {
              passage.sayToClient(firstRecordIsAlert(keyLine, unknownAuthority))
            }
            return bytes
          }
        })
        assertLostByTls(yield* failureOf(pool, between.port), "maybe-sent", /unknown ca/)
        return [between.port]
      })))

  it.scopedLive("and gets none, ends an upload in TLS 1.3", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        const server = yield* tlsServer({ ...wanting, minVersion: "TLSv1.3" })
        const ended = yield* Effect.flip(pool.execute({
          method: "PUT",
          url: `https://localhost:${server.port}/`,
          body: Stream.concat(Stream.make(new Uint8Array(1024)), Stream.never)
        }))
        assertLostByTls(ended, "maybe-sent", /certificate required/)
        return [server.port]
      })))
})

describe("an open TLS connection", () => {
  /** A pool with one connection that has answered a request, and who stands between. */
  const established = (pool: ConnectionPool.Service) =>
    Effect.gen(function*() {
      const server = yield* tlsServer()
      let passage: Passage | undefined
      const between = yield* middleman(server.port, (one) => (passage ??= one))
      const url = `https://localhost:${between.port}/`
      const asking = yield* Effect.fork(pool.execute({ url }))
      const peer = yield* Effect.promise(() => server.accept())
      yield* Effect.promise(() => peer.awaitReceived("\r\n\r\n"))
      peer.socket.write(ok)
      strictEqual((yield* Fiber.join(asking)).text, "ok")
      return { between, passage: passage!, peer, server, url }
    })

  const ask = (pool: ConnectionPool.Service, url: string) =>
    Effect.fork(Effect.flip(pool.execute({ method: "POST", url })))

  const nextClose = (pool: ConnectionPool.Service) =>
    Effect.zipLeft(
      Effect.fork(Stream.runHead(Stream.filter(pool.events, ({ _tag }) => _tag === "Closed"))),
      Effect.yieldNow()
    )

  it.scopedLive("on which the answer's head comes damaged is lost by tls", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        const { between, passage, peer, url } = yield* established(pool)
        const asking = yield* ask(pool, url)
        yield* Effect.promise(() => peer.awaitReceived("POST "))
        passage.onServerBytes = damaged
        peer.socket.write(ok)
        assertLostByTls(yield* Fiber.join(asking), "maybe-sent", /bad record mac/)
        return [between.port]
      })))

  it.scopedLive("on which the body comes damaged is lost by tls, with what had come", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        const { between, passage, peer, url } = yield* established(pool)
        const exchange = yield* Effect.fork(pool.open({ method: "POST", url }))
        yield* Effect.promise(() => peer.awaitReceived("POST "))
        peer.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart")
        const { body } = yield* Fiber.join(exchange)
        let read = ""
        const reading = yield* Effect.flip(Stream.runForEach(body, (piece) =>
          Effect.sync(() => {
            read += Buffer.from(piece).toString()
            passage.onServerBytes = damaged
            peer.socket.write("more")
          })))
        strictEqual(read, "part")
        assertLostByTls(reading, "response-started", /4 bytes received\): .*bad record mac/)
        return [between.port]
      })))

  it.scopedLive("on which our request arrives damaged is lost by tls", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        const { between, passage, url } = yield* established(pool)
        passage.onClientBytes = damaged
        const asking = yield* ask(pool, url)
        assertLostByTls(yield* Fiber.join(asking), "maybe-sent", /bad record mac/)
        return [between.port]
      })))

  it.scopedLive("to which damaged bytes come while it is idle is closed, and the next request has another", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        const { between, passage, peer, server, url } = yield* established(pool)
        passage.onServerBytes = damaged
        const closed = yield* nextClose(pool)
        peer.socket.write("x")
        yield* Fiber.join(closed)
        const again = yield* Effect.fork(pool.execute({ url }))
        const next = yield* Effect.promise(() => server.accept())
        next.socket.write(ok)
        strictEqual((yield* Fiber.join(again)).reused, false)
        strictEqual(yield* pool.closeIdle, 1)
        return [between.port]
      })))

  it.scopedLive("whose peer never answers our close is closed all the same, in a drain too", () =>
    Effect.gen(function*() {
      const sockets = yield* clientSockets
      yield* Effect.gen(function*() {
        const pool = yield* ConnectionPool.ConnectionPool
        const { between, passage } = yield* established(pool)
        // Nothing of what we say arrives any more, and nothing is said.
        passage.onClientBytes = () => undefined
        passage.onServerBytes = () => undefined
        const { answered, cutOff, unclosed } = yield* pool.drain()
        deepStrictEqual([answered, cutOff, unclosed], [0, 0, 0])
        yield* sockets.gone(between.port)
        strictEqual((yield* pool.stats).idle, 0)
      }).pipe(Effect.provide(NodeConnectionPool.layer({ tls: { ca: authority.cert }, drainTimeout: "1 minute" })))
    }))

  it.scopedLive("that the peer closes for TLS, but not for TCP, is not used again", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        const { between, passage, peer, server, url } = yield* established(pool)
        const closed = yield* nextClose(pool)
        let alerts = 0
        passage.onServerBytes = (bytes) => {
          alerts++
          return bytes
        }
        // Its close_notify passes; that of ours never arrives, so that it has nothing to end TCP for.
        passage.onClientBytes = () => undefined
        peer.socket.end()
        yield* Fiber.join(closed)
        assertTrue(alerts > 0)
        const again = yield* Effect.fork(pool.execute({ url }))
        const next = yield* Effect.promise(() => server.accept())
        next.socket.write(ok)
        strictEqual((yield* Fiber.join(again)).reused, false)
        strictEqual(yield* pool.closeIdle, 1)
        return [between.port]
      })))
})
