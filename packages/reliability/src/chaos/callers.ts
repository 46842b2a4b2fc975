// One call, as a caller makes it: asks, reads or does not, gives up or does not, and looks whether the answer is its own.
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as PooledHttpClient from "@connection-pool/core/PooledHttpClient"
import * as PoolError from "@connection-pool/core/PoolError"
import type { PoolRequest } from "@connection-pool/core/PoolRequest"
import type { Exchange, PoolStreamResponse } from "@connection-pool/core/PoolResponse"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { belongsTo, bodyOf, cut, joined } from "../simulation/bodies.js"
import type { Ledger } from "./ledger.js"
import { describe } from "./ledger.js"
import { header, nameOf } from "./messages.js"
import type { Call } from "./plan.js"

export interface Pool {
  readonly service: ConnectionPool.Service
  readonly client: HttpClient.HttpClient
}

/** What a caller got. */
interface Got {
  readonly status: number
  readonly id: string | undefined
  readonly body: Uint8Array
  /** The body was read to its end. */
  readonly whole: boolean
  /** Undefined: nobody says. */
  readonly attempts: number | undefined
}

/** Of a body that is streamed, and of a rest while it is read. */
const pieceSize = 16 * 1024
const rest = Effect.sleep("3 millis")

/** Of an answer; no right one is as large. */
const maxResponseSize = 4 * 1024 * 1024

const uploadOf = (call: Call, body: Uint8Array): PoolRequest["body"] => {
  const pieces = Stream.fromIterable(cut(body, pieceSize))
  switch (call.upload) {
    case "none":
      return undefined
    case "text":
      return Buffer.from(body).toString("latin1")
    case "bytes":
      return body
    case "stream":
    case "declared":
      return Stream.tap(pieces, () => Effect.yieldNow())
    case "fails":
      return Stream.concat(pieces, Stream.fail("the source has failed"))
  }
}

const requestOf = (id: number, call: Call): PoolRequest => ({
  url: `${call.target.origin}/${id}`,
  method: call.method,
  headers: {
    [header.id]: String(id),
    [header.fault]: call.fault.name,
    [header.size]: String(call.size),
    [header.upload]: String(call.uploadSize),
    ...(call.upload === "declared" ? { "content-length": String(call.uploadSize) } : {})
  },
  body: uploadOf(call, bodyOf(nameOf(id), call.uploadSize)),
  idempotent: call.idempotent,
  timeout: call.timeout,
  maxResponseSize
})

const nothing = new Uint8Array()

// --- reading --------------------------------------------------------------------------------------------------------------------

const readStream = <E>({ reading }: Call, body: Stream.Stream<Uint8Array, E>): Effect.Effect<Uint8Array, E> => {
  if (reading === "nothing") return Effect.as(rest, nothing)
  const some = reading === "some" ? Stream.take(body, 1) : reading === "slowly" ? Stream.tap(body, () => rest) : body
  return Effect.map(Stream.runCollect(some), (pieces) => joined(Chunk.toReadonlyArray(pieces)))
}

const isWhole = ({ reading }: Call): boolean => reading === "all" || reading === "slowly"

const gotFrom = (answer: PoolStreamResponse, body: Uint8Array, whole: boolean): Got => ({
  status: answer.status,
  id: answer.headers[header.id],
  body,
  whole,
  attempts: answer.attempts
})

const execute = ({ service }: Pool, request: PoolRequest): Effect.Effect<Got, PoolError.PoolError> =>
  Effect.map(service.execute(request), ({ attempts, body, headers, status }) => ({
    status,
    id: headers[header.id],
    body,
    whole: true,
    attempts
  }))

const stream = ({ service }: Pool, request: PoolRequest, call: Call): Effect.Effect<Got, PoolError.PoolError> =>
  Effect.scoped(
    Effect.flatMap(
      service.stream(request),
      (answer) => Effect.map(readStream(call, answer.body), (body) => gotFrom(answer, body, isWhole(call)))
    )
  )

const open = ({ service }: Pool, request: PoolRequest, call: Call): Effect.Effect<Got, PoolError.PoolError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(service.open({ ...request, restore }), (exchange: Exchange) => {
      // Dropped without a word: the pool has to find it (C4).
      if (call.reading === "nothing") return Effect.succeed(gotFrom(exchange, nothing, false))
      const bytes = call.reading === "all" ? exchange.bytes : readStream(call, exchange.body)
      return Effect.map(restore(bytes), (body) => gotFrom(exchange, body, isWhole(call))).pipe(
        Effect.ensuring(Effect.sync(exchange.abort))
      )
    })
  )

const readResponse = (call: Call, response: HttpClientResponse) => {
  switch (call.reading) {
    case "nothing":
      return Effect.succeed(nothing)
    case "all":
      return Effect.map(response.arrayBuffer, (buffer) => new Uint8Array(buffer))
    default:
      return readStream(call, response.stream)
  }
}

