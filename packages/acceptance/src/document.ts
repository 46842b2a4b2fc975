// docs/acceptance.md, which the run writes.
import * as fs from "node:fs"
import type { Outcome } from "./acceptance.js"
import { cellsOf, columns, summary, warnings, where } from "./table.js"

/** Below the root of the repository, where npm starts the run. */
const file = "docs/acceptance.md"

const line = (cells: ReadonlyArray<string>): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`

export const text = (outcome: Outcome): string =>
  `# Acceptance

Every figure that was reported of the system which this one replaces, measured again through \`ConnectionPoolCore\`, on loopback,
the servers in a process of their own. Written by \`npm run acceptance\`; \`then\` is what was reported.

${where(outcome)}. ${outcome.seconds} s of load.

${[...warnings(outcome), summary(outcome)].join("\n")}

${line(columns)}
${line(columns.map(() => "---"))}
${outcome.rows.map((row) => line(cellsOf(row))).join("\n")}

## How each was measured, and what else there was to see

${outcome.rows.map(({ name, profile }) => `- **${name}**: ${profile.join(" ")}`).join("\n")}
`

export const write = (outcome: Outcome): void => fs.writeFileSync(file, text(outcome))
