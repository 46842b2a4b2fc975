// What the proof of the safe repeat found, for people.
import type { Figures } from "./proof.js"

const line = (name: string, value: number | string): string =>
  `  ${name.padEnd(52)}${(typeof value === "number" ? value.toLocaleString("en-US") : value).padStart(10)}`

/** Problems are alike: a few tell all. */
const shown = 10

const section = (figures: Figures): ReadonlyArray<string> => {
  const failed = figures.requests - figures.answered
  return [
    figures.kind === "POST" ? "POST" : "GET, HEAD, OPTIONS, PUT, DELETE and POST that says it is idempotent",
    line("requests", figures.requests),
    line("answered", figures.answered),
    line("failed", failed),
    ...Object.entries(figures.failures).map(([name, count]) => line(`  ${name}`, count)),
    ...(failed === 0 ? [] : [line("  of which the server had read", figures.failedAndSeen)]),
    line("sent again by the pool", figures.repeated),
    line("seen twice by the server", figures.seenTwice),
    line("connections opened", figures.connections),
    line("requests on a reused connection", `${figures.reusePercent} %`),
    line("closed by the server: idle, as far as it knew", figures.closedIdle),
    line("closed by the server: with a request half done", figures.closedAtWork),
    line("took", `${figures.seconds} s`),
    ...figures.problems.slice(0, shown).map((problem) => `  WRONG: ${problem}`),
    line("wrong", figures.problems.length)
  ]
}

export const print = (seed: number, all: ReadonlyArray<Figures>): string => {
  const wrong = all.reduce((sum, { problems }) => sum + problems.length, 0)
  return [
    `Seed ${seed}`,
    ...all.flatMap(section),
    wrong === 0 ? "Everything holds (C6)." : `${wrong} things are wrong.`
  ].join("\n")
}
