/**
 * The spans of one dial's parts (name look-up, TCP, TLS), with the names and attributes of .NET's connection spans. They are children of
 * the span that the fiber runs under, which the pool has opened for the dial.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

type Attributes = Readonly<Record<string, unknown>>

/** Effect's own, which keeps no span. */
const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** A system's code has few values, and a message many. */
const errorType = (error: unknown): string => {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined
  return typeof code === "string" ? code : "_OTHER"
}

/**
 * Ends every span that it starts, at the latest when the dial is over.
 *
 * @internal
 */
export class DialSpans {
  private readonly open = new Set<Tracer.Span>()
  private readonly tracer: Tracer.Tracer
  private readonly parent: Option.Option<Tracer.AnySpan>
  private readonly now: () => bigint

  constructor(tracer: Tracer.Tracer, parent: Tracer.AnySpan, now: () => bigint) {
    this.tracer = tracer
    this.parent = Option.some(parent)
    this.now = now
  }

  start(name: string, attributes: Attributes): Tracer.Span {
    const span = this.tracer.span(name, this.parent, Context.empty(), [], this.now(), "internal", { kind: "internal" })
    for (const key of Object.keys(attributes)) span.attribute(key, attributes[key])
    this.open.add(span)
    return span
  }

  succeeded(span: Tracer.Span | undefined, attributes: Attributes = {}): void {
    if (span === undefined || !this.open.delete(span)) return
    for (const key of Object.keys(attributes)) span.attribute(key, attributes[key])
    span.end(this.now(), Exit.void)
  }

  failed(span: Tracer.Span | undefined, error: unknown): void {
    if (span === undefined || !this.open.delete(span)) return
    span.attribute("error.type", errorType(error))
    span.end(this.now(), Exit.fail(error))
  }

  /** Nobody waits for what is still going on. */
  abandon(): void {
    for (const span of this.open) span.end(this.now(), Exit.interrupt(FiberId.none))
    this.open.clear()
  }
}

/**
 * Where a tracer records what the fiber does; nothing otherwise.
 *
 * @internal
 */
export const dialSpans = (fiber: Fiber.RuntimeFiber<unknown, unknown>): DialSpans | undefined => {
  const services = fiber.getFiberRef(DefaultServices.currentServices)
  const tracer = Context.get(services, Tracer.Tracer)
  const { currentSpan } = fiber
  if (tracer === nativeTracer || currentSpan === undefined) return undefined
  if (!fiber.getFiberRef(FiberRef.currentTracerEnabled)) return undefined
  const clock = Context.get(services, Clock.Clock)
  const timed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
  return new DialSpans(tracer, currentSpan, () => timed ? clock.unsafeCurrentTimeNanos() : 0n)
}
