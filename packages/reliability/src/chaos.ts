// `npm run chaos`: the pool on real sockets, among servers, proxies and callers that misbehave.
import * as Campaign from "./chaos/campaign.js"
import { print } from "./chaos/report.js"
import { main, wholeNumber } from "./program.js"
import { seeds } from "./simulation/random.js"

interface Options {
  readonly minutes?: number
  readonly seconds?: number
  readonly seed?: number
}

const millisecondsOf = ({ minutes, seconds }: Options): number =>
  minutes === undefined && seconds === undefined ? 60_000 : (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1_000

await main<Options>({
  name: "chaos",
  description:
    "Sends requests to servers that misbehave, to real proxies that are reloaded, restarted and killed, and to a process that is " +
    "suspended; callers give up, do not read, and upload what fails. Fails when an answer is not that of its request, a request is " +
    "lost, sent twice or never ends, a socket is left, or the heap grows.",
  define: (command) =>
    command
      .option("--minutes <number>", "for how long; default: one", wholeNumber(1, 7 * 24 * 60))
      .option("--seconds <number>", "the same, for short runs", wholeNumber(1, 3_600))
      .option(
        "--seed <number>",
        "decides what is done; when it happens, is up to the machine",
        wholeNumber(0, seeds - 1)
      ),
  total: millisecondsOf,
  run: async (options, progress, signal) => {
    const { seed = Math.floor(Math.random() * seeds) } = options
    const onMissing = (proxies: ReadonlyArray<string>): void =>
      void process.stderr.write(`Not installed, and left out: ${proxies.join(", ")}\n`)
    const summary = await Campaign.run({ milliseconds: millisecondsOf(options), seed, onMissing }, progress, signal)
    return { good: summary.good, report: print(summary), json: summary }
  }
})
