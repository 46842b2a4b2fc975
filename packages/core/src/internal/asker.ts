/**
 * Who asked for a lease, as it is shown.
 *
 * @internal
 */
import * as FiberId from "effect/FiberId"
import * as GlobalValue from "effect/GlobalValue"
import type * as Tracer from "effect/Tracer"
import type { Asker, SpanInfo } from "../PoolDiagnosis.js"
import type { LeaseHolder } from "./lease.js"
import { printRequest } from "./shownRequest.js"

/** Where Effect keeps the places in the program that began its spans. */
const places = GlobalValue.globalValue(
  "effect/Tracer/spanToTrace",
  () => new WeakMap<Tracer.AnySpan, () => string | undefined>()
)

/** How many spans around are named. */
const mostSpans = 5

const spanInfo = (span: Tracer.AnySpan): SpanInfo => ({
  name: span._tag === "Span" ? span.name : undefined,
  traceId: span.traceId,
  spanId: span.spanId
})

/** Who asked for a lease, as far as it is known. */
export const askerOf = (holder: LeaseHolder): Asker => {
  const { fiberId, span, wire } = holder.asker
  return {
    request: wire && printRequest(wire),
    span: span && spanInfo(span),
    fiberId: fiberId && FiberId.threadName(fiberId)
  }
}

/** The span in which a lease was acquired, with its place in the program, and the spans around it. */
export const acquiredBy = (holder: LeaseHolder): string | undefined => {
  const names: Array<string> = []
  let { span } = holder.asker
  for (; span !== undefined && names.length < mostSpans; span = parentOf(span)) names.push(printSpan(span))
  return names.length === 0 ? undefined : names.join(" < ")
}

const parentOf = (span: Tracer.AnySpan): Tracer.AnySpan | undefined =>
  span._tag === "Span" && span.parent._tag === "Some" ? span.parent.value : undefined

const printSpan = (span: Tracer.AnySpan): string => {
  const place = places.get(span)?.()
  const name = span._tag === "Span" ? span.name : `span ${span.spanId}`
  return place === undefined ? name : `${name} (${place})`
}
