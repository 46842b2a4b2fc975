// Effect programs: over the pool itself, and with the platform's HttpClient over the pool and over what the platform has.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Tracer from "effect/Tracer"
import { Agent } from "undici"
import { BrokenRun } from "../brokenRun.js"
import type { Open, Setup } from "../contender.js"
import { effects } from "../drivers.js"
import { check } from "../workloads.js"

/** What a program does about spans: its own choice. */
type Tracing = (callers: Effect.Effect<void, unknown>) => Effect.Effect<void, unknown>

const untraced: Tracing = Effect.withTracerEnabled(false)

/** With Effect's own tracer, which keeps nothing. */
const traced: Tracing = Effect.withTracerEnabled(true)

const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** With a tracer of the program's, whose spans are those of Effect's own. */
const recorded: Tracing = Effect.withTracer(
  Tracer.make({ span: (...args) => nativeTracer.span(...args), context: (f, fiber) => nativeTracer.context(f, fiber) })
)

/** A contender whose layer is built once, and whose calls are made with the services that it gives. */
const over = <R, E>(
  layer: (connections: number) => Layer.Layer<R, E>,
  call: (setup: Setup) => Effect.Effect<Effect.Effect<void, unknown>, never, R>,
  tracing: Tracing
): Open =>
async (setup) => {
  const runtime = ManagedRuntime.make(layer(setup.connections))
  return { play: effects(await runtime.runPromise(call(setup)), tracing), close: () => runtime.dispose() }
}

const checkStatus = (status: number): void => {
  if (status !== 200) throw new BrokenRun(`status ${status}`)
}

const execute = ({ origin, workload }: Setup) =>
  Effect.map(ConnectionPool.ConnectionPool, (pool) => {
    const { body, headers, method, path, reads } = workload
    const url = `${origin}${path}`
    return Effect.suspend(() => pool.execute({ url, method, headers, body })).pipe(
      Effect.flatMap((response) => {
        checkStatus(response.status)
        if (reads === "json") return response.json
        return Effect.succeed(reads === "text" ? response.text : response.body)
      }),
      Effect.map((value) => check(workload, value))
    )
  })

const httpClient = ({ origin, workload }: Setup) =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const { body, headers, method, path, reads } = workload
    const url = `${origin}${path}`
    // The body says the type. The request is made anew for each call, as it is where every call has a body of its own.
    const { "content-type": type, ...others } = headers
    const request = () =>
      HttpClientRequest.make(method)(
        url,
        body === undefined ? { headers: others } : { headers: others, body: HttpBody.text(body, type) }
      )
    return Effect.suspend(() => client.execute(request())).pipe(
      Effect.flatMap((response) => {
        checkStatus(response.status)
        if (reads === "bytes") return Effect.map(response.arrayBuffer, (buffer) => new Uint8Array(buffer))
        return reads === "json" ? response.json : response.text
      }),
      Effect.map((value) => check(workload, value))
    )
  })

const pool = (connections: number) => NodeConnectionPool.layer({ maxConnectionsPerOrigin: connections })

const poolClient = (connections: number) => NodeConnectionPool.layerHttpClient({ maxConnectionsPerOrigin: connections })

const platformHttp = (connections: number) =>
  Layer.provide(
    NodeHttpClient.layerWithoutAgent,
    NodeHttpClient.makeAgentLayer({ keepAlive: true, maxSockets: connections })
  )

const platformUndici = (connections: number) =>
  Layer.provide(
    NodeHttpClient.layerUndiciWithoutDispatcher,
    Layer.scoped(
      NodeHttpClient.Dispatcher,
      Effect.acquireRelease(
        Effect.sync(() => new Agent({ connections })),
        (agent) => Effect.promise(() => agent.destroy())
      )
    )
  )

export const layer = over(platformHttp, httpClient, traced)

export const layerUndici = over(platformUndici, httpClient, traced)

export const layerUndiciRecorded = over(platformUndici, httpClient, recorded)

export const poolExecute = over(pool, execute, traced)

export const poolHttpClient = over(poolClient, httpClient, untraced)

export const poolHttpClientSpans = over(poolClient, httpClient, traced)

export const poolHttpClientRecorded = over(poolClient, httpClient, recorded)
