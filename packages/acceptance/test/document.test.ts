import { expect, it } from "vitest"
import type { Outcome } from "../src/acceptance.js"
import { text } from "../src/document.js"
import type { Row } from "../src/row.js"

const row: Row = {
  name: "leaked sockets",
  target: "0",
  then: "0",
  now: "2 | 3",
  good: false,
  profile: ["Two by the system's count.", "Three at the servers."]
}

const outcome: Outcome = {
  date: "2026-01-02 03:04 UTC",
  commit: "0123456789ab",
  machine: { cpu: "a processor", cores: 2, node: "v20.0.0", system: "Linux", placed: true, load: 3 },
  measured: "dist",
  seconds: 60,
  rows: [row, { ...row, name: "reuse", now: "99 %", good: true }]
}

it("the document says where it was measured, what speaks against it, and what is missed", () => {
  const document = text(outcome)
  expect(document).toContain(
    "2026-01-02 03:04 UTC, commit 0123456789ab; a processor, 2 cores, Linux, Node v20.0.0, load 3.00"
  )
  expect(document).toContain("The machine was busy before the run (load 3.00 on 2 cores).")
  expect(document).toContain("One of 2 rows is missed.")
  expect(document).toContain("| leaked sockets | 0 | 0 | 2 \\| 3 | MISSED |\n| reuse | 0 | 0 | 99 % | good |\n")
  expect(document).toContain("- **leaked sockets**: Two by the system's count. Three at the servers.\n")
  expect(text({ ...outcome, machine: { ...outcome.machine, placed: true, load: 0.5 } })).not.toContain("busy")
})
