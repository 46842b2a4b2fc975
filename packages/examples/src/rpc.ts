// @effect/rpc over HTTP on a pool: a call with a typed error, and one that answers with a stream. Each call is one POST, the
// stream is its body as it comes; a caller that has seen enough of it ends the request.
import { ConnectionPool } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpRouter, HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Rpc, RpcClient, RpcGroup, RpcSerialization, RpcServer } from "@effect/rpc"
import { Chunk, Console, Effect, Layer, Schema, Stream } from "effect"
import { createServer } from "node:http"
import { runMain } from "./support/runMain.js"

export class UnknownSymbol extends Schema.TaggedError<UnknownSymbol>()("UnknownSymbol", { symbol: Schema.String }) {}

export class Quotes extends RpcGroup.make(
  Rpc.make("last", { payload: { symbol: Schema.String }, success: Schema.Number, error: UnknownSymbol }),
  Rpc.make("history", {
    payload: { symbol: Schema.String, days: Schema.Int },
    success: Schema.Struct({ day: Schema.Int, price: Schema.Number }),
    error: UnknownSymbol,
    stream: true
  })
) {}

const prices: Readonly<Record<string, number>> = { GLUE: 12, NAIL: 3, ROPE: 8 }

const priceOf = (symbol: string) => {
  const price = prices[symbol]
  return price === undefined ? new UnknownSymbol({ symbol }) : Effect.succeed(price)
}

const QuotesLive = Quotes.toLayer({
  last: ({ symbol }) => priceOf(symbol),
  history: ({ days, symbol }) =>
    Stream.unwrap(
      Effect.map(priceOf(symbol), (price) => Stream.map(Stream.range(1, days), (day) => ({ day, price: price + day })))
    )
})

export const ServerLive = HttpRouter.Default.serve().pipe(
  Layer.provide(RpcServer.layer(Quotes)),
  Layer.provide(QuotesLive),
  Layer.provide(RpcServer.layerProtocolHttp({ path: "/rpc" })),
  Layer.provide(RpcSerialization.layerNdjson),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

/** How the client's calls travel: newline-delimited JSON, over HTTP, on a pool. */
export const clientLayer = (baseUrl: string) =>
  RpcClient.layerProtocolHttp({ url: `${baseUrl}/rpc` }).pipe(
    Layer.provide(RpcSerialization.layerNdjson),
    Layer.provideMerge(NodeConnectionPool.layerHttpClient({ maxConnectionsPerOrigin: 2 }))
  )

export const program = Effect.gen(function*() {
  const quotes = yield* RpcClient.make(Quotes)
  const last = yield* Effect.forEach(Object.keys(prices), (symbol) => quotes.last({ symbol }), {
    concurrency: "unbounded"
  })
  const history = yield* quotes.history({ symbol: "GLUE", days: 1000 }).pipe(
    Stream.map(({ price }) => price),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray)
  )
  const unknown = yield* quotes.last({ symbol: "TAPE" }).pipe(
    Effect.as("known"),
    Effect.catchTag("UnknownSymbol", ({ symbol }) => Effect.succeed(`nobody trades ${symbol}`))
  )
  const pool = yield* ConnectionPool.ConnectionPool
  const { opened, requests } = yield* pool.stats
  return { last, history, unknown, opened, requests }
}).pipe(Effect.scoped)

export const main = HttpServer.addressFormattedWith((baseUrl) => Effect.provide(program, clientLayer(baseUrl))).pipe(
  Effect.provide(ServerLive)
)

runMain(
  import.meta.url,
  Effect.flatMap(main, ({ history, last, opened, requests, unknown }) =>
    Console.log([
      `last prices: ${last.join(", ")}`,
      `a history of ${history.length} days, up to ${history.at(-1)}`,
      unknown,
      `${requests} requests, ${opened} connections`
    ].join("\n")))
)
