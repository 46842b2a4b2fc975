// Effect programs: over the pool itself, and with the platform's HttpClient over the pool and over what the platform has.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { PoolResponse } from "@connection-pool/core/PoolResponse"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { Agent } from "undici"
import { BrokenRun } from "../brokenRun.js"
import type { Open, Setup } from "../contender.js"
import { urlsOf } from "../contender.js"
import { callbacks, effects } from "../drivers.js"
import type { Workload } from "../workload.js"
import { check, checkStatus, giveUpAfter, neverPath, uploadPieces } from "../workload.js"

type Done = (error?: unknown) => void

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
  layer: (setup: Setup) => Layer.Layer<R, E>,
  calls: (setup: Setup) => Effect.Effect<Calls, never, R>,
  tracing: Tracing
): Open =>
async (setup) => {
  const runtime = ManagedRuntime.make(layer(setup))
  const { call, giveUp } = await runtime.runPromise(calls(setup))
  return { play: effects(setup.workload, call, giveUp, tracing), close: () => runtime.dispose() }
}

interface Calls {
  readonly call: Effect.Effect<void, unknown>
  readonly giveUp: Effect.Effect<void, unknown>
}

/** Gives up in the way of those who write Effects. */
const givenUp = (call: Effect.Effect<unknown, unknown>): Effect.Effect<void, unknown> =>
  Effect.flatMap(
    Effect.timeoutOption(call, giveUpAfter),
    (answer) =>
      Option.isNone(answer) ? Effect.void : Effect.fail(new BrokenRun("a call was answered that is never answered"))
  )

/** A piece at a time, as they come from a file or a socket. */
const uploadOf = (workload: Workload): Stream.Stream<Uint8Array> =>
  Stream.suspend(() => Stream.fromIteratorSucceed(uploadPieces(workload), 1))

const countBytes = <E>(body: Stream.Stream<Uint8Array, E>): Effect.Effect<number, E> =>
  Stream.runFold(body, 0, (bytes, piece) => bytes + piece.length)

const execute = (setup: Setup) =>
  Effect.map(ConnectionPool.ConnectionPool, (pool): Calls => {
    const { workload } = setup
    const { method, reads, upload } = workload
    const headers = upload === 0 ? workload.headers : { ...workload.headers, "content-length": String(upload) }
    const url = urlsOf(setup)
    const never = urlsOf(setup, neverPath)
    const request = (url: string) => ({
      url,
      method,
      headers,
      body: upload === 0 ? workload.body : uploadOf(workload)
    })
    const streamed = Effect.suspend(() => pool.stream(request(url()))).pipe(
      Effect.flatMap((response) => {
        checkStatus(response.status)
        return countBytes(response.body)
      }),
      Effect.scoped
    )
    const whole = Effect.suspend(() => pool.execute(request(url()))).pipe(
      Effect.flatMap((response) => {
        checkStatus(response.status)
        if (reads === "json") return response.json
        return Effect.succeed(reads === "text" ? response.text : response.body)
      })
    )
    return {
      call: Effect.map(reads === "stream" ? streamed : whole, (value) => check(workload, value)),
      giveUp: givenUp(Effect.suspend(() => pool.execute(request(never()))))
    }
  })

/** The pool without Effect's runtime: each answer is told to a function. */
export const poolUnsafeExecute: Open = async (setup) => {
  const { workload } = setup
  const { body, headers, method, reads } = workload
  const runtime = ManagedRuntime.make(pool(setup))
  const service = await runtime.runPromise(ConnectionPool.ConnectionPool)
  const url = urlsOf(setup)
  const never = urlsOf(setup, neverPath)
  const take = ({ body, status, text }: PoolResponse): void => {
    checkStatus(status)
    if (reads === "bytes") check(workload, body)
    else check(workload, reads === "json" ? JSON.parse(text) : text)
  }
  const call = (done: Done): void => {
    service.unsafeExecute({ url: url(), method, headers, body }, (exit) => {
      if (Exit.isFailure(exit)) return done(Cause.squash(exit.cause))
      try {
        take(exit.value)
      } catch (error) {
        return done(error)
      }
      done()
    })
  }
  const giveUp = (done: Done): void => {
    const stop = service.unsafeExecute(
      { url: never(), method, headers, body },
      () => done(new BrokenRun("a call was answered that is never answered"))
    )
    setTimeout(() => {
      stop()
      done()
    }, giveUpAfter)
  }
  return { play: callbacks(workload, call, giveUp), close: () => runtime.dispose() }
}

const httpClient = (setup: Setup) =>
  Effect.map(HttpClient.HttpClient, (client): Calls => {
    const { workload } = setup
    const { headers, method, reads, upload } = workload
    const url = urlsOf(setup)
    const never = urlsOf(setup, neverPath)
    // The body says the type. The request is made anew for each call, as it is where every call has a body of its own.
    const { "content-type": type, ...others } = headers
    const body = (): HttpBody.HttpBody => {
      if (upload > 0) return HttpBody.stream(uploadOf(workload), type, upload)
      return workload.body === undefined ? HttpBody.empty : HttpBody.text(workload.body, type)
    }
    const request = (url: string) => HttpClientRequest.make(method)(url, { headers: others, body: body() })
    return {
      call: Effect.suspend(() => client.execute(request(url()))).pipe(
        Effect.flatMap((response): Effect.Effect<unknown, unknown> => {
          checkStatus(response.status)
          if (reads === "stream") return countBytes(response.stream)
          if (reads === "bytes") return Effect.map(response.arrayBuffer, (buffer) => new Uint8Array(buffer))
          return reads === "json" ? response.json : response.text
        }),
        Effect.map((value) => check(workload, value))
      ),
      giveUp: givenUp(Effect.suspend(() => client.execute(request(never()))))
    }
  })

/** The limit of all connections is out of the way: each origin has its own. */
const poolOptions = ({ ca, connections, idleFor, origins }: Setup) => ({
  maxConnectionsPerOrigin: connections,
  maxConnections: Math.max(1_024, connections, origins.length),
  // As many may wait for their first connection.
  maxWaiting: Math.max(10_000, connections),
  ...(idleFor !== undefined && { idleTimeout: idleFor }),
  ...(ca !== undefined && { tls: { ca } })
})

const pool = (setup: Setup) => NodeConnectionPool.layer(poolOptions(setup))

const poolClient = (setup: Setup) => NodeConnectionPool.layerHttpClient(poolOptions(setup))

const platformHttp = ({ ca, connections }: Setup) =>
  Layer.provide(
    NodeHttpClient.layerWithoutAgent,
    NodeHttpClient.makeAgentLayer({ keepAlive: true, maxSockets: connections, ...(ca === undefined ? {} : { ca }) })
  )

const platformUndici = ({ ca, connections }: Setup) =>
  Layer.provide(
    NodeHttpClient.layerUndiciWithoutDispatcher,
    Layer.scoped(
      NodeHttpClient.Dispatcher,
      Effect.acquireRelease(
        Effect.sync(() => new Agent(ca === undefined ? { connections } : { connections, connect: { ca } })),
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