const client = (pool: Pool, request: PoolRequest, call: Call): Effect.Effect<Got, PoolError.PoolError> => {
  const { body, headers, idempotent, maxResponseSize, method, timeout, url } = request
  const bare = HttpClientRequest.make(method as "GET")(String(url), { headers: headers as Record<string, string> })
  const whole = typeof body === "string"
    ? HttpClientRequest.bodyText(bare, body, "text/plain")
    : body instanceof Uint8Array
    ? HttpClientRequest.bodyUint8Array(bare, body)
    : body === undefined
    ? bare
    : HttpClientRequest.bodyStream(bare, body)
  return Effect.gen(function*() {
    const response = yield* pool.client.execute(whole)
    const read = yield* readResponse(call, response)
    const { headers, status } = response
    return { status, id: headers[header.id], body: read, whole: isWhole(call), attempts: undefined }
  }).pipe(
    PooledHttpClient.withOptions({ idempotent, maxResponseSize, timeout }),
    // What went wrong in the pool is the cause; anything else is a defect of the client.
    Effect.catchAll(({ cause }) => PoolError.isPoolError(cause) ? Effect.fail(cause) : Effect.die(cause))
  )
}

// --- one request ----------------------------------------------------------------------------------------------------------------

const wrongWith = (id: number, call: Call, { body, id: own, whole }: Got): string | undefined => {
  if (own !== String(id)) return `got the answer of ${own}`
  if (!belongsTo(nameOf(id), body)) return "got a body that is not its own"
  if (whole ? body.length !== call.size : body.length > call.size) return `got ${body.length} bytes of ${call.size}`
  return undefined
}

const onGot = (ledger: Ledger, id: number, call: Call, got: Got): void => {
  if (got.id === undefined && call.target.ownStatuses.includes(got.status)) return ledger.onOwnAnswer(id, got.status)
  const wrong = call.target.deadEnd ? "was answered where nobody is" : wrongWith(id, call, got)
  if (wrong !== undefined) ledger.wrong("wrong answers", `request ${id}, ${describe(call)}: ${wrong}`)
  ledger.onAnswer(id, call, got.attempts)
}

/** Says in the ledger how it ends, however it ends. */
const kept = <E extends PoolError.PoolError>(
  ledger: Ledger,
  call: Call,
  ask: (id: number) => Effect.Effect<Got, E>
): Effect.Effect<void, E> =>
  Effect.uninterruptibleMask((restore) => {
    const id = ledger.begin(call)
    return Effect.asVoid(Effect.onExit(restore(Effect.suspend(() => ask(id))), (exit) =>
      Effect.sync(() => {
        if (Exit.isSuccess(exit)) return onGot(ledger, id, call, exit.value)
        const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
        if (error !== undefined) return ledger.onFailure(id, call, error)
        ledger.onInterruption(id)
        if (!Cause.isInterruptedOnly(exit.cause)) {
          ledger.wrong("defects", `request ${id}, ${describe(call)}: ${Cause.pretty(exit.cause)}`)
        } else if (call.interruptedAfter === undefined) {
          ledger.wrong("unexpected failures", `request ${id} was interrupted by nobody: ${describe(call)}`)
        }
      })))
  })

const lease = (ledger: Ledger, { service }: Pool, call: Call): Effect.Effect<void, PoolError.PoolError> =>
  Effect.scoped(Effect.gen(function*() {
    const own = yield* Effect.tapError(
      service.lease(call.target.origin),
      (error) => Effect.sync(() => ledger.onNoLease(call, error))
    )
    for (let i = 0; i < call.sends; i++) {
      yield* kept(
        ledger,
        call,
        (id) =>
          Effect.map(own.send(requestOf(id, call)), ({ attempts, body, headers, status }) => ({
            status,
            id: headers[header.id],
            body,
            whole: true,
            attempts
          }))
      )
    }
  }))

const ask = (ledger: Ledger, pool: Pool, call: Call): Effect.Effect<void, PoolError.PoolError> => {
  switch (call.kind) {
    case "execute":
      return kept(ledger, call, (id) => execute(pool, requestOf(id, call)))
    case "stream":
      return kept(ledger, call, (id) => stream(pool, requestOf(id, call), call))
    case "open":
      return kept(ledger, call, (id) => open(pool, requestOf(id, call), call))
    case "client":
      return kept(ledger, call, (id) => client(pool, requestOf(id, call), call))
    case "lease":
      return lease(ledger, pool, call)
  }
}

/** Makes the call; whatever becomes of it is in the ledger. */
export const make = (ledger: Ledger, pool: Pool, call: Call): Effect.Effect<void> => {
  const asked = ask(ledger, pool, call)
  const { interruptedAfter } = call
  if (interruptedAfter === undefined) return Effect.ignore(asked)
  return Effect.gen(function*() {
    const fiber = yield* Effect.fork(asked)
    yield* interruptedAfter === 0 ? Effect.yieldNow() : Effect.sleep(interruptedAfter)
    yield* Fiber.interrupt(fiber)
  })
}
