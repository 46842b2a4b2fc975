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

interface Family {
  readonly name: string
  readonly help: string
  readonly type: PromMetric["type"]
  readonly values: Array<PromSample>
  /** The series that are there: Prometheus refuses one that comes twice. */
  readonly series: Set<string>
}

/** Effect's counters may be bigints, which prom-client takes for infinite. */
const number = (value: number | bigint): number => Number(value)

const kindOf = ({ metricKey: { keyType } }: MetricPair.MetricPair.Untyped): PromMetric["type"] | undefined => {
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
  { metricName: `${name}_sum`, labels, value: sum },
  { metricName: `${name}_count`, labels, value: count }
]

const samplesOf = (name: string, labels: Labels, state: MetricState.MetricState.Untyped): ReadonlyArray<PromSample> => {
  if (MetricState.isCounterState(state)) return [{ labels, value: number(state.count) }]
  if (MetricState.isGaugeState(state)) return [{ labels, value: number(state.value) }]
  if (MetricState.isFrequencyState(state)) {
    return Array.from(state.occurrences, ([key, value]) => ({ labels: { ...labels, key }, value }))
  }
  if (MetricState.isHistogramState(state)) {
    const bucket = (bound: number, value: number): PromSample => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: bound === Infinity ? "+Inf" : String(bound) },
      value
    })
    // Effect's last bound may be infinite or not; Prometheus wants it, and wants it to be the count.
    const buckets = state.buckets.filter(([bound]) => bound !== Infinity).map(([bound, value]) => bucket(bound, value))
    return [...buckets, bucket(Infinity, state.count), ...distribution(name, labels, state.sum, state.count)]
  }
  if (MetricState.isSummaryState(state)) {
    const quantiles = state.quantiles.map(([quantile, value]) => ({
      labels: { ...labels, quantile: String(quantile) },
      value: Option.getOrElse(value, () => NaN)
    }))
    return [...quantiles, ...distribution(name, labels, state.sum, state.count)]
  }
  return []
}

/** One family for each name, by name. */
const familiesOf = (pairs: ReadonlyArray<MetricPair.MetricPair.Untyped>): ReadonlyArray<Family> => {
  const families = new Map<string, Family>()
  for (const pair of pairs) {
    const { metricKey, metricState } = pair
    const type = kindOf(pair)
    if (type === undefined) continue
    const name = metricName(metricKey.name, metricKey.tags.find(isUnit)?.value, type === "counter")
    let family = families.get(name)
    if (family === undefined) {
      const help = Option.getOrElse(metricKey.description, () => metricKey.name)
      family = { name, help, type, values: [], series: new Set() }
      families.set(name, family)
    }
    const labels = labelsOf(metricKey.tags)
    const series = JSON.stringify(Object.entries(labels).sort())
    if (family.type !== type || family.series.has(series)) continue
    family.series.add(series)
    family.values.push(...samplesOf(name, labels, metricState))
  }
  return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The media type of what `write` writes. */
export const contentType: string = Registry.PROMETHEUS_CONTENT_TYPE

/** The metrics as text. */
export const write = (pairs: ReadonlyArray<MetricPair.MetricPair.Untyped>): Promise<string> => {
  const registry = new Registry()
  for (const { help, name, type, values } of familiesOf(pairs)) {
    const metric: PromMetric = { name, help, type, values, get: () => Promise.resolve(metric) }
    registry.registerMetric(metric)
  }
  return registry.metrics()
}
