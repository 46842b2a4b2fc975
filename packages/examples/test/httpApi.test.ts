import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpApiClient, HttpServer } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Api, main, ServerLive, TaskNotFound } from "../src/httpApi.js"

it.live("the derived client's calls share the pool's two connections", () =>
  Effect.gen(function*() {
    const { created, found, missing, opened, requests } = yield* main
    expect(created.map(({ title }) => title)).toEqual([
      "read the README",
      "open a pool",
      "count its connections",
      "close it"
    ])
    expect(found).toEqual(created)
    expect(new Set(found.map(({ id }) => id)).size).toBe(4)
    expect(missing).toBe("there is no task 404")
    expect({ opened, requests }).toEqual({ opened: 2, requests: 9 })
  }))

it.live("an error of the API arrives as its class", () =>
  Effect.gen(function*() {
    const baseUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
    const { tasks } = yield* HttpApiClient.make(Api, { baseUrl })
    const error = yield* Effect.flip(tasks.byId({ path: { id: 7 } }))
    expect(error).toEqual(new TaskNotFound({ id: 7 }))
  }).pipe(Effect.provide(NodeConnectionPool.layerHttpClient()), Effect.provide(ServerLive)))
