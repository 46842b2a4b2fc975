// What the programs of this package have in common: a command line, progress, a report, signals and exit codes.
import { Command, CommanderError, InvalidArgumentError } from "commander"
import * as Progress from "./progress.js"

export interface Outcome {
  /** Whether everything holds that was promised. */
  readonly good: boolean
  /** For people. */
  readonly report: string
  /** The same for machines. */
  readonly json: unknown
}

export interface Program<Options extends object> {
  readonly name: string
  readonly description: string
  /** Adds the program's own options. */
  readonly define: (command: Command) => Command
  /** The unit in which `run` counts its progress. */
  readonly total: (options: Options) => number
  /** Ends early, with what there is, once `signal` is aborted. */
  readonly run: (options: Options, progress: Progress.Progress, signal: AbortSignal) => Promise<Outcome>
}

/** A whole number, for `Command.option`. */
export const wholeNumber = (least: number, most: number) => (text: string): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most.toLocaleString("en-US")}.`)
}

/** Runs a program with the process's arguments; 0: all holds, 1: something does not, 2: wrong arguments, 130/143: stopped. */
export const main = async <Options extends object>(program: Program<Options>): Promise<void> => {
  process.stdout.on("error", () => {}) // whoever read it has gone, such as `head`
  const command = program.define(new Command(`npm run ${program.name} --`).description(program.description))
    .option("--json", "print one JSON object and no progress", false)
    .helpOption("-h, --help", "print this")
    .addHelpText("after", "\nExit codes: 0 everything holds; 1 something does not; 2 wrong arguments")
    .exitOverride()
    .showHelpAfterError(`Try: npm run ${program.name} -- --help`)
  try {
    command.parse()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : 2
    return
  }
  const options = command.opts<Options & { readonly json: boolean }>()
  const stopping = new AbortController()
  let stopped: number | undefined
  const stop = (code: number) => () => {
    stopped = code
    stopping.abort()
  }
  process.once("SIGINT", stop(130))
  process.once("SIGTERM", stop(143))
  const progress = options.json ? Progress.quiet : Progress.make(process.stderr, program.total(options))
  try {
    const { good, json, report } = await program.run(options, progress, stopping.signal)
    progress.end()
    process.stdout.write(options.json ? `${JSON.stringify(json)}\n` : `${report}\n`)
    process.exitCode = stopped ?? (good ? 0 : 1)
  } catch (error) {
    progress.end()
    process.stderr.write(`The run is broken: ${error instanceof Error ? error.stack : error}\n`)
    process.exitCode = stopped ?? 1
  }
}
