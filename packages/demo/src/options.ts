// What the command line says.
import { Command, CommanderError, InvalidArgumentError, Option } from "commander"
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
  /** The port of the inspector's page; undefined when it is not asked for. */
  readonly inspect: number | undefined
}

interface Given extends Omit<Options, "url" | "inspect"> {
  readonly inspect?: boolean
  readonly inspectPort: number
}

/** Nothing to run: the help was asked for, or the command line is wrong. */
export interface Refusal {
  readonly exitCode: number
  readonly text: string
}

const wholeNumber = (most: number, least = 1) => (text: string): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most.toLocaleString("en-US")}.`)
}

/** With the page there are fewer of both, so that the load is gentle and yet some requests wait. */
const gentle = { callers: 40, connections: 6 }

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
    .addOption(
      new Option(
        "--inspect",
        "go on under a gentle, changing load, and print the address of a page that shows the pool"
      )
        .conflicts(["requests", "json"])
    )
    .option("--inspect-port <number>", "port of that page; 0 takes a free one", wholeNumber(65_535, 0), 9_091)
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
  const { callers, connections, inspect = false, inspectPort, json, requests } = command.opts<Given>()
  const [text] = command.args
  const chosen = (name: keyof typeof gentle, value: number): number =>
    inspect && command.getOptionValueSource(name) === "default" ? gentle[name] : value
  return Either.right({
    url: text === undefined ? undefined : new URL(text),
    requests,
    callers: chosen("callers", callers),
    connections: chosen("connections", connections),
    json,
    inspect: inspect ? inspectPort : undefined
  })
}
