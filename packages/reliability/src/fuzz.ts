// `npm run fuzz`: mutated answers, read by the pool and by undici.
import * as Campaign from "./fuzz/campaign.js"
import * as Report from "./fuzz/report.js"
import { main, wholeNumber } from "./program.js"

interface Options {
  readonly cases: number
  readonly seed: number
}

await main<Options>({
  name: "fuzz",
  description:
    "Sends mutated HTTP/1.x answers, in random pieces, to the pool and to undici, and compares what they make of them. " +
    "Fails when something is left behind, never ends, is no typed error, reaches the wrong request, or is accepted though undici " +
    "refuses it.",
  define: (command) =>
    command
      .option("--cases <number>", "how many answers", wholeNumber(1, 100_000_000), 5_000)
      .option("--seed <number>", "the seed of the first; each of the others has the next", wholeNumber(0, 2 ** 31), 1),
  total: ({ cases }) => cases,
  run: async ({ cases, seed }, progress, signal) => {
    const summary = await Campaign.run(seed, cases, progress, signal)
    return {
      good: summary.found.length === 0,
      report: Report.print(summary),
      json: Report.toJson(summary)
    }
  }
})
