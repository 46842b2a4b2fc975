/**
 * Starts a span as `Effect.makeSpan` does, at once: it needs no copy of all that the fiber knows (docs/DESIGN.md, 13.18).
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

const options: Tracer.SpanOptions = { kind: "client", captureStackTrace: false }

/** The nearest span around that wants to be known. */
const knownParent = (span: Option.Option<Tracer.AnySpan>): Option.Option<Tracer.AnySpan> => {
  if (span._tag === "None" || !Context.get(span.value.context, Tracer.DisablePropagation)) return span
  return span.value._tag === "Span" ? knownParent(span.value.parent) : Option.none()
}

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** The span under which the fiber starts others. */
export const parentOf = (fiber: AnyFiber): Option.Option<Tracer.AnySpan> =>
  knownParent(Context.getOption(fiber.currentContext, Tracer.ParentSpan))

/** Effect's own, which keeps nothing: of its spans nobody but their owner learns more than the ids. */
const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** Whether anybody hears of the spans that the fiber starts. */
export const isRecorded = (fiber: AnyFiber): boolean =>
  Context.get(fiber.getFiberRef(DefaultServices.currentServices), Tracer.Tracer) !== nativeTracer

export const startSpan = (fiber: AnyFiber, name: string): Tracer.Span => {
  const services = fiber.getFiberRef(DefaultServices.currentServices)
  const timed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
  const span = Context.get(services, Tracer.Tracer).span(
    name,
    parentOf(fiber),
    Context.empty(),
    Chunk.toReadonlyArray(fiber.getFiberRef(FiberRef.currentTracerSpanLinks)),
    timed ? Context.get(services, Clock.Clock).unsafeCurrentTimeNanos() : 0n,
    "client",
    options
  )
  const annotations = fiber.getFiberRef(FiberRef.currentTracerSpanAnnotations)
  if (HashMap.size(annotations) > 0) HashMap.forEach(annotations, (value, key) => span.attribute(key, value))
  return span
}
