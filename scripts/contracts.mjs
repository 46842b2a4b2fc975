// Fails when a contract of docs/DESIGN.md, or a law of the machine, is named by no passed test; and when docs/reliability.md has no
// row for a contract, for one of the nastiest cases or for what users of other pools suffer from, or names a test that does not
// exist or has not passed. Reads vitest's JSON report:
//
//   npm test -- --reporter=json --outputFile=reports/vitest.json && npm run contracts
//
// `npm run contracts -- --names` runs nothing and reads the tests' text instead: it knows what is there, not what passes.
import fs from "node:fs"
import path from "node:path"
import { parseArgs } from "node:util"
import { tsImport } from "tsx/esm/api"
import * as promises from "./promises.mjs"
import { fromRoot, readJson, walk } from "./workspace.mjs"

const { values: options } = parseArgs({
  options: {
    names: { type: "boolean", default: false },
    report: { type: "string", default: fromRoot("reports", "vitest.json") },
    document: { type: "string", default: fromRoot("docs", "reliability.md") }
  }
})

const namesOnly = () =>
  fs.readdirSync(fromRoot("packages"))
    .map((name) => fromRoot("packages", name, "test"))
    .filter((dir) => fs.existsSync(dir))
    .flatMap(walk)
    .filter((file) => file.endsWith(".test.ts"))
    .flatMap((file) =>
      promises.testsOfSource(
        path.relative(fromRoot(), file).split(path.sep).join("/"),
        fs.readFileSync(file, "utf8")
      )
    )

const tests = options.names ? namesOnly() : promises.testsOfReport(readJson(options.report), fromRoot())
const rows = promises.rowsOf(fs.readFileSync(options.document, "utf8"))
const { laws } = await tsImport("../packages/core/src/machine/invariant.ts", import.meta.url)
const lawNames = laws.map((law) => /^L\d+/.exec(law)[0])

const faults = [
  ...promises.unnamed(promises.contracts, tests).map((name) => `no passed test names the contract ${name}`),
  ...promises.unnamed(lawNames, tests).map((name) => `no passed test names the law ${name}`),
  ...promises.faultsOf(rows, tests).map((fault) => `${path.relative(fromRoot(), options.document)}, ${fault}`)
]

for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exit(1)
const links = rows.flatMap((row) => row.links).length
console.log(
  `${promises.contracts.length} contracts and ${laws.length} laws are named by tests; ` +
    `${rows.length} rows name ${links} tests, which ${options.names ? "exist" : "passed"}`
)
