// How far it is: a bar on a terminal, plain lines elsewhere, on stderr both.
import { Presets, SingleBar } from "cli-progress"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Tally, Target } from "./load.js"
import { count } from "./words.js"

export type Style = "bar" | "lines" | "none"

export interface Progress {
  /** Shows a tally, until the scope closes. */
  readonly follow: (target: Target, tally: Tally) => Effect.Effect<void, never, Scope.Scope>
  /** Says what is done next. */
  readonly stage: (text: string) => Effect.Effect<void>
  /** Says something that matters in every style. */
  readonly note: (text: string) => Effect.Effect<void>
}

export const styleFor = (stream: NodeJS.WriteStream, json: boolean): Style => {
  if (json) return "none"
  return stream.isTTY && process.env["TERM"] !== "dumb" ? "bar" : "lines"
}

const done = (tally: Tally): number => tally.answered + tally.failed

/** Requests answered a second, from now on. */
const speedometer = (tally: Tally): Effect.Effect<Effect.Effect<number>> =>
  Effect.map(
    Clock.currentTimeMillis,
    (startedAt) => Effect.map(Clock.currentTimeMillis, (now) => (1_000 * tally.answered) / Math.max(1, now - startedAt))
  )

export const make = (style: Style, stream: NodeJS.WriteStream): Progress => {
  let endBar = (): void => {}
  const line = (text: string) => Effect.sync(() => void stream.write(`${text}\n`))
  const note = (text: string) => Effect.andThen(Effect.sync(() => endBar()), line(text))

  const lines: Progress["follow"] = ({ name, url }, tally) =>
    Effect.gen(function*() {
      const speed = yield* speedometer(tally)
      const status = Effect.flatMap(speed, (perSecond) =>
        line(
          `${name}: ${count(tally.answered)} of ${count(tally.planned)} answered, ${count(tally.failed)} failed, ` +
            `${count(perSecond)}/s`
        ))
      yield* line(`${name}: sending ${count(tally.planned)} requests to ${url.origin}`)
      yield* status.pipe(Effect.schedule(Schedule.spaced("1 second")), Effect.forkScoped)
    })

  const bar: Progress["follow"] = ({ name }, tally) =>
    Effect.gen(function*() {
      const format = `${name.padEnd(6)}{bar} {percentage} %  {done} of {all}  failed {failed}  {speed}/s`
      const single = new SingleBar({ format, stream, barsize: 24, autopadding: true }, Presets.shades_classic)
      const speed = yield* speedometer(tally)
      const draw = Effect.map(speed, (perSecond) =>
        single.update(done(tally), {
          done: count(done(tally)),
          all: count(tally.planned),
          failed: count(tally.failed),
          speed: count(perSecond)
        }))
      const end = (): void => {
        process.off("exit", end)
        endBar = () => {}
        single.stop()
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          process.on("exit", end) // a second Ctrl-C: the terminal gets its line wrapping back
          endBar = end
          single.start(tally.planned, 0, { done: "0", all: count(tally.planned), failed: "0", speed: "0" })
        }),
        () => Effect.andThen(draw, Effect.sync(() => endBar()))
      )
      yield* draw.pipe(Effect.repeat(Schedule.spaced("100 millis")), Effect.forkScoped)
    })

  const follow = { bar, lines, none: () => Effect.void } satisfies Record<Style, Progress["follow"]>
  return { follow: follow[style], stage: style === "none" ? () => Effect.void : line, note }
}
