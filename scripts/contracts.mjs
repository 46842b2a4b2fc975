// Fails when a contract of docs/DESIGN.md, or a law of the machine, is named by no passed test. Reads vitest's JSON report:
//
//   npm test -- --reporter=json --outputFile=reports/vitest.json && node scripts/contracts.mjs
import { tsImport } from "tsx/esm/api"
import { fromRoot, readJson } from "./workspace.mjs"

const contracts = Array.from({ length: 12 }, (_, index) => `C${index + 1}`)

const { laws } = await tsImport("../packages/core/src/machine/invariant.ts", import.meta.url)

const titles = readJson(process.argv[2] ?? fromRoot("reports", "vitest.json")).testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => status === "passed")
  .map(({ fullName }) => fullName)

const isNamed = (name) => titles.some((title) => new RegExp(`\\b${name}\\b`).test(title))

const unnamedContracts = contracts.filter((name) => !isNamed(name))
const unnamedLaws = laws.filter((law) => !isNamed(/^L\d+/.exec(law)[0]))

for (const name of unnamedContracts) console.error(`no passed test names the contract ${name}`)
for (const law of unnamedLaws) console.error(`no passed test names the law ${law}`)
if (unnamedContracts.length + unnamedLaws.length > 0) process.exit(1)
console.log(`${contracts.length} contracts and ${laws.length} laws are named by tests`)
