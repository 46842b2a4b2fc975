// The summary for people.
import type { Check } from "./checks.js"
import * as Heap from "./heap.js"
import type { Percentiles } from "./percentiles.js"
import type { Leaks, Summary, TargetSummary } from "./summary.js"
import { count, kilobytes, milliseconds, percent } from "./words.js"

export type Paint = (text: string, color: "red" | "green") => string

const codes = { red: 31, green: 32 }

/** Colors on a terminal that has them; Node knows NO_COLOR and its kin. */
export const paintFor = (stream: NodeJS.WriteStream): Paint =>
  stream.isTTY && stream.hasColors() ? (text, color) => `\u001b[${codes[color]}m${text}\u001b[39m` : (text) => text

const unknown = "not available"

const known = (value: number | null, print: (value: number) => string = count): string =>
  value === null ? unknown : print(value)

interface Row {
  readonly label: string
  readonly cell: (target: TargetSummary) => string
  /** Default: always. */
  readonly shown?: (summary: Summary) => boolean
}

const wasStopped = ({ stoppedBy }: Summary): boolean => stoppedBy !== null
const isEmbedded = ({ embeddedServers }: Summary): boolean => embeddedServers

const percentileRows = (
  label: string,
  of: (target: TargetSummary) => Percentiles | null
): ReadonlyArray<Row> =>
  (["p50", "p90", "p99", "max"] as const).map((key) => ({
    label: `${label} ${key}, ms`,
    cell: (target) => known(of(target)?.[key] ?? null, milliseconds)
  }))

const statuses = ({ statuses }: TargetSummary): string =>
  Object.entries(statuses).map(([status, times]) => `${status}: ${count(times)}`).join("  ") || "none"

const rows: ReadonlyArray<Row> = [
  { label: "requests answered", cell: ({ requests }) => `${count(requests.answered)} of ${count(requests.planned)}` },
  { label: "  by the server's count", cell: ({ requests }) => known(requests.answeredByServer), shown: isEmbedded },
  { label: "  by status", cell: statuses },
  { label: "failed", cell: ({ requests }) => count(requests.failed) },
  { label: "withdrawn before they were sent", cell: ({ requests }) => count(requests.withdrawn), shown: wasStopped },
  { label: "interrupted", cell: ({ requests }) => count(requests.interrupted), shown: wasStopped },
  { label: "on a reused connection", cell: ({ reusePercent }) => percent(reusePercent) },
  { label: "sockets opened by the pool", cell: ({ sockets }) => count(sockets.openedByPool) },
  { label: "  accepted by the server", cell: ({ sockets }) => known(sockets.acceptedByServer), shown: isEmbedded },
  { label: "  most needed at once", cell: ({ sockets }) => count(sockets.mostNeededAtOnce) },
  ...percentileRows("connect time", ({ connectMilliseconds }) => connectMilliseconds),
  ...percentileRows("latency", ({ latencyMilliseconds }) => latencyMilliseconds),
  { label: "answers a second", cell: ({ requestsPerSecond }) => count(requestsPerSecond) },
  {
    label: "heap of an idle connection",
    cell: ({ heapBytesPerConnection }) => known(heapBytesPerConnection, kilobytes),
    shown: isEmbedded
  }
]

const table = (summary: Summary): ReadonlyArray<string> => {
  const cells = [
    ["", ...summary.targets.map(({ name }) => name)],
    ...rows
      .filter(({ shown }) => shown === undefined || shown(summary))
      .map(({ cell, label }) => [label, ...summary.targets.map(cell)])
  ]
  const widthOf = (column: number): number => Math.max(...cells.map((row) => row[column]?.length ?? 0))
  return cells.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widthOf(0)) : cell.padStart(widthOf(column))).join("   ")
  )
}

const failures = ({ targets }: Summary): ReadonlyArray<string> =>
  targets.flatMap((target) => [
    ...target.failures.map(({ count: times, kind, message }) =>
      `  ${target.name}: ${count(times)} × ${kind}: ${message}`
    ),
    ...(target.gaveUp
      ? [`  ${target.name}: gave up after ${count(target.requests.started)} requests, since nothing but failures came`]
      : [])
  ])

const leaks = (found: Leaks, embedded: boolean): ReadonlyArray<string> => {
  const handles = Object.entries(found.handlesOfProcess).map(([kind, times]) => `${times} ${kind}`).join(", ")
  return [
    `  sockets of this process, by /proc/self/fd   ${known(found.socketsOfProcess)}`,
    ...(embedded ? [`  sockets open at the servers                 ${known(found.socketsAtServer)}`] : []),
    `  connections by the pool's own count         ${count(found.connectionsOfPool)}`,
    `  handles that keep this process alive        ${handles || "0"}`
  ]
}

const checkLine = ({ found, name, ok }: Check, paint: Paint): string =>
  `  ${ok ? paint("ok    ", "green") : paint("NOT ok", "red")}  ${name}: ${found}`

const ending = ({ drain, stoppedBy }: Summary): ReadonlyArray<string> => {
  if (stoppedBy === null) return []
  if (drain === null) return ["", `Stopped by ${stoppedBy} while no request was running.`]
  const { answered, cutOff, elapsed } = drain
  return [
    "",
    `Stopped by ${stoppedBy}. The pool drained in ${milliseconds(elapsed)} ms:`,
    `${count(answered)} running requests ended, ${count(cutOff)} were cut off.`
  ]
}

const howHeapWasMeasured = [
  `Heap: measured in a second pool. JavaScript heap in use after garbage collection`,
  `with ${Heap.connections} connections idle, minus the same after they were closed, by ${Heap.connections}.`
]

export const print = (summary: Summary, checks: ReadonlyArray<Check>, paint: Paint): string => {
  const { callers, embeddedServers, maxConnectionsPerOrigin, targets } = summary
  const where = targets.map(({ origin }) => origin).join(" and ") || "nobody"
  const reasons = failures(summary)
  return [
    "",
    `JSON-RPC to ${where}`,
    ...(embeddedServers ? ["The servers run in a process of their own."] : []),
    `${count(callers)} callers at once, at most ${count(maxConnectionsPerOrigin)} connections to each server`,
    "",
    ...(targets.length === 0 ? ["Nothing was sent."] : table(summary)),
    ...(reasons.length === 0 ? [] : ["", "Failures", ...reasons]),
    ...ending(summary),
    "",
    "Left after the pool was closed, compared with before it was built",
    ...leaks(summary.leaks, embeddedServers),
    "",
    "Checks",
    ...checks.map((check) => checkLine(check, paint)),
    "",
    "Connect time: name look-up, TCP and TLS.",
    "Latency: from the call to the last byte, waiting for a connection included.",
    ...(embeddedServers ? howHeapWasMeasured : []),
    ""
  ].join("\n")
}
