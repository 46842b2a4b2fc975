// A connector of one's own: HTTP over a Unix socket, as the Docker engine speaks it. A `Connector` only opens connections;
// `NodeConnector.fromSocket` makes one of any open socket, and the pool does the rest.
import { ConnectionPool, Connector, PooledHttpClient, PoolError } from "@connection-pool/core"
import { NodeConnector } from "@connection-pool/platform-node"
import {
  FileSystem,
  HttpClient,
  HttpClientResponse,
  HttpRouter,
  HttpServer,
  HttpServerResponse,
  Path
} from "@effect/platform"
import { NodeContext, NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { createServer } from "node:http"
import { connect } from "node:net"
import { runMain } from "./support/runMain.js"

/** Whatever the URL's host and port are, the other end is the socket at this path. */
export const connectorLayer = (path: string) =>
  Layer.succeed(Connector.Connector, {
    connect: ({ maxHeaderSize, origin }) =>
      Effect.async((resume) => {
        const socket = connect({ path })
        const onError = (cause: Error) =>
          resume(
            new PoolError.ConnectFailed({ origin: origin.href, progress: "not-sent", reason: "Refused", cause })
          )
        socket.once("error", onError)
        socket.once("connect", () => {
          socket.off("error", onError)
          resume(Effect.succeed(NodeConnector.fromSocket(socket, { maxHeaderSize })))
        })
        // When nobody needs the connection any more, be it open or not.
        return Effect.sync(() => socket.destroy())
      })
  })

export const clientLayer = (path: string) =>
  PooledHttpClient.layer.pipe(
    Layer.provideMerge(ConnectionPool.layer({ maxConnectionsPerOrigin: 2 })),
    Layer.provide(connectorLayer(path))
  )

const Container = Schema.Struct({ name: Schema.String, state: Schema.Literal("running", "exited") })

/** The host is a name for logs and metrics here; nobody looks it up. */
const containers = HttpClient.get("http://engine/containers").pipe(
  Effect.flatMap(HttpClientResponse.schemaBodyJson(Schema.Array(Container)))
)

export const program = Effect.gen(function*() {
  const lists = yield* Effect.replicateEffect(containers, 10, { concurrency: "unbounded" })
  const pool = yield* ConnectionPool.ConnectionPool
  const { opened, requests } = yield* pool.stats
  return { lists, opened, requests }
})

const serverLayer = (path: string) =>
  HttpRouter.empty.pipe(
    HttpRouter.get(
      "/containers",
      HttpServerResponse.json([{ name: "web", state: "running" }, { name: "migration", state: "exited" }])
    ),
    HttpServer.serve(),
    Layer.provide(NodeHttpServer.layer(createServer, { path }))
  )

export const main = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const socketPath = path.join(yield* fs.makeTempDirectoryScoped({ prefix: "engine-" }), "engine.sock")
  return yield* program.pipe(Effect.provide(clientLayer(socketPath)), Effect.provide(serverLayer(socketPath)))
}).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

runMain(
  import.meta.url,
  Effect.flatMap(main, ({ lists, opened, requests }) =>
    Console.log([
      ...lists.slice(0, 1).flat().map(({ name, state }) => `${name}: ${state}`),
      `${requests} requests, ${opened} connections`
    ].join("\n")))
)
