/**
 * Effect's metrics as metrics of prom-client, which writes them. Its registry is imported by itself: the package's whole takes 60 ms
 * and more to load, for classes that count by themselves, and knows Node.js.
 *
 * @internal
 */
/// <reference path="./promRegistry.d.ts" />
import * as MetricKeyType from "effect/MetricKeyType"
import type * as MetricLabel from "effect/MetricLabel"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"
import type { PromMetric, PromSample } from "prom-client/lib/registry.js"
import Registry from "prom-client/lib/registry.js"
import { labelName, metricName } from "./prometheusNames.js"

type Labels = Readonly<Record<string, string>>

type Kind = "counter" | "gauge" | "histogram" | "summary"

type Pair = MetricPair.MetricPair.Untyped

/** What is written together. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: Kind
  readonly pairs: Array<Pair>
}

/** Effect's counters may be bigints, which prom-client takes for infinite. */
const number = (value: number | bigint): number => Number(value)

const kindOf = ({ metricKey: { keyType } }: Pair): Kind | undefined => {
  if (MetricKeyType.isCounterKey(keyType)) return keyType.incremental ? "counter" : "gauge"
  if (MetricKeyType.isFrequencyKey(keyType)) return "counter"
  if (MetricKeyType.isGaugeKey(keyType)) return "gauge"
  if (MetricKeyType.isHistogramKey(keyType)) return "histogram"
  return MetricKeyType.isSummaryKey(keyType) ? "summary" : undefined
}

/** The unit is part of the name, and no label. */
const isUnit = ({ key }: MetricLabel.MetricLabel): boolean => key === "unit" || key === "time_unit"

const labelsOf = (tags: ReadonlyArray<MetricLabel.MetricLabel>): Labels => {
  const labels: Record<string, string> = {}
  for (const tag of tags) {
    if (isUnit(tag)) continue
    const name = labelName(tag.key)
    labels[name] = Object.hasOwn(labels, name) ? `${labels[name]};${tag.value}` : tag.value
  }
  return labels
}

const distribution = (name: string, labels: Labels, sum: number, count: number): ReadonlyArray<PromSample> => [
  { metricName: `${name}_sum`, sharedLabels: labels, value: sum },
  { metricName: `${name}_count`, sharedLabels: labels, value: count }
]

const samplesOf = (name: string, labels: Labels, state: MetricState.MetricState.Untyped): ReadonlyArray<PromSample> => {
  if (MetricState.isCounterState(state)) return [{ sharedLabels: labels, value: number(state.count) }]
  if (MetricState.isGaugeState(state)) return [{ sharedLabels: labels, value: number(state.value) }]
  if (MetricState.isFrequencyState(state)) {
    return Array.from(state.occurrences, ([key, value]) => ({ labels: { key }, sharedLabels: labels, value }))
  }
  if (MetricState.isHistogramState(state)) {
    const bucket = (bound: number, value: number): PromSample => ({
      metricName: `${name}_bucket`,
      labels: { le: bound === Infinity ? "+Inf" : String(bound) },
      sharedLabels: labels,
      value
    })
    // Effect's last bound may be infinite or not; Prometheus wants it, and wants it to be the count.
    const buckets = state.buckets.filter(([bound]) => bound !== Infinity).map(([bound, value]) => bucket(bound, value))
    return [...buckets, bucket(Infinity, state.count), ...distribution(name, labels, state.sum, state.count)]
  }
  if (MetricState.isSummaryState(state)) {
    const quantiles = state.quantiles.map(([quantile, value]) => ({
      labels: { quantile: String(quantile) },
      sharedLabels: labels,
      value: Option.getOrElse(value, () => NaN)
    }))
    return [...quantiles, ...distribution(name, labels, state.sum, state.count)]
  }
  return []
}

/** One family for each name, by name. A metric of that name and another kind is left out: it would spoil the whole text. */
export const familiesOf = (pairs: ReadonlyArray<Pair>): ReadonlyArray<Family> => {
  const names = new Map<string, string>()
  const families = new Map<string, Family>()
  for (const pair of pairs) {
    const { metricKey } = pair
    const type = kindOf(pair)
    if (type === undefined) continue
    const unit = metricKey.tags.find(isUnit)?.value
    const id = `${type} ${unit} ${metricKey.name}`
    let name = names.get(id)
    if (name === undefined) names.set(id, name = metricName(metricKey.name, unit, type === "counter"))
    let family = families.get(name)
    if (family === undefined) {
      const help = Option.getOrElse(metricKey.description, () => metricKey.name)
      families.set(name, family = { name, help, type, pairs: [] })
    }
    if (family.type === type) family.pairs.push(pair)
  }
  return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Prometheus refuses a series that comes twice. */
const valuesOf = ({ name, pairs }: Family): ReadonlyArray<PromSample> => {
  const values = new Map<string, ReadonlyArray<PromSample>>()
  for (const { metricKey, metricState } of pairs) {
    const labels = labelsOf(metricKey.tags)
    const series = JSON.stringify(Object.entries(labels).sort())
    if (!values.has(series)) values.set(series, samplesOf(name, labels, metricState))
  }
  return [...values.values()].flat()
}

/** The media type of the text. */
export const contentType: string = Registry.PROMETHEUS_CONTENT_TYPE

/** A family as text, in a turn of the event loop of its own: 100 origins have 20,000 lines, and no request shall wait for them all. */
export const textOf = async (family: Family): Promise<string> => {
  await new Promise((resolve) => setTimeout(resolve, 0))
  const { help, name, type } = family
  const metric: PromMetric = { name, help, type, values: valuesOf(family), get: () => Promise.resolve(metric) }
  const registry = new Registry()
  registry.registerMetric(metric)
  return registry.getSingleMetricAsString(name)
}
