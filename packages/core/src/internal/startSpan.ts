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
import * as FiberRefs from "effect/FiberRefs"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import * as Tracer from "effect/Tracer"

const client = { kind: "client", captureStackTrace: false } as const
const internal = { kind: "internal", captureStackTrace: false } as const

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

/** Whether anybody hears of the spans of the fibers that a runtime starts. */
export const isRecordedBy = ({ fiberRefs }: Runtime.Runtime<never>): boolean =>
  FiberRefs.getOrDefault(fiberRefs, FiberRef.currentTracerEnabled) &&
  Context.get(FiberRefs.getOrDefault(fiberRefs, DefaultServices.currentServices), Tracer.Tracer) !== nativeTracer

const start = (
  fiber: AnyFiber,
  name: string,
  parent: Option.Option<Tracer.AnySpan>,
  links: Chunk.Chunk<Tracer.SpanLink>,
  options: Tracer.SpanOptions & { readonly kind: Tracer.SpanKind }
): Tracer.Span => {
  const services = fiber.getFiberRef(DefaultServices.currentServices)
  const timed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
  const span = Context.get(services, Tracer.Tracer).span(
    name,
    parent,
    Context.empty(),
    // In an array of its own: tracers add to it later, and the one of an empty chunk is that of all empty chunks.
    [...links],
    timed ? Context.get(services, Clock.Clock).unsafeCurrentTimeNanos() : 0n,
    options.kind,
    options
  )
  const annotations = fiber.getFiberRef(FiberRef.currentTracerSpanAnnotations)
  if (HashMap.size(annotations) > 0) HashMap.forEach(annotations, (value, key) => span.attribute(key, value))
  return span
}

/** The span of a request: a child of the span around it, with the links that the fiber gives to its spans. */
export const startSpan = (fiber: AnyFiber, name: string): Tracer.Span =>
  start(fiber, name, parentOf(fiber), fiber.getFiberRef(FiberRef.currentTracerSpanLinks), client)

/** The span of something that the pool does for itself. */
export const startInternalSpan = (
  fiber: AnyFiber,
  name: string,
  parent: Option.Option<Tracer.AnySpan>
): Tracer.Span => start(fiber, name, parent, Chunk.empty(), internal)
