import { ConnectionPool } from "@connection-pool/core"
import { HttpServer } from "@effect/platform"
import { RpcClient } from "@effect/rpc"
import { expect, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Array, Chunk, Effect, Stream } from "effect"
import { clientLayer, main, Quotes, ServerLive, UnknownSymbol } from "../src/rpc.js"

it.live("calls and streams share the pool's two connections", () =>
  Effect.gen(function*() {
    const { history, last, opened, requests, unknown } = yield* main
    expect(last).toEqual([12, 3, 8])
    expect(history).toEqual(Array.makeBy(1000, (day) => 13 + day))
    expect(unknown).toBe("nobody trades TAPE")
    expect({ opened, requests }).toEqual({ opened: 2, requests: 5 })
  }))

it.live("a stream fails with the error of its rpc", () =>
  onClient(Effect.gen(function*() {
    const quotes = yield* RpcClient.make(Quotes)
    const error = yield* Effect.flip(Stream.runDrain(quotes.history({ symbol: "TAPE", days: 1 })))
    expect(error).toEqual(new UnknownSymbol({ symbol: "TAPE" }))
  })))

it.live("a stream that is left early leaves no request behind", () =>
  onClient(Effect.gen(function*() {
    const quotes = yield* RpcClient.make(Quotes)
    const days = yield* Stream.runCollect(Stream.take(quotes.history({ symbol: "ROPE", days: 100_000 }), 3))
    expect(Chunk.toReadonlyArray(days)).toEqual([1, 2, 3].map((day) => ({ day, price: 8 + day })))
    const pool = yield* ConnectionPool.ConnectionPool
    expect(yield* pool.stats).toMatchObject({ active: 0, requests: 1, closedBy: { not_reusable: 1 } })
    expect(yield* quotes.last({ symbol: "ROPE" })).toBe(8)
  })))

const onClient = <A, E>(
  effect: Effect.Effect<A, E, RpcClient.Protocol | ConnectionPool.ConnectionPool | Scope.Scope>
) =>
  HttpServer.addressFormattedWith((baseUrl) => Effect.provide(Effect.scoped(effect), clientLayer(baseUrl))).pipe(
    Effect.provide(ServerLive)
  )
