// `pnpm conformance [--json]`: every case over every client, and what came of it. Fails if ours fails any.
import * as Effect from "effect/Effect"
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { type Case, type Contender, fault, type Verdict, verdictOf } from "./conformance/case.js"
import { themes } from "./conformance/cases.js"
import { contenders, ours } from "./conformance/contenders.js"
import { paintFor, table } from "./conformance/table.js"

const cases = themes.flatMap(({ cases, name }) => cases.map((testCase) => ({ theme: name, testCase })))

/** What a client throws where nobody can catch it counts against the case that runs. */
let crash = (_error: unknown): void => {}

const judge = (contender: Contender, testCase: Case): Promise<Verdict> =>
  new Promise((resolve) => {
    crash = (error) => resolve({ verdict: "FAIL", reason: `thrown where nobody can catch it: ${fault(error).reason}` })
    void Effect.runPromise(verdictOf(contender, testCase)).then((verdict) => setImmediate(resolve, verdict))
  })

/** In a process of its own: the clients do not disturb each other, and what one leaves open ends with it. */
const judgeAll = async (contender: Contender) => {
  process.on("uncaughtException", (error) => crash(error))
  const verdicts: Array<Verdict> = []
  for (const { testCase } of cases) verdicts.push(await judge(contender, testCase))
  process.send!(verdicts, () => process.exit())
}

const ask = ({ name }: Contender): Promise<ReadonlyArray<Verdict>> =>
  new Promise((resolve, reject) => {
    fork(fileURLToPath(import.meta.url), [name], { timeout: 50_000 })
      .once("message", (verdicts) => resolve(verdicts as ReadonlyArray<Verdict>))
      .once("exit", () => reject(new Error(`the process of ${name} ended before its cases did`)))
  })

const report = async () => {
  const verdicts = await Promise.all(contenders.map(ask))
  const columns = contenders.map(({ name }) => name)
  const rows = cases.map(({ testCase, theme }, index) => ({
    theme,
    name: testCase.name,
    verdicts: verdicts.map((column) => column[index]!)
  }))
  const named = rows.map(({ verdicts, ...row }) => ({
    ...row,
    verdicts: Object.fromEntries(columns.map((column, index) => [column, verdicts[index]]))
  }))
  const asJson = process.argv.includes("--json")
  console.log(asJson ? JSON.stringify(named, undefined, 2) : table(columns, rows, paintFor(process.stdout)))
  if (named.some(({ verdicts }) => verdicts[ours.name]?.verdict !== "pass")) process.exitCode = 1
}

const contender = contenders.find(({ name }) => name === process.argv[2])
await (contender === undefined ? report() : judgeAll(contender))
