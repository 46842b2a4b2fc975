// From cases to verdicts: runs them, explains what is intended, and finds the case behind what a whole batch has done.
import * as Batch from "./batch.js"
import type { FuzzCase } from "./fuzzCase.js"
import * as Intended from "./intended.js"
import * as Network from "./network.js"
import { judge, onlyWeAccept, onlyWeKeep, type Verdict } from "./verdict.js"

const runBatch = async (cases: ReadonlyArray<FuzzCase>, network: FuzzCase["network"]): Promise<Batch.Batch> =>
  Batch.run(cases, network === "memory" ? Network.inMemory() : await Network.overLoopback())

interface Judged {
  readonly fuzzCase: FuzzCase
  readonly readings: Batch.Readings
  readonly verdict: Verdict
}

const mayBeIntended = ({ verdict }: Judged): boolean =>
  verdict.kind === "failure" && (verdict.symptom === onlyWeAccept || verdict.symptom === onlyWeKeep)

/** The verdicts, where what is intended is no failure. */
const explain = async (
  judged: ReadonlyArray<Judged>,
  network: FuzzCase["network"]
): Promise<ReadonlyArray<Verdict>> => {
  const verdicts = judged.map(({ verdict }) => verdict)
  const suspects = judged.flatMap((one, index) => {
    const ours = one.readings.ours.reading
    const without = mayBeIntended(one) ? Intended.withoutCauses(one.fuzzCase, ours) : undefined
    return without === undefined ? [] : [{ index, ours, ...without }]
  })
  if (suspects.length === 0) return verdicts
  const { readings } = await runBatch(suspects.map(({ rest }) => rest), network)
  suspects.forEach(({ index, name, ours }, i) => {
    if (Intended.explains(ours, readings[i]!.theirs)) verdicts[index] = { kind: "intended", name }
  })
  return verdicts
}

const leftBehind = (detail: string): Verdict => ({ kind: "failure", symptom: "something is left behind", detail })

/** Whose fault it was shows when each case runs alone. */
const examineAlone = async (
  cases: ReadonlyArray<FuzzCase>,
  network: FuzzCase["network"],
  complaint: string
): Promise<ReadonlyArray<Verdict>> => {
  const verdicts: Array<Verdict> = []
  for (const fuzzCase of cases) verdicts.push(...await examineOver([fuzzCase], network))
  if (verdicts.every(({ kind }) => kind !== "failure")) verdicts[0] = leftBehind(`only together: ${complaint}`)
  return verdicts
}

const examineOver = async (
  cases: ReadonlyArray<FuzzCase>,
  network: FuzzCase["network"]
): Promise<ReadonlyArray<Verdict>> => {
  const { complaints, readings } = await runBatch(cases, network)
  if (complaints.length > 0) {
    const complaint = complaints.join("; ")
    return cases.length === 1 ? [leftBehind(complaint)] : examineAlone(cases, network, complaint)
  }
  const judged = cases.map((fuzzCase, i) => {
    const { ours, theirs } = readings[i]!
    return { fuzzCase, readings: { ours, theirs }, verdict: judge(fuzzCase, ours, theirs) }
  })
  return explain(judged, network)
}

/** One verdict for each case, in their order. */
export const examine = async (cases: ReadonlyArray<FuzzCase>): Promise<ReadonlyArray<Verdict>> => {
  const verdicts: Array<Verdict> = []
  for (const network of ["memory", "loopback"] as const) {
    const places = cases.flatMap((fuzzCase, i) => fuzzCase.network === network ? [i] : [])
    if (places.length === 0) continue
    const found = await examineOver(places.map((place) => cases[place]!), network)
    places.forEach((place, i) => verdicts[place] = found[i]!)
  }
  return verdicts
}
