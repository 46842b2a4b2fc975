import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import { startSpan } from "../../src/internal/startSpan.js"

type Around = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const external = (context: Context.Context<never>): Tracer.ExternalSpan =>
  Tracer.externalSpan({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", context })

const known = external(Context.empty())
const unknown = external(Context.make(Tracer.DisablePropagation, true))

/** Under a span of its own that is not to be known. */
const hidden: Around = (effect) =>
  Effect.flatMap(
    Effect.makeSpan("hidden", { context: Context.make(Tracer.DisablePropagation, true) }),
    (span) => Effect.withParentSpan(effect, span) as typeof effect
  )

const surroundings: ReadonlyArray<readonly [what: string, around: Around]> = [
  ["nothing around", (effect) => effect],
  ["a parent", (effect) => Effect.withSpan(effect, "parent") as typeof effect],
  ["a parent from elsewhere", (effect) => Effect.withParentSpan(effect, known) as typeof effect],
  ["a parent that is not to be known", hidden],
  ["such a parent inside of one that is", (effect) => Effect.withSpan(hidden(effect), "outer") as typeof effect],
  ["such a parent from elsewhere", (effect) => Effect.withParentSpan(effect, unknown) as typeof effect],
  ["attributes for all spans", (effect) => Effect.annotateSpans(effect, { a: 1, b: "2" })],
  ["links for all spans", (effect) => Effect.linkSpans(effect, known, { why: "test" })],
  ["no timing", (effect) => Effect.withTracerTiming(effect, false)]
]

describe("a span that is started at once is the one that Effect.makeSpan makes, with", () => {
  it.effect.each(surroundings)("%s", ([, around]) =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const [ours, theirs] = yield* around(Effect.all([
        Effect.withFiberRuntime<Tracer.Span>((fiber) => Effect.succeed(startSpan(fiber, "name"))),
        Effect.makeSpan("name", { kind: "client", captureStackTrace: false })
      ]))
      const shown = ({ attributes, context, kind, links, name, parent, sampled, status }: Tracer.Span) => ({
        attributes: [...attributes],
        context: [...context.unsafeMap],
        kind,
        links,
        name,
        parent: parent._tag === "Some" ? parent.value.spanId : undefined,
        sampled,
        startTime: status.startTime
      })
      assert.deepStrictEqual(shown(ours), shown(theirs))
    }))
})
