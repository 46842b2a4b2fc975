// What the demo claims, and whether it is so.
import type { Summary, TargetSummary } from "./summary.js"
import { count, percent } from "./words.js"

export interface Check {
  readonly name: string
  readonly ok: boolean
  /** The figures. */
  readonly found: string
}

const demandedReuse = 98.65

const each = (targets: ReadonlyArray<TargetSummary>, figures: (target: TargetSummary) => string): string =>
  targets.map((target) => `${target.name} ${figures(target)}`).join(", ")

const noErrors = ({ targets }: Summary): Check => {
  const failed = targets.reduce((sum, { requests }) => sum + requests.failed + requests.interrupted, 0)
  return { name: "errors", ok: failed === 0, found: count(failed) }
}

const noLeaks = ({ leaks }: Summary): Check => ({
  name: "leaks",
  ok: leaks.total === 0,
  found: count(leaks.total)
})

/** Few requests cannot reach it: then the best that they can reach is demanded. */
const reuse = ({ targets }: Summary): Check => ({
  name: "reuse",
  ok: targets.every((target) => target.reusePercent >= Math.min(demandedReuse, target.bestReusePercent)),
  found: each(
    targets,
    (target) => `${percent(target.reusePercent)} >= ${percent(Math.min(demandedReuse, target.bestReusePercent))}`
  )
})

const noSurplus = ({ targets }: Summary): Check => ({
  name: "opened = accepted = needed",
  ok: targets.every(({ sockets }) =>
    sockets.openedByPool === sockets.acceptedByServer && sockets.openedByPool === sockets.mostNeededAtOnce
  ),
  found: each(
    targets,
    ({ sockets }) =>
      `${count(sockets.openedByPool)} = ${sockets.acceptedByServer ?? "unknown"} = ${count(sockets.mostNeededAtOnce)}`
  )
})

/**
 * How often a server closes its connections is its own business, so reuse is demanded of the embedded ones only. Where the
 * signal came while the pool was dialling, it opened less than was needed, and the server may have accepted more.
 */
const checksFor = ({ embeddedServers, stoppedBy }: Summary) => {
  if (!embeddedServers) return [noErrors, noLeaks]
  return stoppedBy === null ? [noErrors, noLeaks, reuse, noSurplus] : [noErrors, noLeaks, reuse]
}

export const judge = (summary: Summary): ReadonlyArray<Check> => checksFor(summary).map((check) => check(summary))
