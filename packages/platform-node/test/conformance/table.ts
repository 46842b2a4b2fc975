// The verdicts for people.
import type { Verdict } from "./case.js"

export interface Row {
  readonly theme: string
  readonly name: string
  /** In the order of the columns. */
  readonly verdicts: ReadonlyArray<Verdict>
}

const codes = { red: 31, green: 32, yellow: 33, bold: 1 }

export type Paint = (text: string, color: keyof typeof codes) => string

/** Colours on a terminal that has them; Node knows NO_COLOR and its kin. */
export const paintFor = (stream: NodeJS.WriteStream): Paint =>
  stream.isTTY && stream.hasColors() ? (text, color) => `\u001b[${codes[color]}m${text}\u001b[0m` : (text) => text

const colors = { pass: "green", FAIL: "red", hangs: "yellow" } as const

/** Footnotes by number, each reason once. */
class Footnotes {
  readonly reasons: Array<string> = []

  mark({ reason }: Verdict): string {
    if (reason === "") return ""
    if (!this.reasons.includes(reason)) this.reasons.push(reason)
    return ` ${this.reasons.indexOf(reason) + 1}`
  }
}

export const table = (columns: ReadonlyArray<string>, rows: ReadonlyArray<Row>, paint: Paint): string => {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length)) + 4
  const footnotes = new Footnotes()
  const line = (name: string, cells: ReadonlyArray<string>) => `${name.padEnd(nameWidth)}${cells.join("  ")}`.trimEnd()
  const cell = (verdict: Verdict, column: string) => {
    const text = `${verdict.verdict}${footnotes.mark(verdict)}`
    return paint(text, colors[verdict.verdict]) + " ".repeat(Math.max(0, column.length - text.length))
  }
  const lines = [line("", columns)]
  for (const theme of new Set(rows.map((row) => row.theme))) {
    lines.push("", paint(theme, "bold"))
    for (const { name, verdicts } of rows.filter((row) => row.theme === theme)) {
      lines.push(line(`  ${name}`, verdicts.map((verdict, index) => cell(verdict, columns[index]!))))
    }
  }
  const passed = columns.map((column, index) =>
    `${rows.filter(({ verdicts }) => verdicts[index]!.verdict === "pass").length} of ${rows.length}`.padEnd(
      column.length
    )
  )
  const notes = footnotes.reasons.map((reason, index) => `${String(index + 1).padStart(3)}  ${reason}`)
  return [...lines, "", line("passed", passed), "", ...notes].join("\n")
}
