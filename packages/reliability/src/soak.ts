// `npm run soak`: the pool under three loads, one after another, for as long as one likes.
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { main, wholeNumber } from "./program.js"
import { plot } from "./soak/plot.js"
import { print } from "./soak/report.js"
import * as Soak from "./soak/soak.js"

interface Options {
  readonly minutes?: number
  readonly seconds?: number
}

const secondsOf = ({ minutes, seconds }: Options): number =>
  minutes === undefined && seconds === undefined ? 60 : (minutes ?? 0) * 60 + (seconds ?? 0)

/** npm runs its scripts in the root. */
const picture = path.resolve("reports", "soak.svg")

await main<Options>({
  name: "soak",
  description:
    "Sends requests evenly, as fast as it can, and in bursts, to a server in a process of its own. Fails when connections " +
    "are not reused, a socket is left, a request fails, or the heap grows. Draws heap, sockets and latency into reports/soak.svg.",
  define: (command) =>
    command
      .option(
        "--minutes <number>",
        "under load, which takes somewhat longer; default: one",
        wholeNumber(1, 7 * 24 * 60)
      )
      .option("--seconds <number>", "the same, for short runs", wholeNumber(1, 3_600)),
  total: secondsOf,
  run: async (options, progress, signal) => {
    const summary = await Soak.run(secondsOf(options), progress, signal)
    await fs.mkdir(path.dirname(picture), { recursive: true })
    await fs.writeFile(picture, plot(summary))
    return { good: summary.good, report: `${print(summary)}\n  drawn: ${path.relative("", picture)}`, json: summary }
  }
})
