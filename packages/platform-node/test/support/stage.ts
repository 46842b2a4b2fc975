/** The stage of the defence: a pool of one connection, and a server that behaves on all of them but the first. */
import { ConnectionPool, PooledHttpClient, PoolError, type PoolRequest, type PoolResponse } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import type { HttpClientError } from "@effect/platform"
import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Layer, Stream } from "effect"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { httpServer } from "./httpServer.js"

const checked = Layer.succeed(ConnectionPool.CheckLaws, true)

/** The size limits of the stage, for bodies and for what is outside of them. */
export const limit = 1000

/** Runs a story with a pool and a client over it; every law of the machine is checked after every step. */
export const withPool = <A, E, R>(
  options: NodeConnectionPool.NodePoolOptions,
  story: (pool: ConnectionPool.Service, client: HttpClient.HttpClient) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(Effect.all([ConnectionPool.ConnectionPool, HttpClient.HttpClient]), (both) => story(...both)).pipe(
    Effect.provide(
      NodeConnectionPool.layerHttpClient({
        maxConnectionsPerOrigin: 1,
        maxResponseSize: limit,
        maxHeaderSize: limit,
        drainTimeout: 0,
        ...options
      }).pipe(Layer.provide(checked))
    )
  )

const textOf = (bytes: Uint8Array): string =>
  bytes.length > 40 ? `${bytes.length} bytes` : Buffer.from(bytes).toString("latin1")

const answered = (status: number, bytes: Uint8Array): string => `${status} ${textOf(bytes)}`.trim()

/** What went wrong, and how far the request had come. */
const failed = (error: PoolError.PoolError): string => {
  const what = (): string => {
    switch (error._tag) {
      case "ProtocolError":
      case "ConnectionLost":
        return ` ${error.reason}`
      case "ResponseTooLarge":
        return error.declared ? " declared" : " received"
      case "RequestTimeout":
        return ` ${error.option} in ${error.phase}`
      case "InvalidRequest":
        return ` ${error.field}`
      default:
        return ""
    }
  }
  return `${error._tag}${what()}, ${error.progress}`
}

/** The `HttpClient` has the pool's errors as causes. */
const causeOf = (error: HttpClientError.HttpClientError): string => {
  const { _tag, cause, reason } = error
  if (!PoolError.isPoolError(cause)) return `${_tag} ${reason}`
  const expected = cause._tag === "InvalidRequest" ? ["InvalidUrl", "Encode"] : ["Transport", "Decode"]
  return expected.includes(reason) ? failed(cause) : `${_tag} ${reason}: ${failed(cause)}`
}

type Pool = ConnectionPool.Service

const whole = ({ body, status }: PoolResponse.PoolResponse): string => answered(status, body)

const outcome = <R>(effect: Effect.Effect<string, PoolError.PoolError, R>) =>
  Effect.catchAll(effect, (error) => Effect.succeed(failed(error)))

/** A request that every way can send. */
export interface Ask {
  readonly url: string
  readonly method?: string
  readonly headers?: PoolRequest.PoolRequest["headers"]
  readonly body?: PoolRequest.PoolRequest["body"]
}

const clientBody = (body: Exclude<Ask["body"], undefined>): HttpBody.HttpBody => {
  if (typeof body === "string") return HttpBody.text(body)
  return body instanceof Uint8Array ? HttpBody.uint8Array(body) : HttpBody.stream(body)
}

const clientRequest = ({ body, headers = {}, method = "GET", url }: Ask): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method as "POST")(url)
  const whole = body === undefined ? request : HttpClientRequest.setBody(request, clientBody(body))
  return HttpClientRequest.setHeaders(whole, headers as Record<string, string>)
}

/** The ways of asking, and what the caller sees, in words. */
export const ways: Readonly<
  Record<string, (pool: Pool, client: HttpClient.HttpClient, ask: Ask) => Effect.Effect<string>>
> = {
  execute: (pool, _, ask) => outcome(Effect.map(pool.execute(ask), whole)),
  stream: (pool, _, ask) =>
    outcome(Effect.scoped(Effect.gen(function*() {
      const { body, status } = yield* pool.stream({ ...ask, maxResponseSize: limit })
      const pieces = yield* Stream.runCollect(body)
      return answered(status, Buffer.concat(Array.from(pieces)))
    }))),
  "lease.send": (pool, _, ask) =>
    outcome(Effect.scoped(Effect.flatMap(pool.lease(ask.url), (lease) => Effect.map(lease.send(ask), whole)))),
  "HttpClient": (_, client, ask) =>
    Effect.flatMap(
      client.execute(clientRequest(ask)),
      ({ arrayBuffer, status }) => Effect.map(arrayBuffer, (bytes) => answered(status, new Uint8Array(bytes)))
    ).pipe(
      Effect.catchAll((error) => Effect.succeed(causeOf(error)))
    ),
  "HttpClient, as a stream": (_, client, ask) =>
    Effect.flatMap(
      client.execute(clientRequest(ask)),
      ({ status, stream }) =>
        Effect.map(Stream.runCollect(stream), (pieces) => answered(status, Buffer.concat(Array.from(pieces))))
    ).pipe(
      PooledHttpClient.withOptions({ maxResponseSize: limit }),
      Effect.catchAll((error) => Effect.succeed(causeOf(error)))
    )
}

/** Answers what it was asked. */
const behave = ({ socket, url }: IncomingMessage): void => {
  const text = `answer to ${url}`
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
}

/**
 * A server whose first request is the test's to read and to answer. The others are read and answered properly, unless the script
 * has something else for the nth.
 */
export const scriptedServer = (script: (nth: number) => ((socket: Socket) => void) | undefined) =>
  Effect.gen(function*() {
    let arrived: (socket: Socket) => void = () => {}
    const first = new Promise<Socket>((resolve) => {
      arrived = resolve
    })
    const requests: Array<string> = []
    const server = yield* httpServer((request) => {
      const nth = requests.push(`${request.method} ${request.url}`)
      if (nth === 1) return arrived(request.socket)
      request.resume()
      const answer = script(nth)
      if (answer === undefined) behave(request)
      else answer(request.socket)
    })
    return { ...server, first: Effect.promise(() => first), requests }
  })

/** A server that misbehaves as the test does in its place, and is proper from the second request on. */
export const hostileServer = scriptedServer(() => undefined)

/** Lets the loop turn until it is so. */
export const until = (holds: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.repeat(Effect.zipRight(Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))), holds), {
    until: (held) => held
  })

/** Nobody has or wants a connection; so many were opened, and all are closed but the one that is idle. */
export const assertAtRest = (pool: Pool, opened: number) =>
  Effect.map(pool.stats, (stats) => {
    const { active, closed, connecting, idle, waiting } = stats
    deepStrictEqual({ active, closed, connecting, idle, opened: stats.opened, waiting }, {
      active: 0,
      closed: opened - 1,
      connecting: 0,
      idle: 1,
      opened,
      waiting: 0
    })
  })
