/**
 * The spans of a request that nobody records. Effect's own tracer keeps none: all that can be seen of a span are its ids, where the
 * server is told of them. Nothing else is made of it.
 *
 * @internal
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as Fiber from "effect/Fiber"
import type { Propagation, RequestTrace } from "./requestSpan.js"
import { parentOf } from "./startSpan.js"

const digits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))

/** Of four random bits, in their place. */
const digit = (bits: number, place: number): number => digits[(bits >>> place) & 15]!

const randomBits = (): number => (Math.random() * 0x1_0000_0000) | 0

/** 16 hexadecimal digits, in one string that is flat. */
const randomId = (): string => {
  const high = randomBits()
  const low = randomBits()
  return String.fromCharCode(
    digit(high, 28),
    digit(high, 24),
    digit(high, 20),
    digit(high, 16),
    digit(high, 12),
    digit(high, 8),
    digit(high, 4),
    digit(high, 0),
    digit(low, 28),
    digit(low, 24),
    digit(low, 20),
    digit(low, 16),
    digit(low, 12),
    digit(low, 8),
    digit(low, 4),
    digit(low, 0)
  )
}

/** What `HttpTraceContext.toHeaders` says of a span that Effect's tracer would make. */
const propagationOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Propagation => {
  const parent = parentOf(fiber)
  const spanId = randomId()
  if (parent._tag === "None") {
    const traceId = randomId() + randomId()
    return new Propagated(`${traceId}-${spanId}-1`, `00-${traceId}-${spanId}-01`)
  }
  const { spanId: parentId, traceId } = parent.value
  return new Propagated(`${traceId}-${spanId}-1-${parentId}`, `00-${traceId}-${spanId}-01`)
}

class Propagated {
  [name: string]: string
  readonly b3: string
  readonly traceparent: string

  constructor(b3: string, traceparent: string) {
    this.b3 = b3
    this.traceparent = traceparent
  }
}

export class UnrecordedSpan implements RequestTrace {
  /** Until the end: it holds its last value, the answer, which must be collected when nobody else does. */
  private fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined

  constructor(fiber: Fiber.RuntimeFiber<unknown, unknown>) {
    this.fiber = fiber
  }

  get propagation(): Propagation | undefined {
    const { fiber } = this
    if (fiber === undefined || !fiber.getFiberRef(HttpClient.currentTracerPropagation)) return undefined
    return propagationOf(fiber)
  }

  onRepeat(): Propagation | undefined {
    return this.propagation
  }

  answered(): void {
    this.fiber = undefined
  }

  failed(): void {
    this.fiber = undefined
  }
}
