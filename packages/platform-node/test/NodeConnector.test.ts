import type { CloseCause } from "@connection-pool/core/Connection"
import { Connector } from "@connection-pool/core/Connector"
import { ConnectFailed } from "@connection-pool/core/PoolError"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as NodeConnector from "../src/NodeConnector.js"
import { connect, exchange, failureOf, target } from "./support/connect.js"
import { rawServer, scopedServer } from "./support/rawServer.js"
import { pausedAtHead, Recorder, request } from "./support/recorder.js"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

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
      const { paused, recorder } = pausedAtHead(connection)
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
      // Not `rm`: when it has looked at a socket, Node.js 20 follows no link in the next `import` of a package in this process.
      yield* Effect.sync(() => fs.unlinkSync(file))
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
