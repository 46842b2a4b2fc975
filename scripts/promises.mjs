// What is promised, what the tests are called, and whether each promise has its tests. See contracts.mjs.
import path from "node:path"
import ts from "typescript"

const numbered = (letter, count) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`)

/** The contracts of docs/DESIGN.md, the nastiest cases, and what users of other pools suffer from. */
export const contracts = numbered("C", 12)
export const cases = numbered("N", 26)
export const sufferings = numbered("S", 47)

/** Between the titles of a test and of what it is in. */
const separator = " > "

const plain = (markdown) => markdown.replace(/\\(.)/g, "$1")

/**
 * The rows of a document's tables that begin with such a name, each with what its last cell holds: links to tests, whose text is
 * the test's title, and, where there is none, the reason.
 */
export const rowsOf = (markdown) =>
  markdown.split("\n").flatMap((line) => {
    const [, name] = /^\| *([CNS]\d+) *\|/.exec(line) ?? []
    if (name === undefined) return []
    const cell = line.replace(/ *\| *$/, "").split(/(?<!\\)\|/).at(-1).trim()
    const links = [...cell.matchAll(/\[((?:\\.|[^\]\\])+)\]\(([^)\s]+)\)/g)]
      .map(([, title, file]) => ({ title: plain(title), file: path.posix.join("docs", file) }))
    return [{ name, links, reason: /^out of scope because \S/.test(cell) ? cell : undefined }]
  })

/** The tests that vitest's JSON report tells of. */
export const testsOfReport = ({ testResults }, root) =>
  testResults.flatMap(({ assertionResults, name }) => {
    const file = path.relative(root, name).split(path.sep).join("/")
    return assertionResults.map(({ ancestorTitles, status, title }) => {
      const titles = [...ancestorTitles, title].join(separator)
      return { file, status, says: (text) => titles === text || titles.endsWith(`${separator}${text}`), titles }
    })
  })

const isTitleOf = (node) =>
  ts.isCallExpression(node.parent) && node.parent.arguments[0] === node &&
  /^(it|test|describe)\b/.test(node.parent.expression.getText())

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** What a title may turn out to be: `${…}` of a template, and `%s` and `$name` of `each`, are anything. */
const patternOf = (node, text) => {
  const pieces = ts.isTemplateExpression(node)
    ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
    : text.split(/%[sdifjoO#]|\$[\w.]+/)
  return pieces.some((piece) => piece.trim() !== "")
    ? new RegExp(`^${pieces.map(escaped).join(".*")}$`, "s")
    : undefined
}

/** What the tests of a file may be called, as far as its text tells: no test is run for it. */
export const testsOfSource = (file, source) => {
  const texts = new Set()
  const patterns = []
  const visit = (node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const text = ts.isTemplateExpression(node) ? node.getText() : node.text
      if (!ts.isTemplateExpression(node)) texts.add(text)
      const pattern = isTitleOf(node) ? patternOf(node, text) : undefined
      if (pattern !== undefined) patterns.push(pattern)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true))
  const knows = (title) => texts.has(title) || patterns.some((pattern) => pattern.test(title))
  const says = (text) => knows(text) || text.split(separator).every(knows)
  return [{ file, status: "passed", says, titles: [...texts].join("\n") }]
}

const faultOf = ({ file, title }, tests) => {
  const there = tests.filter((test) => test.file === file)
  const meant = there.filter(({ says }) => says(title))
  if (meant.length === 0) {
    const elsewhere = tests.find(({ says }) => says(title))?.file
    const fault = there.length === 0 ? `${file} has no tests` : `${file} has no test "${title}"`
    return elsewhere === undefined ? fault : `${fault}; ${elsewhere} has it`
  }
  const bad = meant.find(({ status }) => status !== "passed")
  return bad === undefined ? undefined : `${file}: "${title}" did not pass, it is ${bad.status}`
}

/** What is wrong with the rows: one sentence each. */
export const faultsOf = (rows, tests) => {
  const expected = [...contracts, ...cases, ...sufferings]
  const missing = expected.filter((name) => !rows.some((row) => row.name === name)).map((name) => `${name}: has no row`)
  const faults = rows.flatMap(({ links, name, reason }, index) => [
    ...(expected.includes(name) ? [] : [`${name}: nothing has that number`]),
    ...(rows.findIndex((row) => row.name === name) === index ? [] : [`${name}: has two rows`]),
    ...(links.length > 0 || (reason !== undefined && sufferings.includes(name)) ? [] : [`${name}: names no test`]),
    ...links.flatMap((link) => faultOf(link, tests) ?? []).map((fault) => `${name}: ${fault}`)
  ])
  return [...missing, ...faults]
}

/** Those of the names, such as C2 or L7, that no passed test has in its title. */
export const unnamed = (names, tests) =>
  names.filter((name) =>
    !tests.some(({ status, titles }) => status === "passed" && new RegExp(`\\b${name}\\b`).test(titles))
  )
