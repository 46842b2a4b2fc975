// Many cases in a row, and what they add up to.
import type { Progress } from "../progress.js"
import { neverEnded } from "./batch.js"
import { examine } from "./examine.js"
import { type FuzzCase, make } from "./fuzzCase.js"
import { mutationNames } from "./mutations.js"
import { shrink } from "./shrink.js"
import type { Failure, Verdict } from "./verdict.js"
import { watch, type Watchdog } from "./watchdog.js"

export interface Counts {
  cases: number
  bothAccept: number
  bothRefuse: number
  onlyUndiciAccepts: number
  intended: number
  failures: number
}

export interface Found {
  readonly seed: number
  readonly symptom: string
  readonly detail: string
  /** The smallest case that fails in the same way; undefined where another one already shows it. */
  readonly shrunk: FuzzCase | undefined
}

export interface Summary {
  readonly firstSeed: number
  readonly asked: number
  readonly total: Counts
  readonly loopback: number
  /** By mutation; a case with several counts for each. */
  readonly byMutation: ReadonlyMap<string, Counts>
  readonly intended: ReadonlyMap<string, number>
  readonly found: ReadonlyArray<Found>
  readonly milliseconds: number
}

/** No more cases are run when so many have failed, or so many of them by never ending, which takes long. */
const mostFailures = 50
const mostNeverEnded = 3

/** So many ways to fail are shrunk. */
const mostShrunk = 3

/** Cases that run side by side: those over loopback need files of the process each. */
const batchSize = { memory: 100, loopback: 25 } as const
const window = 1_000

export const unmutated = "none (valid answers)"

const noCounts = (): Counts => ({
  cases: 0,
  bothAccept: 0,
  bothRefuse: 0,
  onlyUndiciAccepts: 0,
  intended: 0,
  failures: 0
})

const countersOf = {
  "both accept": "bothAccept",
  "both refuse": "bothRefuse",
  "only undici accepts": "onlyUndiciAccepts",
  intended: "intended",
  failure: "failures"
} as const satisfies Record<Verdict["kind"], keyof Counts>

const groups = function*(cases: ReadonlyArray<FuzzCase>): Generator<ReadonlyArray<FuzzCase>> {
  for (const network of ["memory", "loopback"] as const) {
    const those = cases.filter((fuzzCase) => fuzzCase.network === network)
    for (let at = 0; at < those.length; at += batchSize[network]) yield those.slice(at, at + batchSize[network])
  }
}

const shrunkFrom = (fuzzCase: FuzzCase, { symptom }: Failure): Promise<FuzzCase> =>
  shrink(fuzzCase, async (candidate) => {
    const { verdict } = (await examine([candidate]))[0]!
    return verdict.kind === "failure" && verdict.symptom === symptom
  })

/** Errors are made by the thousand here, and nobody reads where. */
const withoutStacks = async <A>(run: () => Promise<A>): Promise<A> => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return await run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

const runAll = async (
  firstSeed: number,
  asked: number,
  progress: Progress,
  signal: AbortSignal,
  watchdog: Watchdog
): Promise<Summary> => {
  const started = performance.now()
  const total = noCounts()
  const byMutation = new Map([unmutated, ...mutationNames].map((name) => [name, noCounts()]))
  const intended = new Map<string, number>()
  const failed: Array<{ readonly fuzzCase: FuzzCase; readonly failure: Failure }> = []
  let loopback = 0
  let endless = 0

  const count = (fuzzCase: FuzzCase, verdict: Verdict): void => {
    const names = fuzzCase.mutations.length === 0 ? [unmutated] : fuzzCase.mutations
    for (const counts of [total, ...names.map((name) => byMutation.get(name)!)]) {
      counts.cases++
      counts[countersOf[verdict.kind]]++
    }
    if (fuzzCase.network === "loopback") loopback++
    if (verdict.kind === "intended") intended.set(verdict.name, (intended.get(verdict.name) ?? 0) + 1)
    if (verdict.kind !== "failure") return
    failed.push({ fuzzCase, failure: verdict })
    if (verdict.symptom === neverEnded) endless++
  }

  const enough = (): boolean => signal.aborted || failed.length >= mostFailures || endless >= mostNeverEnded
  for (let done = 0; done < asked && !enough(); done += window) {
    const cases = Array.from({ length: Math.min(window, asked - done) }, (_, i) => make(firstSeed + done + i))
    for (const group of groups(cases)) {
      if (enough()) break
      watchdog.at(`the cases of the seeds ${group[0]!.seed} to ${group.at(-1)!.seed}`)
      for (const { fuzzCase, verdict } of await examine(group)) count(fuzzCase, verdict)
      progress.at(total.cases, `${total.cases.toLocaleString("en-US")} cases, ${failed.length} failures`)
    }
  }

  const found: Array<Found> = []
  const symptoms = new Set<string>()
  for (const { failure, fuzzCase } of failed) {
    const isNew = failure.symptom !== neverEnded && !symptoms.has(failure.symptom) && symptoms.size < mostShrunk
    symptoms.add(failure.symptom)
    found.push({
      seed: fuzzCase.seed!,
      symptom: failure.symptom,
      detail: failure.detail,
      shrunk: isNew && !signal.aborted ? await shrunkFrom(fuzzCase, failure) : undefined
    })
  }
  const milliseconds = performance.now() - started
  return { firstSeed, asked, total, loopback, byMutation, intended, found, milliseconds }
}

/** The cases of `asked` seeds in a row; fewer when `signal` is aborted, or when many fail. */
export const run = async (
  firstSeed: number,
  asked: number,
  progress: Progress,
  signal: AbortSignal
): Promise<Summary> => {
  const watchdog = watch()
  try {
    return await withoutStacks(() => runAll(firstSeed, asked, progress, signal, watchdog))
  } finally {
    await watchdog.end()
  }
}
