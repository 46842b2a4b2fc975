import type { CloseCause, Connection } from "@connection-pool/core/Connection"
import type { TlsOptions } from "@connection-pool/core/Connector"
import { Connector } from "@connection-pool/core/Connector"
import { ConnectFailed } from "@connection-pool/core/PoolError"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as tls from "node:tls"
import * as NodeConnector from "../src/NodeConnector.js"
import { type Authority, certify, makeAuthority } from "./support/certificates.js"
import { connect, target } from "./support/connect.js"
import { type RawServer, rawServer } from "./support/rawServer.js"
import { Recorder, request } from "./support/recorder.js"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

const scopedServer = (make: () => Promise<RawServer>) =>
  Effect.acquireRelease(Effect.promise(make), (server) => Effect.promise(() => server.close()))

const exchange = (connection: Connection, fields: Parameters<typeof request>[0] = {}) =>
  Effect.promise(() => {
    const recorder = new Recorder()
    connection.send(request(fields), recorder)
    return recorder.done
  })

const failureOf = (url: string, options?: TlsOptions) => Effect.flip(connect(url, options))

const freePort = Effect.promise(async () => {
  const server = await rawServer()
  await server.close()
  return server.port
})

describe("a connection over TCP", () => {
  it.scopedLive("carries one exchange after the other", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const connection = yield* connect(`http://127.0.0.1:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      expect(connection.remoteAddress).toBe(`127.0.0.1:${server.port}`)
      expect(connection.maxConcurrent).toBe(1)
      for (const text of ["first", "second"]) {
        const fiber = yield* Effect.fork(exchange(connection, { method: "POST", body: text }))
        yield* Effect.promise(() => peer.awaitReceived(text))
        peer.socket.write(ok)
        const recorder = yield* Fiber.join(fiber)
        expect(recorder.body).toBe("ok")
        expect(recorder.end?.reusable).toBe(true)
      }
      expect(server.connections()).toBe(1)
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("is reset by the peer: the exchange is lost, reset", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const connection = yield* connect(`http://127.0.0.1:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      const fiber = yield* Effect.fork(exchange(connection, { method: "POST", body: "x" }))
      yield* Effect.promise(() => peer.awaitReceived("\r\n\r\nx"))
      peer.socket.resetAndDestroy()
      const recorder = yield* Fiber.join(fiber)
      expect(recorder.failure).toMatchObject({ kind: "Lost", reason: "reset", cause: { code: "ECONNRESET" } })
      expect(connection.progress).toBe("maybe-sent")
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("is reset inside a body that its close would delimit: lost, not complete", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const connection = yield* connect(`http://127.0.0.1:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      const recorder = new Recorder()
      recorder.onBodyDo = () => peer.socket.resetAndDestroy()
      connection.send(request(), recorder)
      peer.socket.write("HTTP/1.1 200 OK\r\n\r\npart")
      yield* Effect.promise(() => recorder.done)
      expect(recorder.failure).toMatchObject({ kind: "Lost", reason: "reset" })
      expect(connection.progress).toBe("response-started")
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("does not keep the process alive, has TCP keep-alive and no delay as asked", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const sockets: Array<net.Socket> = []
      const { setKeepAlive, setNoDelay, unref } = net.Socket.prototype
      const calls: Array<readonly [string, ...ReadonlyArray<unknown>]> = []
      net.Socket.prototype.setKeepAlive = function(...args) {
        calls.push(["setKeepAlive", ...args])
        return setKeepAlive.apply(this, args)
      }
      net.Socket.prototype.setNoDelay = function(...args) {
        calls.push(["setNoDelay", ...args])
        return setNoDelay.apply(this, args)
      }
      net.Socket.prototype.unref = function() {
        sockets.push(this)
        calls.push(["unref"])
        return unref.call(this)
      }
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => Object.assign(net.Socket.prototype, { setKeepAlive, setNoDelay, unref }))
      )
      yield* connect(`http://127.0.0.1:${server.port}`)
      expect(calls).toEqual([["setNoDelay", true], ["setKeepAlive", true, 1000], ["unref"]])
      const handle = (sockets[0] as unknown as { readonly _handle: { hasRef(): boolean } })._handle
      expect(handle.hasRef()).toBe(false)
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("that was paused delivers what had come before FIN, and then the end", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const connection = yield* connect(`http://127.0.0.1:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      const recorder = new Recorder()
      const paused = new Promise<void>((resolve) => {
        recorder.onHeadDo = () => {
          connection.pause()
          resolve()
        }
      })
      connection.send(request(), recorder)
      const size = 1_000_000
      peer.socket.end("HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(size))
      yield* Effect.promise(() => paused)
      expect(recorder.calls).toBe("h")
      connection.resume()
      yield* Effect.promise(() => recorder.done)
      expect(recorder.body.length).toBe(size)
      expect(recorder.end?.reusable).toBe(false)
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("slows the peer down while it is paused", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const connection = yield* connect(`http://127.0.0.1:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      const recorder = new Recorder()
      const size = 64 * 1024 * 1024
      connection.send(request(), recorder)
      recorder.onHeadDo = () => connection.pause()
      yield* Effect.promise(() => peer.awaitReceived("\r\n\r\n"))
      peer.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      const written = new Promise<void>((resolve) => peer.socket.write(Buffer.alloc(size), () => resolve()))
      let isWritten = false
      void written.then(() => (isWritten = true))
      // Exchanges on another connection, each of which gives the loop time to read here, if it did.
      const other = yield* connect(`http://127.0.0.1:${server.port}`)
      const otherPeer = yield* Effect.promise(() => server.accept())
      for (let i = 0; i < 50; i++) {
        const fiber = yield* Effect.fork(exchange(other))
        otherPeer.socket.write(ok)
        yield* Fiber.join(fiber)
      }
      expect(isWritten).toBe(false)
      expect(recorder.pieces.length).toBe(0)
      connection.resume()
      yield* Effect.promise(() => recorder.done)
      expect(recorder.pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(size)
      expect(recorder.end?.reusable).toBe(true)
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("may be made of a socket on a Unix path", () =>
    Effect.gen(function*() {
      const file = path.join(os.tmpdir(), `connection-pool-${crypto.randomUUID()}.sock`)
      const server = yield* scopedServer(() => rawServer((server, done) => server.listen(file, done)))
      const socket = net.connect(file)
      yield* Effect.promise(() => new Promise((resolve) => socket.once("connect", resolve)))
      const connection = NodeConnector.fromSocket(socket)
      const closes: Array<CloseCause> = []
      connection.onClose((cause) => closes.push(cause))
      const peer = yield* Effect.promise(() => server.accept())
      expect(connection.remoteAddress).toBeUndefined()
      const fiber = yield* Effect.fork(exchange(connection))
      yield* Effect.promise(() => peer.awaitReceived("\r\n\r\n"))
      peer.socket.write(ok)
      expect((yield* Fiber.join(fiber)).body).toBe("ok")
      connection.close()
      yield* Effect.promise(() => peer.closed)
      expect(closes).toEqual(["local"])
      yield* Effect.sync(() => fs.rmSync(file, { force: true }))
    }))

  it("made of a socket that is closed already is closed", () => {
    const socket = new net.Socket()
    socket.destroy()
    const closes: Array<CloseCause> = []
    NodeConnector.fromSocket(socket).onClose((cause) => closes.push(cause))
    expect(closes).toEqual(["closed"])
  })
})

describe("a connect that fails", () => {
  it.scopedLive("is Refused where nobody listens", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const failure = yield* failureOf(`http://127.0.0.1:${port}`)
      expect(failure).toBeInstanceOf(ConnectFailed)
      expect(failure).toMatchObject({ reason: "Refused", progress: "not-sent", origin: `http://127.0.0.1:${port}` })
      expect(failure.message).toContain("ECONNREFUSED")
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("says of every address of a name what went wrong", () =>
    Effect.gen(function*() {
      const failure = yield* failureOf(`http://localhost:${yield* freePort}`)
      expect(failure).toMatchObject({ reason: "Refused" })
      expect(failure.message).toContain("ECONNREFUSED")
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("is Dns where the name has no address", () =>
    Effect.gen(function*() {
      const failure = yield* failureOf("http://no-such-host.invalid")
      expect(failure).toMatchObject({ reason: "Dns" })
    }).pipe(Effect.provide(NodeConnector.layer())))
})

describe("C2 a connect that is interrupted leaves nothing open", () => {
  it.scopedLive("before TCP has answered", () =>
    Effect.gen(function*() {
      const connector = yield* Connector
      const server = yield* scopedServer(() => rawServer())
      const created: Array<net.Socket> = []
      const original = net.Socket.prototype.connect
      net.Socket.prototype.connect = function(this: net.Socket, ...args: Array<never>) {
        created.push(this)
        return Reflect.apply(original, this, args) as net.Socket
      }
      yield* Effect.addFinalizer(() => Effect.sync(() => (net.Socket.prototype.connect = original)))
      const fiber = yield* Effect.fork(connector.connect(target(`http://127.0.0.1:${server.port}`)))
      yield* Effect.yieldNow()
      expect(created.map(({ connecting }) => connecting)).toEqual([true])
      yield* Fiber.interrupt(fiber)
      expect(created.map(({ destroyed }) => destroyed)).toEqual([true])
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("during the look-up of a name", () =>
    Effect.gen(function*() {
      const connector = yield* Connector
      const server = yield* scopedServer(() => rawServer())
      const fiber = yield* Effect.fork(connector.connect(target(`http://localhost:${server.port}`)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      // A later connection of our own is the first that the server sees.
      const connection = yield* connect(`http://127.0.0.1:${server.port}`)
      yield* Effect.promise(() => server.accept())
      expect(server.connections()).toBe(1)
      connection.close()
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("in a TLS handshake that the server has stalled", () =>
    Effect.gen(function*() {
      const connector = yield* Connector
      const server = yield* scopedServer(() => rawServer())
      const fiber = yield* Effect.fork(connector.connect(target(`https://127.0.0.1:${server.port}`)))
      const peer = yield* Effect.promise(() => server.accept())
      // The client's hello.
      yield* Effect.promise(() => peer.awaitReceived("\x16\x03"))
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => peer.closed)
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("between its birth and its delivery", () =>
    Effect.gen(function*() {
      const connector = yield* Connector
      const server = yield* scopedServer(() => rawServer())
      const born: Array<net.Socket> = []
      const { unref } = net.Socket.prototype
      let interrupt = () => {}
      net.Socket.prototype.unref = function() {
        // The last thing before the connection is handed over.
        born.push(this)
        interrupt()
        return unref.call(this)
      }
      yield* Effect.addFinalizer(() => Effect.sync(() => (net.Socket.prototype.unref = unref)))
      const fiber = yield* Effect.fork(connector.connect(target(`http://127.0.0.1:${server.port}`)))
      interrupt = () => Effect.runFork(Fiber.interruptFork(fiber))
      const exit = yield* Fiber.await(fiber)
      expect(Exit.isInterrupted(exit)).toBe(true)
      expect(born.map(({ destroyed }) => destroyed)).toEqual([true])
    }).pipe(Effect.provide(NodeConnector.layer())))
})

const authority = await makeAuthority("Test Authority")
const localhost = await certify(authority, "localhost", { address: true })

const refused: ReadonlyArray<readonly [name: string, words: RegExp, server: Authority]> = [
  ["of another host", /altnames/, await certify(authority, "other.test")],
  ["that has expired", /expired/, await certify(authority, "localhost", { expired: true })],
  ["that is self-signed", /self-signed/, await certify(undefined, "localhost")],
  [
    "of an unknown authority",
    /unable to (get local issuer|verify the first) certificate/,
    await certify(await makeAuthority("Stranger"), "localhost")
  ]
]

const tlsServer = (options: tls.TlsOptions = {}) =>
  scopedServer(() =>
    rawServer(undefined, (onSocket) => {
      const server = tls.createServer({ ...localhost, ...options }, onSocket)
      server.on("tlsClientError", () => {})
      return server
    })
  )

const trusting = NodeConnector.layer({ tls: { ca: authority.cert } })

describe("C9 a connection over TLS", () => {
  it.scopedLive("carries an exchange, and asks for http/1.1", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ ALPNProtocols: ["h2", "http/1.1"] })
      const connection = yield* connect(`https://localhost:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      expect((peer.socket as tls.TLSSocket).alpnProtocol).toBe("http/1.1")
      expect((peer.socket as tls.TLSSocket & { readonly servername: string }).servername).toBe("localhost")
      const fiber = yield* Effect.fork(exchange(connection, { method: "POST", body: "over TLS" }))
      yield* Effect.promise(() => peer.awaitReceived("over TLS"))
      peer.socket.write(ok)
      expect((yield* Fiber.join(fiber)).end?.reusable).toBe(true)
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("sends no server name where the host is an address", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer()
      yield* connect(`https://127.0.0.1:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      expect((peer.socket as tls.TLSSocket & { readonly servername: string | false }).servername).toBe(false)
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("verifies the name that `servername` says, and sends it", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer(yield* Effect.promise(() => certify(authority, "other.test")))
      yield* connect(`https://127.0.0.1:${server.port}`, { servername: "other.test" })
      const peer = yield* Effect.promise(() => server.accept())
      expect((peer.socket as tls.TLSSocket & { readonly servername: string }).servername).toBe("other.test")
      expect(yield* failureOf(`https://127.0.0.1:${server.port}`)).toMatchObject({ reason: "TlsIdentity" })
    }).pipe(Effect.provide(trusting)))

  for (const [name, words, options] of refused) {
    it.scopedLive(`refuses a certificate ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* tlsServer(options)
        const failure = yield* failureOf(`https://localhost:${server.port}`)
        expect(failure).toMatchObject({ _tag: "ConnectFailed", reason: "TlsIdentity" })
        expect(failure.message).toMatch(words)
        const accepted = yield* connect(`https://localhost:${server.port}`, { rejectUnauthorized: false })
        expect(accepted.progress).toBe("not-sent")
      }).pipe(Effect.provide(trusting), Effect.provide(Logger.remove(Logger.defaultLogger))))
  }

  it.scopedLive("refuses a TLS version older than wanted", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ maxVersion: "TLSv1.2" })
      const failure = yield* failureOf(`https://localhost:${server.port}`, { minVersion: "TLSv1.3" })
      expect(failure).toMatchObject({ reason: "Tls" })
      const newer = yield* tlsServer({ minVersion: "TLSv1.3" })
      expect(yield* failureOf(`https://localhost:${newer.port}`, { maxVersion: "TLSv1.2" })).toMatchObject({
        reason: "Tls"
      })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("is refused by a server that speaks HTTP/2 only", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ ALPNProtocols: ["h2"] })
      expect(yield* failureOf(`https://localhost:${server.port}`)).toMatchObject({ reason: "Tls" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("is refused by a server that speaks no TLS", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const fiber = yield* Effect.fork(failureOf(`https://localhost:${server.port}`))
      const peer = yield* Effect.promise(() => server.accept())
      peer.socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Tls" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("fails as Reset where the server hangs up in the handshake", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const fiber = yield* Effect.fork(failureOf(`https://localhost:${server.port}`))
      const peer = yield* Effect.promise(() => server.accept())
      peer.socket.destroy()
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Reset" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("fails as Tls where our own key is none", () =>
    Effect.gen(function*() {
      const failure = yield* failureOf("https://localhost:1", { cert: localhost.cert, key: "no key" })
      expect(failure).toMatchObject({ _tag: "ConnectFailed", reason: "Tls" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("shows our certificate, with a key in any form", () =>
    Effect.gen(function*() {
      const client = yield* Effect.promise(() => certify(authority, "client", { client: true }))
      const server = yield* tlsServer({
        requestCert: true,
        rejectUnauthorized: true,
        ca: authority.cert,
        maxVersion: "TLSv1.2"
      })
      const locked = crypto.createPrivateKey(client.key).export({
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase: "secret"
      }) as string
      const identities: ReadonlyArray<TlsOptions> = [
        { cert: client.cert, key: client.key },
        { cert: Buffer.from(client.cert), key: new Uint8Array(Buffer.from(client.key)) },
        { cert: client.cert, key: Redacted.make(client.key) },
        { cert: client.cert, key: Redacted.make(locked), passphrase: Redacted.make("secret") },
        { cert: client.cert, key: locked, passphrase: "secret" }
      ]
      for (const identity of identities) {
        yield* connect(`https://localhost:${server.port}`, identity)
        const peer = yield* Effect.promise(() => server.accept())
        expect((peer.socket as tls.TLSSocket).getPeerCertificate().subject.CN).toBe("client")
      }
      expect(yield* failureOf(`https://localhost:${server.port}`)).toMatchObject({ _tag: "ConnectFailed" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("has its options from the request, then from the connector, field by field", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ maxVersion: "TLSv1.2" })
      const url = `https://localhost:${server.port}`
      expect(yield* failureOf(url)).toMatchObject({ reason: "Tls" })
      yield* connect(url, { minVersion: "TLSv1.2" })
      yield* connect(url, { minVersion: "TLSv1.2", ca: undefined })
      expect(yield* failureOf(url, { minVersion: "TLSv1.2", ca: [] })).toMatchObject({ reason: "TlsIdentity" })
    }).pipe(Effect.provide(NodeConnector.layer({ tls: { ca: [authority.cert], minVersion: "TLSv1.3" } }))))

  it.scopedLive("that accepts any certificate is logged once", () => {
    const messages: Array<unknown> = []
    const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void messages.push(message)))
    return Effect.gen(function*() {
      const server = yield* tlsServer(yield* Effect.promise(() => certify(undefined, "localhost")))
      expect(messages).toEqual([])
      yield* connect(`https://localhost:${server.port}`)
      yield* connect(`https://localhost:${server.port}`)
      expect(messages).toEqual([["TLS certificates are not verified: rejectUnauthorized is false"]])
    }).pipe(Effect.provide(NodeConnector.layer({ tls: { rejectUnauthorized: false } })), Effect.provide(logger))
  })
})

describe("C9 a TLS session", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it.scopedLive(`is resumed by the same identity and no other, ${version}`, () =>
      Effect.gen(function*() {
        const server = yield* tlsServer({ minVersion: version, maxVersion: version })
        const reused = (host: string, options?: TlsOptions) =>
          Effect.gen(function*() {
            const connection = yield* connect(`https://${host}:${server.port}`, options)
            const peer = yield* Effect.promise(() => server.accept())
            const answered = yield* Effect.fork(exchange(connection))
            yield* Effect.promise(() => peer.awaitReceived("\r\n\r\n"))
            // Tickets of TLS 1.3 come before the answer.
            peer.socket.write(ok)
            yield* Fiber.join(answered)
            return (peer.socket as tls.TLSSocket).isSessionReused()
          })
        expect(yield* reused("localhost")).toBe(false)
        expect(yield* reused("localhost")).toBe(true)
        expect(yield* reused("localhost", {})).toBe(true)
        expect(yield* reused("localhost", { ca: authority.cert })).toBe(true)
        expect(yield* reused("127.0.0.1")).toBe(false)
        expect(yield* reused("localhost", { ciphers: tls.DEFAULT_CIPHERS })).toBe(false)
        expect(yield* reused("localhost", { servername: "localhost" })).toBe(false)
        expect(yield* reused("localhost", { ca: [authority.cert, localhost.cert] })).toBe(false)
        expect(yield* reused("localhost")).toBe(true)
      }).pipe(Effect.provide(trusting)))
  }

  it.scopedLive("of a handshake that was not trusted is not kept, TLSv1.2", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({
        ...(yield* Effect.promise(() => certify(authority, "other.test"))),
        maxVersion: "TLSv1.2"
      })
      for (let i = 0; i < 3; i++) {
        const failure = yield* failureOf(`https://localhost:${server.port}`)
        expect(failure).toMatchObject({ reason: "TlsIdentity" })
      }
    }).pipe(Effect.provide(trusting)))
})
