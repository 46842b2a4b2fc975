// Repeating what failed, where that can do no harm: `PoolError.isSafeToRepeat` knows how far a request came and what its method
// promises. A GET is repeated, and so is whatever was never sent; a POST that the server may have executed is not, unless you say
// that it may be.
import { ConnectionPool, PooledHttpClient, PoolError } from "@connection-pool/core"
import type { PoolRequest } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpClient, HttpClientRequest, HttpClientResponse, HttpServer } from "@effect/platform"
import { Console, Effect, Schedule, Schema } from "effect"
import { DroppingLive } from "./support/dropping.js"
import { runMain } from "./support/runMain.js"

const schedule = Schedule.exponential("20 millis").pipe(Schedule.jittered, Schedule.intersect(Schedule.recurs(4)))

/** On the pool itself. */
export const execute = (request: PoolRequest.PoolRequest) =>
  Effect.flatMap(ConnectionPool.ConnectionPool, (pool) => pool.execute(request)).pipe(
    Effect.retry({ schedule, while: (error) => PoolError.isSafeToRepeat(error, request) })
  )

/** On the `HttpClient`, whose options are the fiber's. */
export const retrySafely = (client: HttpClient.HttpClient) =>
  HttpClient.retry(client, { schedule, while: PooledHttpClient.isSafeToRepeat })

const Counts = Schema.Record({ key: Schema.String, value: Schema.Int })

const outcome = <A extends { readonly status: number }, E extends { readonly _tag: string }, R>(
  answer: Effect.Effect<A, E, R>
) => Effect.match(answer, { onFailure: ({ _tag }) => _tag, onSuccess: ({ status }) => status })

/** The server drops the first two requests of every path. */
export const program = (baseUrl: string) =>
  Effect.gen(function*() {
    const client = (yield* HttpClient.HttpClient).pipe(
      HttpClient.mapRequest(HttpClientRequest.prependUrl(baseUrl)),
      retrySafely
    )
    const outcomes = yield* Effect.all({
      "GET /a": outcome(execute({ url: `${baseUrl}/a` })),
      "PUT /b": outcome(execute({ method: "PUT", url: `${baseUrl}/b`, body: "stock: 3" })),
      "POST /c": outcome(execute({ method: "POST", url: `${baseUrl}/c`, body: "pay 10" })),
      // The server knows a payment by its key: the same one twice is one payment.
      "POST /d": outcome(execute({
        method: "POST",
        url: `${baseUrl}/d`,
        headers: { "idempotency-key": "8e03978e" },
        body: "pay 10",
        idempotent: true
      })),
      "DELETE /e": outcome(client.del("/e")),
      "POST /f": outcome(client.post("/f")),
      "POST /g": outcome(PooledHttpClient.withOptions(client.post("/g"), { idempotent: true }))
    })
    const received = yield* Effect.flatMap(client.get("/received"), HttpClientResponse.schemaBodyJson(Counts))
    return { outcomes, received }
  })

export const main = HttpServer.addressFormattedWith(program).pipe(
  Effect.provide(NodeConnectionPool.layerHttpClient()),
  Effect.provide(DroppingLive)
)

runMain(
  import.meta.url,
  Effect.flatMap(main, ({ outcomes, received }) =>
    Console.log(
      Object.entries(outcomes)
        .map(([request, outcome]) => `${request}: ${outcome}, the server received it ${received[request]} times`)
        .join("\n")
    ))
)
