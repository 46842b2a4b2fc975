// `npm run repeats`: the proof of the safe repeat (C6), on sockets, against a server that closes connections as they are used again.
import { main, wholeNumber } from "./program.js"
import type { Figures, Kind } from "./repeats/proof.js"
import { prove } from "./repeats/proof.js"
import { print } from "./repeats/report.js"
import { seeds } from "./simulation/random.js"

interface Options {
  readonly requests: number
  readonly seed?: number
}

const kinds: ReadonlyArray<Kind> = ["idempotent", "POST"]

await main<Options>({
  name: "repeats",
  description:
    "Sends requests that may be sent twice, and as many that may not, to a server that closes its idle connections at random about " +
    "when they are used again. Fails when one of the first fails, or one of the others is sent twice.",
  define: (command) =>
    command
      .option("--requests <number>", "how many of each kind", wholeNumber(1, 1_000_000), 20_000)
      .option("--seed <number>", "decides what is sent; when, is up to the machine", wholeNumber(0, seeds - 1)),
  total: ({ requests }) => kinds.length * requests,
  run: async ({ requests, seed = Math.floor(Math.random() * seeds) }, progress, signal) => {
    const all: Array<Figures> = []
    for (const [index, kind] of kinds.entries()) {
      if (signal.aborted) break
      const onEnded = (done: number): void =>
        progress.at(index * requests + done, `${kind}: ${done.toLocaleString("en-US")} requests`)
      all.push(await prove(kind, requests, seed, onEnded, signal))
    }
    const good = all.every(({ problems }) => problems.length === 0)
    return { good, report: print(seed, all), json: { seed, good, kinds: all } }
  }
})
