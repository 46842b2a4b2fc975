/**
 * Names of OpenTelemetry as Prometheus has them, by the rules of OpenTelemetry's specification ("Prometheus and OpenMetrics
 * compatibility").
 *
 * @internal
 */

/** The units of UCUM that metrics of programs have; others are taken as they are. */
const units: Readonly<Record<string, string>> = {
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  min: "minutes",
  h: "hours",
  d: "days",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  "%": "percent",
  // No unit, by which a ratio is meant; it has no word where things are counted.
  "1": ""
}

const clean = (name: string): string => name.replace(/[^A-Za-z0-9_]+/g, "_").replace(/_{2,}/g, "_")

/** A name does not start with a digit. */
const started = (name: string): string => (/^\d/.test(name) ? `_${name}` : name)

/** What stands in braces says what is counted, and is no unit. */
const unitWord = (unit: string): string => units[unit] ?? clean(unit.replace(/\{.*?\}/g, "")).replace(/^_|_$/g, "")

const ending = (name: string, end: string): string => (end === "" || name.endsWith(`_${end}`) ? name : `${name}_${end}`)

/** The name of a metric, with its unit, and `_total` for what only goes up. */
export const metricName = (name: string, unit: string | undefined, isMonotonic: boolean): string => {
  const base = started(clean(name)).replace(/_total$/, "")
  const withUnit = ending(base, unit === undefined ? "" : unitWord(unit))
  return isMonotonic ? ending(withUnit, "total") : withUnit
}

/** The name of a label; those with two underscores at their beginning are Prometheus' own. */
export const labelName = (name: string): string => started(clean(name))
