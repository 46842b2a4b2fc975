// From cases to verdicts: runs them, explains what is intended, and finds the case behind what a whole batch has done.
import * as Batch from "./batch.js"
import type { FuzzCase } from "./fuzzCase.js"
import * as Intended from "./intended.js"
import * as Network from "./network.js"
import { judge, onlyWeAccept, onlyWeKeep, type Verdict } from "./verdict.js"

const runBatch = async (cases: ReadonlyArray<FuzzCase>, network: FuzzCase["network"]): Promise<Batch.Batch> =>
  Batch.run(cases, network === "memory" ? Network.inMemory() : await Network.overLoopback())

export interface Examined {
  readonly fuzzCase: FuzzCase
  readonly readings: Batch.Readings
  readonly verdict: Verdict
}

const mayBeIntended = ({ verdict }: Examined): boolean =>
  verdict.kind === "failure" && (verdict.symptom === onlyWeAccept || verdict.symptom === onlyWeKeep)

/** The verdicts, where what is intended is no failure. */
const explain = async (
  judged: ReadonlyArray<Examined>,
  network: FuzzCase["network"]
): Promise<ReadonlyArray<Examined>> => {
  const explained = [...judged]
  const suspects = judged.flatMap((one, index) => {
    const ours = one.readings.ours.reading
    const without = mayBeIntended(one) ? Intended.withoutCauses(one.fuzzCase, ours) : undefined
    return without === undefined ? [] : [{ index, ours, ...without }]
  })
  if (suspects.length === 0) return judged
  const { readings } = await runBatch(suspects.map(({ rest }) => rest), network)
  suspects.forEach(({ index, name, ours }, i) => {
    if (!Intended.explains(ours, readings[i]!.theirs)) return
    explained[index] = { ...judged[index]!, verdict: { kind: "intended", name } }
  })
  return explained
}

const leftBehind = (one: Examined, detail: string): Examined => ({
  ...one,
  verdict: { kind: "failure", symptom: "something is left behind", detail }
})

/** Whose fault it was shows when fewer run together: each half by itself. */
const examineHalves = async (
  cases: ReadonlyArray<FuzzCase>,
  network: FuzzCase["network"],
  complaint: string
): Promise<ReadonlyArray<Examined>> => {
  const middle = cases.length >> 1
  const halves = [
    ...await examineOver(cases.slice(0, middle), network),
    ...await examineOver(cases.slice(middle), network)
  ]
  if (halves.every(({ verdict }) => verdict.kind !== "failure")) {
    halves[0] = leftBehind(halves[0]!, `only together with others: ${complaint}`)
  }
  return halves
}

const examineOver = async (
  cases: ReadonlyArray<FuzzCase>,
  network: FuzzCase["network"]
): Promise<ReadonlyArray<Examined>> => {
  const { complaints, readings } = await runBatch(cases, network)
  const complaint = complaints.join("; ")
  if (complaints.length > 0 && cases.length > 1) return examineHalves(cases, network, complaint)
  const judged = cases.map((fuzzCase, i): Examined => {
    const { ours, theirs } = readings[i]!
    return { fuzzCase, readings: { ours, theirs }, verdict: judge(fuzzCase, ours, theirs) }
  })
  return complaints.length > 0 ? [leftBehind(judged[0]!, complaint)] : explain(judged, network)
}

/** One verdict for each case, in their order. */
export const examine = async (cases: ReadonlyArray<FuzzCase>): Promise<ReadonlyArray<Examined>> => {
  const examined: Array<Examined> = []
  for (const network of ["memory", "loopback"] as const) {
    const places = cases.flatMap((fuzzCase, i) => fuzzCase.network === network ? [i] : [])
    if (places.length === 0) continue
    const found = await examineOver(places.map((place) => cases[place]!), network)
    places.forEach((place, i) => examined[place] = found[i]!)
  }
  return examined
}
