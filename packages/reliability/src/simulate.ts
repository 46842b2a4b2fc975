// `npm run simulate`: the whole pool over a simulated network, on a simulated clock. One seed decides everything.
import { performance } from "node:perf_hooks"
import { setImmediate } from "node:timers/promises"
import type { Outcome } from "./program.js"
import { main, wholeNumber } from "./program.js"
import type { Progress } from "./progress.js"
import * as Figures from "./simulation/figures.js"
import { seedOfRun, seeds } from "./simulation/random.js"
import type { RunReport } from "./simulation/run.js"
import { run } from "./simulation/run.js"

interface Options {
  readonly seed: number
  readonly runs: number
}

/** Of a failing run. */
const shownLines = 40

/** More failures than these are of no use to anybody. */
const mostFailures = 20

/** Signals are heard, and progress is seen, so often. */
const breath = 100

const printFailure = ({ problem, seed, trace }: RunReport): string =>
  `${["", ...trace.slice(-shownLines)].join("\n  ")}\n${problem}\nAgain: ${Figures.command(seed)}\n`

const simulate = async ({ runs, seed }: Options, progress: Progress, signal: AbortSignal): Promise<Outcome> => {
  const sums = new Figures.Sums()
  const started = performance.now()
  let breathed = started
  let failures = 0
  for (let i = 0; i < runs && !signal.aborted && failures < mostFailures; i++) {
    const report = await run(seedOfRun(seed, i))
    sums.add(report)
    if (report.problem !== undefined) {
      failures++
      process.stderr.write(printFailure(report))
    }
    if (performance.now() - breathed < breath) continue
    progress.at(i + 1, `${(i + 1).toLocaleString("en-US")} runs, ${failures} failed`)
    await setImmediate()
    breathed = performance.now()
  }
  const figures = sums.figures(seed, (performance.now() - started) / 1_000)
  return { good: failures === 0, report: Figures.print(figures), json: figures }
}

await main<Options>({
  name: "simulate",
  description: "The pool over a simulated network that fails, on a simulated clock; one seed decides everything.",
  define: (command) =>
    command
      .option(
        "--seed <number>",
        "what decides everything; random where not given, and printed",
        wholeNumber(0, seeds - 1)
      )
      .option("--runs <number>", "how many runs", wholeNumber(1, 10_000_000), 2_000),
  total: ({ runs }) => runs,
  run: (
    { runs, seed = Math.floor(Math.random() * seeds) }: Partial<Options> & Pick<Options, "runs">,
    progress,
    signal
  ) => simulate({ runs, seed }, progress, signal)
})
