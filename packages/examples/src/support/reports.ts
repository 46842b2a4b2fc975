import { HttpRouter, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Ref } from "effect"
import { createServer } from "node:http"

const answer = (time: number) => {
  if (time === 1) return HttpServerResponse.empty({ status: 503 })
  return HttpServerResponse.unsafeJson(time < 4 ? { state: "running" } : { state: "done", text: "all is well" })
}

const RoutesLive = HttpRouter.Default.use((router) =>
  Effect.flatMap(
    Ref.make(0),
    (asked) => router.get("/reports/:id", Effect.map(Ref.updateAndGet(asked, (times) => times + 1), answer))
  )
)

/** A server that is too busy at first, then makes a report, and has it done when it is asked for the fourth time. */
export const ReportsLive = HttpRouter.Default.serve().pipe(
  Layer.provide(RoutesLive),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)
