import { ConnectionPool, TestConnector } from "@connection-pool/core"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { JsonRpc, main } from "../src/jsonRpc.js"

const url = "http://ledger.test/"

const onNetwork = (script: TestConnector.TestScript) =>
  JsonRpc.Default(url).pipe(
    Layer.provide(ConnectionPool.layer()),
    Layer.provideMerge(TestConnector.layer(script))
  )

const balance = (account: string) => Effect.flatMap(JsonRpc, (rpc) => rpc.call("balance", { account }, Schema.Number))

it.live("five calls are one request, and each finds its own answer", () =>
  Effect.gen(function*() {
    expect(yield* main).toEqual({
      balances: [
        { account: "alice", balance: 120 },
        { account: "bob", balance: 35 },
        { account: "carol", balance: 0 },
        { account: "dave", balance: "no such account (-32001)" },
        { account: "eve", balance: 7 }
      ],
      requests: 1
    })
  }))

it.effect("a batch says what JSON-RPC 2.0 asks for, a hundred calls at most", () =>
  Effect.gen(function*() {
    yield* Effect.forEach(Array.from({ length: 101 }, (_, i) => `${i}`), balance, {
      batching: true,
      concurrency: "unbounded"
    })
    const { requests } = yield* TestConnector.TestConnector
    const batches = (yield* requests).map(({ body }) => JSON.parse(body))
    expect(batches.map(({ length }) => length)).toEqual([100, 1])
    expect(batches[0][99]).toEqual({ jsonrpc: "2.0", id: 99, method: "balance", params: { account: "99" } })
  }).pipe(Effect.provide(onNetwork({
    respond: ({ body }) => ({
      body: JSON.stringify(JSON.parse(body).map(({ id }: { readonly id: number }) => ({ id, result: id })))
    })
  }))))

const failures: ReadonlyArray<readonly [title: string, script: TestConnector.TestScript, expected: object]> = [
  [
    "an error object of the call",
    { respond: () => ({ body: `[{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"closed","data":[1]}}]` }) },
    { _tag: "JsonRpcError", code: -32000, message: "closed", data: [1] }
  ],
  [
    "an error object of the whole batch",
    { respond: () => ({ body: `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches"}}` }) },
    { _tag: "JsonRpcError", code: -32600, message: "no batches" }
  ],
  [
    "an answer for somebody else",
    { respond: () => ({ body: `[{"jsonrpc":"2.0","id":1,"result":3}]` }) },
    { _tag: "InvalidAnswer", message: "the server left this call out" }
  ],
  [
    "a result of another type",
    { respond: () => ({ body: `[{"jsonrpc":"2.0","id":0,"result":"3"}]` }) },
    { _tag: "InvalidAnswer", message: expect.stringContaining("Expected number") }
  ],
  ["another status", { respond: () => ({ status: 502 }) }, { _tag: "InvalidAnswer", message: "the status is 502" }],
  ["no JSON", { respond: () => ({ body: "<html>" }) }, { _tag: "ProtocolError", reason: "InvalidJson" }],
  ["no connection", { connect: () => ({ fail: "Refused" }) }, { _tag: "ConnectFailed", progress: "not-sent" }],
  [
    "a connection that breaks",
    { respond: () => ({ breaks: { how: "reset" } }) },
    { _tag: "ConnectionLost", progress: "maybe-sent" }
  ]
]

for (const [title, script, expected] of failures) {
  it.effect(`the error of a call: ${title}`, () =>
    Effect.gen(function*() {
      expect(yield* Effect.flip(balance("alice"))).toEqual(expect.objectContaining(expected))
    }).pipe(Effect.provide(onNetwork(script))))
}
