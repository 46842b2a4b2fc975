import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer, NodeHttpServerRequest } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { createServer } from "node:http"

const RoutesLive = HttpRouter.Default.use((router) =>
  Effect.gen(function*() {
    const received: Record<string, number> = {}
    const dropTwice = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const name = `${request.method} ${request.url}`
      const count = received[name] = (received[name] ?? 0) + 1
      if (count > 2) return Effect.succeed(HttpServerResponse.empty())
      NodeHttpServerRequest.toIncomingMessage(request).socket.destroy()
      return Effect.never // interrupted with the connection
    })
    yield* router.get("/received", Effect.suspend(() => HttpServerResponse.json(received)))
    yield* router.all("*", dropTwice)
  })
)

/** A server that has received a request, and perhaps done what it says, when it drops the connection: twice for every path. */
export const DroppingLive = HttpRouter.Default.serve().pipe(
  Layer.provide(RoutesLive),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)
