/**
 * The span of a connection's opening, where somebody records the spans of whoever built the pool.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Connection } from "../Connection.js"
import type { ConnectFailed, ConnectTimeout } from "../PoolError.js"
import { connectTimeout } from "./failures.js"
import type { HeldConnection } from "./heldConnection.js"
import { peerOf } from "./peers.js"
import { startInternalSpan } from "./startSpan.js"

type Dial = Effect.Effect<Connection, ConnectFailed | ConnectTimeout>

const describe = (span: Tracer.Span, { origin, pool }: HeldConnection): void => {
  const { host, port, scheme } = origin.origin
  span.attribute("server.address", host)
  span.attribute("server.port", port)
  span.attribute("url.scheme", scheme)
  span.attribute("http.client.connection.pool.name", pool.settings.name)
}

/** A link lives as long as the connection: it holds the ids of the span, and not the span. */
const linkTo = ({ sampled, spanId, traceId }: Tracer.Span): Tracer.SpanLink => ({
  _tag: "SpanLink",
  span: Tracer.externalSpan({ spanId, traceId, sampled }),
  attributes: {}
})

/** How the dial has ended, without the connection. One that took too long was interrupted by the pool. */
const outcomeOf = (exit: Exit.Exit<Connection, ConnectFailed | ConnectTimeout>, held: HeldConnection) => {
  if (Exit.isSuccess(exit)) return Exit.void
  return held.gone && Cause.isInterruptedOnly(exit.cause) ? Exit.fail(connectTimeout(held.origin)) : exit
}

/** Runs a dial under a span of its own, that requests on the connection are linked to. The dial says itself where it can be interrupted. */
export const withSetupSpan = (held: HeldConnection, dial: Dial): Dial =>
  Effect.withFiberRuntime((fiber) => {
    const { host, port } = held.origin.origin
    const now = clockOf(fiber)
    const span = startInternalSpan(fiber, `HTTP connection_setup ${host}:${port}`, Option.none())
    held.setup = linkTo(span)
    return Effect.onExit(Effect.withParentSpan(dial, span), (exit) =>
      Effect.sync(() => {
        describe(span, held)
        const outcome = outcomeOf(exit, held)
        if (Exit.isSuccess(exit) && exit.value.remoteAddress !== undefined) {
          const { address, port } = peerOf(exit.value.remoteAddress)
          span.attribute("network.peer.address", address)
          span.attribute("network.peer.port", port)
        } else if (Exit.isFailure(outcome)) {
          const error = Cause.failureOption(outcome.cause)
          if (Option.isSome(error)) span.attribute("error.type", error.value._tag)
        }
        span.end(now(), outcome)
      }))
  })

const clockOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): () => bigint => {
  if (!fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)) return () => 0n
  const clock = Context.get(fiber.getFiberRef(DefaultServices.currentServices), Clock.Clock)
  return () => clock.unsafeCurrentTimeNanos()
}
