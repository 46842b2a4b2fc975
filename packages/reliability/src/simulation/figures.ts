// What happened in all runs together.
import type { RunReport } from "./run.js"

export interface Figures {
  readonly seed: number
  readonly runs: number
  readonly requests: number
  readonly leases: number
  readonly answered: number
  readonly failed: number
  readonly interrupted: number
  /** Requests that were sent a second time. */
  readonly repeated: number
  /** Errors that callers got, those of leases included, by tag. */
  readonly errors: Readonly<Record<string, number>>
  readonly connections: number
  /** Of 100 requests that went out, how many had a connection that had carried one. */
  readonly reusePercent: number
  readonly faults: Readonly<Record<string, number>>
  readonly runsWithDrain: number
  readonly simulatedSeconds: number
  readonly wallSeconds: number
  readonly failures: ReadonlyArray<{ readonly seed: number; readonly problem: string }>
}

export class Sums {
  runs = 0
  private requests = 0
  private leases = 0
  private answered = 0
  private failed = 0
  private interrupted = 0
  private repeated = 0
  private connections = 0
  private sent = 0
  private reused = 0
  private runsWithDrain = 0
  private time = 0
  private readonly errors = new Map<string, number>()
  private readonly faults = new Map<string, number>()
  private readonly failures: Array<{ readonly seed: number; readonly problem: string }> = []

  add({ leases, ledger, network, problem, seed, time }: RunReport): void {
    this.runs++
    this.requests += ledger.requests.size
    this.leases += leases
    this.answered += ledger.count("answered")
    this.failed += ledger.count("failed")
    this.interrupted += ledger.count("interrupted")
    this.repeated += ledger.repeats
    this.connections += network.taken
    this.sent += network.sent
    this.reused += network.reused
    if (ledger.drains > 0) this.runsWithDrain++
    this.time += time
    for (const [tag, count] of ledger.errors) this.errors.set(tag, (this.errors.get(tag) ?? 0) + count)
    for (const [kind, count] of ledger.faults) this.faults.set(kind, (this.faults.get(kind) ?? 0) + count)
    if (problem !== undefined) this.failures.push({ seed, problem })
  }

  figures(seed: number, wallSeconds: number): Figures {
    return {
      seed,
      runs: this.runs,
      requests: this.requests,
      leases: this.leases,
      answered: this.answered,
      failed: this.failed,
      interrupted: this.interrupted,
      repeated: this.repeated,
      errors: mostFirst(this.errors),
      connections: this.connections,
      reusePercent: this.sent === 0 ? 0 : Math.round((1_000 * this.reused) / this.sent) / 10,
      faults: mostFirst(this.faults),
      runsWithDrain: this.runsWithDrain,
      simulatedSeconds: Math.round(this.time / 1_000),
      wallSeconds: Math.round(wallSeconds * 10) / 10,
      failures: this.failures
    }
  }
}

const mostFirst = (counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))

const line = (name: string, value: number, unit = ""): string =>
  `  ${name.padEnd(34)}${value.toLocaleString("en-US").padStart(12)}${unit}`

const lines = (title: string, counts: Readonly<Record<string, number>>): ReadonlyArray<string> => [
  title,
  ...Object.entries(counts).map(([name, count]) => line(name, count))
]

/** How one run is repeated. */
export const command = (seed: number): string => `npm run simulate -- --seed ${seed} --runs 1`

export const print = (figures: Figures): string =>
  [
    `Seed ${figures.seed}`,
    line("runs", figures.runs),
    line("  with a drain", figures.runsWithDrain),
    line("requests", figures.requests),
    line("  answered", figures.answered),
    line("  failed with a typed error", figures.failed),
    line("  interrupted", figures.interrupted),
    line("  sent again (C6)", figures.repeated),
    line("bare leases", figures.leases),
    line("connections opened and closed", figures.connections),
    line("requests on a reused connection", figures.reusePercent, " %"),
    line("simulated time", figures.simulatedSeconds, " s"),
    line("wall time", figures.wallSeconds, " s"),
    ...lines("Errors", figures.errors),
    ...lines("Faults", figures.faults),
    figures.failures.length === 0
      ? "The books of every run balance."
      : `The books of ${figures.failures.length} runs do not balance:`,
    ...figures.failures.map(({ problem, seed }) => `  ${command(seed)}   ${problem.split("\n")[0]}`)
  ].join("\n")
