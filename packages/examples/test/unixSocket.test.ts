import { ConnectionPool, PoolError } from "@connection-pool/core"
import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { once } from "node:events"
import type { Socket } from "node:net"
import { createServer } from "node:net"
import { clientLayer, main } from "../src/unixSocket.js"

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

it.scopedLive("its connections are closed with the pool, and the server sees it", () =>
  Effect.gen(function*() {
    const path = yield* socketPath
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => createServer()),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    )
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve))
    yield* Effect.promise(() => once(server.listen(path), "listening"))
    yield* Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      expect(yield* pool.warmUp(["http://engine"])).toMatchObject({ opened: 1 })
    }).pipe(Effect.provide(clientLayer(path)))
    const socket = yield* Effect.promise(() => accepted)
    // What has come so far is read only now: first of all the end.
    yield* Effect.promise(() => once(socket.resume(), "close"))
  }))
