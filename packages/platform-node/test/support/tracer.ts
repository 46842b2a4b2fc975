/** A tracer that keeps its spans. */
import { Option, Tracer } from "effect"

export interface KeptSpan extends Tracer.Span {
  ends: number
}

export const keepingTracer = () => {
  const spans: Array<KeptSpan> = []
  const tracer = Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind) => {
      const spanId = String(spans.length + 1).padStart(16, "0")
      const attributes = new Map<string, unknown>()
      const span = {
        _tag: "Span",
        name,
        spanId,
        traceId: Option.match(parent, { onNone: () => spanId.repeat(2), onSome: ({ traceId }) => traceId }),
        parent,
        context,
        attributes,
        links: [...links],
        kind,
        sampled: true,
        status: { _tag: "Started", startTime } as Tracer.SpanStatus,
        ends: 0,
        end(endTime: bigint, exit: Extract<Tracer.SpanStatus, { _tag: "Ended" }>["exit"]) {
          span.ends++
          span.status = { _tag: "Ended", startTime, endTime, exit }
        },
        attribute: (key: string, value: unknown) => void attributes.set(key, value),
        event: () => {},
        addLinks: (more: ReadonlyArray<Tracer.SpanLink>) => void span.links.push(...more)
      } satisfies KeptSpan
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}
