import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Array, Effect, Layer, Schema } from "effect"
import { createServer } from "node:http"

const Calls = Schema.Array(Schema.Struct({ id: Schema.Int, params: Schema.Struct({ account: Schema.String }) }))

const balances: Readonly<Record<string, number>> = { alice: 120, bob: 35, carol: 0, eve: 7 }

const answer = ({ id, params: { account } }: typeof Calls.Type[number]) => {
  const balance = balances[account]
  return balance === undefined
    ? { jsonrpc: "2.0", id, error: { code: -32001, message: "no such account" } }
    : { jsonrpc: "2.0", id, result: balance }
}

const app = HttpRouter.empty.pipe(
  HttpRouter.post(
    "/",
    Effect.flatMap(
      HttpServerRequest.schemaBodyJson(Calls),
      // The last call is answered first: JSON-RPC promises no order.
      (calls) => HttpServerResponse.json(Array.reverse(calls.map(answer)))
    )
  )
)

/** A JSON-RPC server with one method, `balance`. */
export const LedgerLive = HttpServer.serve(app).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)
