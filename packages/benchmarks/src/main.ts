// `npm run bench`, started by scripts/built.mjs.
import * as Either from "effect/Either"
import * as path from "node:path"
import { run, turnsOf } from "./bench.js"
import { write as writeDocument } from "./document.js"
import type { Options } from "./options.js"
import { parse } from "./options.js"
import * as Progress from "./progress.js"
import * as Report from "./report.js"

/** npm runs its scripts in the root. */
const docs = path.resolve("docs")

/** Runs, prints, and returns the exit code. */
const main = async (options: Options): Promise<number> => {
  const progress = Progress.make(process.stderr, options.json, turnsOf(options))
  const stop = (code: number) => () => {
    progress.end() // the terminal gets its cursor back
    process.exit(code) // the other processes see that, and end
  }
  process.once("SIGINT", stop(130))
  process.once("SIGTERM", stop(143))
  try {
    const outcome = await run(options, progress)
    progress.end()
    if (options.report) process.stderr.write(`written: ${await writeDocument(outcome, docs)}\n`)
    process.stdout.write(options.json ? `${JSON.stringify(outcome)}\n` : Report.print(outcome))
    return 0
  } catch (error) {
    progress.end()
    process.stderr.write(`The run is broken: ${error instanceof Error ? error.message : error}\n`)
    return 1
  }
}

process.stdout.on("error", () => {}) // whoever read it has gone, such as `head`

const parsed = parse(process.argv.slice(2))
if (Either.isLeft(parsed)) {
  const { exitCode, text } = parsed.left
  ;(exitCode === 0 ? process.stdout : process.stderr).write(text)
  process.exitCode = exitCode
} else {
  process.exitCode = await main(parsed.right)
}
