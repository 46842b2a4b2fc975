/** A tracer that keeps what it is told. */
import { assertTrue } from "@effect/vitest/utils"
import { Option, Tracer } from "effect"
import type { Context, Exit } from "effect"

/** A span that keeps what it was told; times are milliseconds. */
export class RecordedSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly spanId: string
  readonly traceId: string
  readonly attributes = new Map<string, unknown>()
  /** The array that it was given, as Effect's own tracers have it. */
  readonly links: Array<Tracer.SpanLink>
  readonly sampled = true
  readonly events: Array<readonly [string, number]> = []
  status: Tracer.SpanStatus
  ends = 0
  readonly name: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly context: Context.Context<never>
  readonly kind: Tracer.SpanKind

  constructor(
    id: number,
    name: string,
    parent: Option.Option<Tracer.AnySpan>,
    context: Context.Context<never>,
    links: ReadonlyArray<Tracer.SpanLink>,
    startTime: bigint,
    kind: Tracer.SpanKind
  ) {
    this.spanId = id.toString(16).padStart(16, "0")
    this.traceId = Option.match(parent, { onNone: () => "a".repeat(32), onSome: ({ traceId }) => traceId })
    this.name = name
    this.parent = parent
    this.context = context
    this.links = links as Array<Tracer.SpanLink>
    this.kind = kind
    this.status = { _tag: "Started", startTime }
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.ends++
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
  }

  attribute(key: string, value: unknown): void {
    assertTrue(this.status._tag === "Started", `${key} came after the end`)
    this.attributes.set(key, value)
  }

  event(name: string, startTime: bigint): void {
    assertTrue(this.status._tag === "Started", `${name} came after the end`)
    this.events.push([name, millis(startTime)])
  }

  addLinks(links: ReadonlyArray<Tracer.SpanLink>): void {
    assertTrue(this.status._tag === "Started", "a link came after the end")
    this.links.push(...links)
  }

  /** When it began and ended. */
  get times(): ReadonlyArray<number> {
    const { status } = this
    return [millis(status.startTime), ...(status._tag === "Ended" ? [millis(status.endTime)] : [])]
  }

  get exit(): Exit.Exit<unknown, unknown> | undefined {
    return this.status._tag === "Ended" ? this.status.exit : undefined
  }
}

const millis = (nanos: bigint) => Number(nanos) / 1e6

const ofConnections = /^HTTP (wait_for_connection|connection_setup) /

/** A tracer, and the spans that it made, in their order; those of connections apart. */
export const recording = () => {
  const spans: Array<RecordedSpan> = []
  const connectionSpans: Array<RecordedSpan> = []
  let made = 0
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const span = new RecordedSpan(++made, name, parent, context, links, startTime, kind)
      if (ofConnections.test(name)) connectionSpans.push(span)
      else spans.push(span)
      return span
    },
    context: (f) => f()
  })
  return { spans, connectionSpans, tracer }
}
