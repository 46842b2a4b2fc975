// What the command line says.
import { Command, CommanderError, InvalidArgumentError } from "commander"
import * as Either from "effect/Either"
import { contenders } from "./contenders/all.js"
import { workloads } from "./workloads.js"

export interface Options {
  /** Undefined: as each workload has it. */
  readonly callers: ReadonlyArray<number> | undefined
  readonly workload: ReadonlyArray<string>
  /** Names of contenders; undefined: all with the plain workloads, and a choice with the others. */
  readonly only: ReadonlyArray<string> | undefined
  readonly rounds: number
  readonly parts: ReadonlyArray<Part>
  /** Writes docs/benchmarks.md. */
  readonly report: boolean
  readonly quick: boolean
  readonly json: boolean
}

export const parts = ["throughput", "layers", "growth", "costs", "chores"] as const

export type Part = typeof parts[number]

type Given = Pick<Options, "quick" | "json" | "report"> & Partial<Options>

/** Nothing to run: the help was asked for, or the command line is wrong. */
export interface Refusal {
  readonly exitCode: number
  readonly text: string
}

const wholeNumber = (most: number) => (text: string): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${most.toLocaleString("en-US")}.`)
}

const listOf = <A>(read: (text: string) => A) => (text: string): ReadonlyArray<A> =>
  [...new Set(text.split(","))].map(read)

const oneOf = <Name extends string>(names: ReadonlyArray<Name>) => (text: string): Name => {
  const found = names.find((name) => name === text)
  if (found !== undefined) return found
  throw new InvalidArgumentError(`"${text}" is none of ${names.join(", ")}.`)
}

const namesOf = (named: ReadonlyArray<{ readonly name: string }>): ReadonlyArray<string> =>
  named.map(({ name }) => name)

const listing = (named: ReadonlyArray<{ readonly name: string; readonly title: string }>): string =>
  named.map(({ name, title }) => `  ${name.padEnd(16)}${title}`).join("\n")

/** Reads the arguments behind the program's name. */
export const parse = (args: ReadonlyArray<string>): Either.Either<Options, Refusal> => {
  const output: Array<string> = []
  const write = (text: string): void => void output.push(text)
  const names = { workloads: namesOf(workloads), contenders: namesOf(contenders) }
  const command = new Command("npm run bench --")
    .description("Measures the pool against what one would use instead, side by side, on a server of its own.")
    .option(
      "--callers <numbers>",
      "callers at the same time (default: as the workload says)",
      listOf(wholeNumber(10_000))
    )
    .option(
      "--workload <names>",
      "what is asked (default: all, or rpc and nginx with --quick)",
      listOf(oneOf(names.workloads))
    )
    .option("--only <names>", "who takes part (default: all in the plain workloads)", listOf(oneOf(names.contenders)))
    .option("--rounds <number>", "rounds that are counted (default: 9, or 3 with --quick)", wholeNumber(1_000))
    .option("--parts <names>", `what is measured (default: all): ${parts.join(", ")}`, listOf(oneOf(parts)))
    .option("--report", "write docs/benchmarks.md with tables and pictures", false)
    .option("--quick", "short rounds: a first impression in less than a minute", false)
    .option("--json", "print one JSON object and no progress", false)
    .helpOption("-h, --help", "print this")
    .addHelpText("after", `\nWorkloads:\n${listing(workloads)}\n\nContenders:\n${listing(contenders)}`)
    .addHelpText(
      "after",
      "\nExit codes: 0 measured, whatever the figures; 1 a contender or the server failed; 2 wrong arguments"
    )
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write })
    .showHelpAfterError("Try: npm run bench -- --help")
  try {
    command.parse(args, { from: "user" })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return Either.left({ exitCode: error.exitCode === 0 ? 0 : 2, text: output.join("") })
  }
  const { callers, json, only, quick, report, rounds, workload, parts: chosen } = command.opts<Given>()
  return Either.right({
    callers: callers ?? (quick ? [50] : undefined),
    workload: workload ?? (quick ? ["rpc", "nginx"] : names.workloads),
    only,
    rounds: rounds ?? (quick ? 3 : 9),
    parts: chosen ?? parts,
    report,
    quick,
    json
  })
}
