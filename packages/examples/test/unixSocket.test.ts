import { ConnectionPool, Connector, Origin, PoolError } from "@connection-pool/core"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Either, Exit, Fiber } from "effect"
import { once } from "node:events"
import type { Socket } from "node:net"
import { createServer } from "node:net"
import { clientLayer, connectorLayer, main } from "../src/unixSocket.js"

/** A path where no socket is yet. */
const socketPath = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return path.join(yield* fs.makeTempDirectoryScoped(), "engine.sock")
}).pipe(Effect.provide(NodeContext.layer))

it.live("ten requests share two connections of the user's own making", () =>
  Effect.gen(function*() {
    const { lists, opened, requests } = yield* main
    expect(lists).toEqual(Array(10).fill([{ name: "web", state: "running" }, { name: "migration", state: "exited" }]))
    expect({ opened, requests }).toEqual({ opened: 2, requests: 10 })
  }))

it.scopedLive("without a socket at the path there is no connection", () =>
  Effect.gen(function*() {
    const path = yield* socketPath
    yield* Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      const error = yield* Effect.flip(pool.execute({ url: "http://engine/containers" }))
      expect(error).toBeInstanceOf(PoolError.ConnectFailed)
      expect(error).toMatchObject({ origin: "http://engine", cause: { code: "ENOENT" } })
    }).pipe(Effect.provide(clientLayer(path)))
  }))

/** Accepts connections and says nothing on them. */
const muteServer = (path: string) =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => createServer()),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    )
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve))
    yield* Effect.promise(() => once(server.listen(path), "listening"))
    /** The server reads what has come on its connection only now: first of all the end. */
    return { connectionEnds: Effect.promise(() => accepted.then((socket) => once(socket.resume(), "close"))) }
  })

it.scopedLive("its connections are closed with the pool, and the server sees it", () =>
  Effect.gen(function*() {
    const path = yield* socketPath
    const server = yield* muteServer(path)
    yield* Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      expect(yield* pool.warmUp(["http://engine"])).toMatchObject({ opened: 1 })
    }).pipe(Effect.provide(clientLayer(path)))
    yield* server.connectionEnds
  }))

it.scopedLive("a dial that is interrupted leaves nothing open", () =>
  Effect.gen(function*() {
    const path = yield* socketPath
    const server = yield* muteServer(path)
    const { connect } = yield* Effect.provide(Connector.Connector, connectorLayer(path))
    const dial = yield* Effect.fork(connect({
      origin: Either.getOrThrow(Origin.parse("http://engine")),
      tls: undefined,
      noDelay: true,
      tcpKeepAliveDelay: 1000,
      maxHeaderSize: 16 * 1024
    }))
    yield* Effect.yieldNow()
    expect(yield* Fiber.interrupt(dial)).toSatisfy(Exit.isInterrupted)
    yield* server.connectionEnds
  }))
