// What the command line says.
import { Command, CommanderError, InvalidArgumentError } from "commander"
import * as Either from "effect/Either"

export interface Options {
  /** Whom to ask; the demo's own servers when there is none. */
  readonly url: URL | undefined
  /** To each server. */
  readonly requests: number
  readonly callers: number
  /** At most, to each server. */
  readonly connections: number
  readonly json: boolean
}

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

const isHttp = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** Reads the arguments behind the program's name. */
export const parse = (args: ReadonlyArray<string>): Either.Either<Options, Refusal> => {
  const output: Array<string> = []
  const write = (text: string): void => void output.push(text)
  const command = new Command("npm start --")
    .description(
      "Sends JSON-RPC requests through the connection pool, and says how that went: to an HTTP and an HTTPS server of " +
        "its own, or to a URL."
    )
    .argument("[url]", "send to this URL instead")
    .option("-n, --requests <number>", "requests to send to each server", wholeNumber(10_000_000), 5_000)
    .option("-c, --callers <number>", "callers that send them at the same time", wholeNumber(10_000), 100)
    .option("--connections <number>", "connections that the pool may open to each server", wholeNumber(1_024), 50)
    .option("--json", "print the summary as one JSON object and no progress", false)
    .helpOption("-h, --help", "print this")
    .addHelpText(
      "after",
      "\nCtrl-C stops sending, lets running requests end and prints the summary so far; once more ends at once.\n" +
        "\nExit codes: 0 all checks passed, 1 a request or a check failed, 2 wrong arguments, 130 Ctrl-C, 143 SIGTERM"
    )
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write })
    .showHelpAfterError("Try: npm start -- --help")
  try {
    command.parse(args, { from: "user" })
    const [text] = command.args
    // It is not repeated: it may hold a password or an API key.
    if (text !== undefined && !isHttp(text)) {
      command.error("error: the URL must be an absolute http or https one, such as https://rpc.example.com/v1")
    }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return Either.left({ exitCode: error.exitCode === 0 ? 0 : 2, text: output.join("") })
  }
  const { callers, connections, json, requests } = command.opts<Omit<Options, "url">>()
  const [text] = command.args
  return Either.right({ url: text === undefined ? undefined : new URL(text), requests, callers, connections, json })
}
