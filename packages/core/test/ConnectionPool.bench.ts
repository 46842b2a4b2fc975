// A request through the whole pool over a network in memory: no socket, no parser.
import { HttpClient } from "@effect/platform"
import { Effect, Layer, ManagedRuntime, Tracer } from "effect"
import { bench, describe } from "vitest"
import { ConnectionPool, PooledHttpClient, TestConnector } from "../src/index.js"
import { url } from "./support/pool.js"

const runtime = ManagedRuntime.make(
  PooledHttpClient.layer.pipe(
    Layer.provideMerge(ConnectionPool.layer({ drainTimeout: 0 })),
    Layer.provideMerge(TestConnector.layer())
  )
)

const { client, pool } = await runtime.runPromise(
  Effect.all({ pool: ConnectionPool.ConnectionPool, client: HttpClient.HttpClient })
)

const native = await runtime.runPromise(Effect.tracer)

const recorder = Tracer.make({
  span: (...args) => native.span(...args),
  context: (f, fiber) => native.context(f, fiber)
})

const headers = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`x-header-${index}`, `value ${index}`]))

const run = (effect: Effect.Effect<unknown, unknown>) => async (): Promise<void> => {
  await Effect.runPromise(effect)
}

describe("a request over a network in memory", () => {
  bench("execute", run(pool.execute({ url })))
  bench("execute with a timeout", run(pool.execute({ url, timeout: 60_000 })))
  bench("execute with 20 headers", run(pool.execute({ url, headers })))
  bench("lease, nothing sent", run(Effect.scoped(pool.lease(url))))
})

const get = Effect.flatMap(client.get(url), (response) => response.text)

describe("through HttpClient", () => {
  bench("without spans", run(Effect.withTracerEnabled(get, false)))
  bench("with a span that nobody records", run(get))
  bench("with a span that is recorded", run(Effect.withTracer(get, recorder)))
})
