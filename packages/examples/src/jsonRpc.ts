// A JSON-RPC 2.0 client: calls that are made at the same time travel as one batch, in one request on a pooled connection;
// answers find their calls by id, in whatever order they come. An error object becomes a `JsonRpcError`; the pool's own errors
// stay what they are, so that a caller can tell "the server said no" from "the queue is full".
import { ConnectionPool } from "@connection-pool/core"
import type { PoolError } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpServer } from "@effect/platform"
import { Array, Console, Data, Effect, Exit, Request, RequestResolver, Schema } from "effect"
import { LedgerLive } from "./support/ledger.js"
import { runMain } from "./support/runMain.js"

/** The server's own word: the error object of a call, or of the whole batch. */
export class JsonRpcError extends Data.TaggedError("JsonRpcError")<{
  readonly code: number
  readonly message: string
  readonly data?: unknown
}> {}

/** What came is no answer to the call. */
export class InvalidAnswer extends Data.TaggedError("InvalidAnswer")<{ readonly message: string }> {}

export type CallError = JsonRpcError | InvalidAnswer | PoolError.PoolError

class Call extends Request.Class<unknown, CallError, { readonly method: string; readonly params: unknown }> {}

const Failure = Schema.Struct({
  id: Schema.NullOr(Schema.Int),
  error: Schema.Struct({
    code: Schema.Int,
    message: Schema.String,
    data: Schema.optionalWith(Schema.Unknown, { exact: true })
  })
})
const Answer = Schema.Union(Failure, Schema.Struct({ id: Schema.Int, result: Schema.Unknown }))
// A server that understands nothing of a batch answers with one failure for all of it.
const decodeAnswers = Schema.decodeUnknown(Schema.Union(Schema.Array(Answer), Failure))

const exitOf = (answer: typeof Answer.Type): Exit.Exit<unknown, JsonRpcError> =>
  "error" in answer ? Exit.fail(new JsonRpcError(answer.error)) : Exit.succeed(answer.result)

const notAnswered = Exit.fail(new InvalidAnswer({ message: "the server left this call out" }))

export class JsonRpc extends Effect.Service<JsonRpc>()("examples/JsonRpc", {
  effect: Effect.fnUntraced(function*(url: string) {
    const pool = yield* ConnectionPool.ConnectionPool

    const send = Effect.fnUntraced(function*(calls: ReadonlyArray<Call>) {
      const response = yield* pool.execute({
        method: "POST",
        url,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params })))
      })
      if (response.status !== 200) return yield* new InvalidAnswer({ message: `the status is ${response.status}` })
      const answers = yield* Effect.flatMap(response.json, decodeAnswers)
      if ("error" in answers) return yield* new JsonRpcError(answers.error)
      const byId = new Map(answers.map((answer) => [answer.id, exitOf(answer)]))
      return calls.map((_, id) => byId.get(id) ?? notAnswered)
    }, Effect.catchTag("ParseError", ({ message }) => new InvalidAnswer({ message })))

    const resolver = RequestResolver.makeBatched((calls: Array.NonEmptyArray<Call>) =>
      Effect.matchCauseEffect(send(calls), {
        onFailure: (cause) => Effect.forEach(calls, Request.failCause(cause), { discard: true }),
        onSuccess: (exits) =>
          Effect.forEach(Array.zip(calls, exits), ([call, exit]) => Request.complete(call, exit), { discard: true })
      })
    ).pipe(RequestResolver.batchN(100))

    /** A call whose result has to be what the schema says. */
    const call = <A, I>(method: string, params: unknown, result: Schema.Schema<A, I>) =>
      Effect.request(new Call({ method, params }), resolver).pipe(
        Effect.flatMap(Schema.decodeUnknown(result)),
        Effect.catchTag("ParseError", ({ message }) => new InvalidAnswer({ message }))
      )

    return { call }
  })
}) {}

const accounts = ["alice", "bob", "carol", "dave", "eve"]

export const program = Effect.gen(function*() {
  const rpc = yield* JsonRpc
  // `batching` is what makes one request of them; without it these are five requests.
  const balances = yield* Effect.forEach(
    accounts,
    (account) =>
      rpc.call("balance", { account }, Schema.Number).pipe(
        Effect.catchTag("JsonRpcError", ({ code, message }) => Effect.succeed(`${message} (${code})`)),
        Effect.map((balance) => ({ account, balance }))
      ),
    { batching: true, concurrency: "unbounded" }
  )
  const pool = yield* ConnectionPool.ConnectionPool
  const { requests } = yield* pool.stats
  return { balances, requests }
})

export const main = HttpServer.addressFormattedWith((url) => program.pipe(Effect.provide(JsonRpc.Default(url)))).pipe(
  Effect.provide(NodeConnectionPool.layer({ requestTimeout: "5 seconds" })),
  Effect.provide(LedgerLive)
)

runMain(
  import.meta.url,
  Effect.flatMap(main, ({ balances, requests }) =>
    Console.log([
      ...balances.map(({ account, balance }) => `${account}: ${balance}`),
      `${balances.length} calls, ${requests} HTTP request`
    ].join("\n")))
)
