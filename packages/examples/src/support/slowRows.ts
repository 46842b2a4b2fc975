import { HttpRouter, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { createServer } from "node:http"

const RoutesLive = HttpRouter.Default.use((router) =>
  Effect.gen(function*() {
    const twoRowsAsked = yield* Effect.makeLatch()
    const pageAsked = yield* Effect.makeLatch()
    let rowsAsked = 0
    const row = Effect.suspend(() => {
      rowsAsked++
      return rowsAsked === 2 ? twoRowsAsked.open : Effect.void
    })
    yield* router.get("/rows/:row", Effect.as(Effect.zipRight(row, pageAsked.await), HttpServerResponse.text("a row")))
    yield* router.get(
      "/page",
      twoRowsAsked.await.pipe(Effect.zipRight(pageAsked.open), Effect.as(HttpServerResponse.text("welcome")))
    )
  })
)

/**
 * A server whose rows are so slow that none is answered before the page is asked for. It answers the page when two requests for
 * rows are waiting, to be sure that the page did not come before them.
 */
export const SlowRowsLive = HttpRouter.Default.serve().pipe(
  Layer.provide(RoutesLive),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)
