// `npm start`: shows what the pool does, and checks it.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import { judge } from "./checks.js"
import * as Demo from "./demo.js"
import type { Options } from "./options.js"
import { parse } from "./options.js"
import { activeResources } from "./osView.js"
import * as Progress from "./progress.js"
import * as Report from "./report.js"
import * as StopSignal from "./stopSignal.js"

/** Runs, prints, and returns the exit code. */
const main = (options: Options) =>
  Effect.gen(function*() {
    const stop = yield* StopSignal.listen
    const progress = Progress.make(Progress.styleFor(process.stderr, options.json), process.stderr)
    if (options.inspect !== undefined) {
      // The inspector's modules are loaded for those who want to see it only.
      const Inspect = yield* Effect.promise(() => import("./inspect.js"))
      const inspected = yield* Inspect.run(options, options.inspect, stop, progress)
      process.stdout.write(Inspect.print(inspected))
      return StopSignal.exitCode[inspected.stoppedBy]
    }
    const summary = yield* Demo.run(options, stop, progress)
    const checks = judge(summary)
    const ok = checks.every((check) => check.ok)
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ok, ...summary, checks })}\n`
        : Report.print(summary, checks, Report.paintFor(process.stdout))
    )
    if (summary.stoppedBy !== null) return StopSignal.exitCode[summary.stoppedBy]
    return ok ? 0 : 1
  }).pipe(
    Effect.scoped,
    Effect.catchAll((error) => Effect.as(Effect.sync(() => void process.stderr.write(`${error.message}\n`)), 1)),
    // stdout is the summary's
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.stringLogger)))
  )

process.exitCode = 1 // until it is known better
process.stdout.on("error", () => {}) // whoever read it has gone, such as `head`

const parsed = parse(process.argv.slice(2))
if (Either.isLeft(parsed)) {
  const { exitCode, text } = parsed.left
  ;(exitCode === 0 ? process.stdout : process.stderr).write(text)
  process.exitCode = exitCode
} else {
  const exit = await Effect.runPromiseExit(main(parsed.right))
  if (Exit.isSuccess(exit)) process.exitCode = exit.value
  else process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
  // Now nothing is left to do, so the process ends. If it does not, that is a leak too.
  setTimeout(() => {
    const left = activeResources()
    if (left.length === 0) return
    process.stderr.write(`The process does not end by itself: ${left.join(", ")}\n`)
    process.exit(1)
  }, 5_000).unref()
}
