// The check of docs/reliability.md finds a row that is missing, and a test that is not there or has not passed.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { describe, it } from "node:test"
import * as promises from "./promises.mjs"
import { fromRoot } from "./workspace.mjs"

const file = "packages/core/test/a.test.ts"
const link = (title) => `[${title}](../${file})`
const every = [...promises.contracts, ...promises.cases, ...promises.sufferings]

/** A document in which every row names the test "holds", but for those that are given. */
const documentWith = (cells = {}) =>
  every.filter((name) => cells[name] !== null)
    .map((name) => `| ${name} | what happens | ${cells[name] ?? link("holds")} |`)
    .join("\n")

const reportOf = (...tests) => ({
  testResults: [{
    name: path.join(fromRoot(), file),
    assertionResults: [["holds", "passed"], ...tests].map(([title, status, ...ancestorTitles]) => ({
      ancestorTitles,
      status,
      title
    }))
  }]
})

const faults = (document, ...tests) =>
  promises.faultsOf(promises.rowsOf(document), promises.testsOfReport(reportOf(...tests), fromRoot()))

describe("a document", () => {
  it("whose every row names a test that passed has no fault", () => {
    assert.deepEqual(faults(documentWith()), [])
  })

  it("without a row is told which", () => {
    assert.deepEqual(faults(documentWith({ C7: null, N26: null })), ["C7: has no row", "N26: has no row"])
  })

  it("with a row twice, or of a number that nothing has, is told so", () => {
    const document = `${documentWith()}\n| N3 | again | ${link("holds")} |\n| N27 | more | ${link("holds")} |`
    assert.deepEqual(faults(document), ["N3: has two rows", "N27: nothing has that number"])
  })

  it("with a row that names no test is told so; what users suffer from may be out of scope, with the reason", () => {
    const reason = "out of scope because it is"
    assert.deepEqual(faults(documentWith({ N1: reason, S1: reason, S2: "some day", S3: "out of scope because" })), [
      "N1: names no test",
      "S2: names no test",
      "S3: names no test"
    ])
  })

  it("that names a test or a file that is not there is told so", () => {
    const elsewhere = "[is kept](../packages/core/test/b.test.ts)"
    assert.deepEqual(faults(documentWith({ C1: `${link("holds")}; ${link("hold")}`, N2: elsewhere })), [
      `C1: ${file} has no test "hold"`,
      "N2: packages/core/test/b.test.ts has no tests"
    ])
  })

  it("that names a test that has moved is told where it is now", () => {
    const before = "[holds](../packages/core/test/b.test.ts)"
    assert.deepEqual(faults(documentWith({ N2: before })), [
      `N2: packages/core/test/b.test.ts has no tests; ${file} has it`
    ])
  })

  for (const status of ["failed", "skipped", "pending", "todo"]) {
    it(`that names a test that is ${status} is told so`, () => {
      const report = [["breaks", status, "a pool"]]
      assert.deepEqual(faults(documentWith({ N9: link("breaks") }), ...report), [
        `N9: ${file}: "breaks" did not pass, it is ${status}`
      ])
    })
  }

  it("may name what a test is in, and must where two have the same title and one of them fails", () => {
    const report = [["closes", "passed", "a pool", "idle"], ["closes", "failed", "a pool", "busy"]]
    assert.deepEqual(faults(documentWith({ N9: link("idle > closes") }), ...report), [])
    assert.deepEqual(faults(documentWith({ N9: link("closes") }), ...report), [
      `N9: ${file}: "closes" did not pass, it is failed`
    ])
  })

  it("writes brackets, bars and backslashes of a title behind a backslash", () => {
    assert.deepEqual(faults(documentWith({ N9: link("a \\[b\\] \\| \\\\r") }), ["a [b] | \\r", "passed"]), [])
  })
})

describe("a contract", () => {
  it("is named only by a test that passed, and only by its whole number", () => {
    const tests = promises.testsOfReport(
      reportOf(["C1 holds", "passed"], ["C2", "failed"], ["C34", "passed"]),
      fromRoot()
    )
    assert.deepEqual(promises.unnamed(["C1", "C2", "C3"], tests), ["C2", "C3"])
  })
})

describe("the text of a test file", () => {
  const source = `
    const table = [["an odd one"]]
    describe("a pool", () => {
      it("holds", () => {})
      it.effect(\`closes after \${seconds} s\`, () => {})
      it.each(table)("is %s, or $name", () => {})
      it.each(table)("%s", () => {})
      call(\`\${anything}\`)
    })`
  const [test] = promises.testsOfSource(file, source)

  for (
    const title of ["holds", "a pool > holds", "closes after 5 s", "is a, or b", "an odd one", "a pool > an odd one"]
  ) {
    it(`may have a test "${title}"`, () => assert.ok(test.says(title)))
  }
  for (const title of ["hold", "closes after", "another", "no pool > holds", "is a"]) {
    it(`has no test "${title}"`, () => assert.ok(!test.says(title)))
  }
})

describe("npm run contracts -- --names", () => {
  const check = (document) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "contracts-"))
    try {
      fs.writeFileSync(path.join(dir, "reliability.md"), document)
      const script = fromRoot("scripts", "contracts.mjs")
      const args = [script, "--names", "--document", path.join(dir, "reliability.md")]
      return spawnSync(process.execPath, args, { encoding: "utf8" })
    } finally {
      fs.rmSync(dir, { recursive: true })
    }
  }
  const document = fs.readFileSync(fromRoot("docs", "reliability.md"), "utf8")

  it("finds every test that docs/reliability.md names", () => {
    const { status, stderr, stdout } = check(document)
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" })
    assert.match(stdout, /85 rows name \d+ tests, which exist/)
  })

  it("fails when a row is lost, and when a title has changed", () => {
    const [first] = /^\| N1 \|.*$/m.exec(document)
    const lost = check(document.replace(`${first}\n`, ""))
    assert.equal(lost.status, 1)
    assert.match(lost.stderr, /reliability\.md, N1: has no row\n$/)
    const changed = check(document.replace(first, first.replace("[", "[it is said that ")))
    assert.equal(changed.status, 1)
    assert.match(changed.stderr, /reliability\.md, N1: packages\/.*\.test\.ts has no test "it is said that /)
  })
})
