// docs/operations: what it asks for is there, under the names of today.
import { PoolMetrics } from "@connection-pool/core"
import { PrometheusText } from "@connection-pool/inspector"
import { expect, it } from "@effect/vitest"
import { Effect, Metric, Predicate } from "effect"
import { dashboard, expressions, fileOf, page, rules, table } from "./support/operations.js"
import { promtool } from "./support/prometheus.js"

/** All metrics of the pool as Prometheus knows them, by name with their kind. */
const known = Effect.gen(function*() {
  for (const value of Object.values(PoolMetrics)) {
    if (Predicate.hasProperty(value, Metric.MetricTypeId)) value.register()
  }
  const text = yield* PrometheusText.render()
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", kind = ""]) => [name, kind]))
})

const labels = new Set(["job", "instance", "le", ...[...table.values()].flatMap((metric) => metric.labels)])

/** The metrics that an expression asks for. */
const namesIn = (expr: string) =>
  [...expr.matchAll(/\bhttp_[a-z_]+/g)].map(([name]) => name).filter((name) => !labels.has(name))

/** The labels by which it groups and selects. */
const labelsIn = (expr: string) => [
  ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = ""]) => names.split(/,\s*/)),
  ...[...expr.matchAll(/([a-z_]+)=~?"/g)].map(([, name = ""]) => name)
]

/** Under which a metric's values are asked for. */
const seriesOf = ([name, kind]: readonly [string, string]) =>
  kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]

it.effect("every metric that the dashboard, the rules and the page ask for is one of the pool's", () =>
  Effect.gen(function*() {
    const series = new Set([...yield* known].flatMap(seriesOf))
    const unknown = expressions.flatMap(({ expr, place }) =>
      namesIn(expr).filter((name) => !series.has(name)).map((name) => `${place}: ${name}`)
    )
    expect(unknown).toEqual([])
    expect(expressions.flatMap(({ expr }) => labelsIn(expr)).filter((label) => !labels.has(label))).toEqual([])
    expect(expressions.length).toBeGreaterThan(40)
  }))

it.effect("every metric of the pool is on the dashboard and in the page's table, with its kind", () =>
  Effect.gen(function*() {
    const metrics = yield* known
    const shown = new Set(dashboard.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => namesIn(expr))))
    expect([...metrics].filter((metric) => !seriesOf(metric).some((name) => shown.has(name)))).toEqual([])
    expect(new Map(Array.from(table, ([name, { kind }]) => [name, kind]))).toEqual(metrics)
  }))

it("the dashboard's panels have a place and an id of their own, and ask only by its variables", () => {
  const { panels, templating } = dashboard
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + i % w},${y + Math.floor(i / w)}`)
  )
  expect(new Set(cells).size).toBe(cells.length)
  expect(Math.max(...panels.map(({ gridPos: { w, x } }) => x + w))).toBe(24)
  const variables = templating.list.map(({ name }) => name)
  expect(variables).toEqual(["datasource", "job", "pool", "origin"])
  const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]+)\b/g)].map(([, name = ""]) => name)
  expect(used.filter((name) => !variables.includes(name))).toEqual([])
  for (const { title, type, ...panel } of panels.filter(({ type }) => type !== "row")) {
    expect(panel, title).toMatchObject({ datasource: { type: "prometheus", uid: "${datasource}" } })
    expect(panel.targets, title).not.toHaveLength(0)
  }
})

it("every alert names a chapter of the page", () => {
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replaceAll(" ", "-"))
  for (const { alert, annotations } of rules) {
    expect(anchors.map((anchor) => `docs/operations/README.md#${anchor}`), alert).toContain(annotations["runbook"])
  }
})

it.effect("promtool takes the rules, and each fires at the values that it should, and at no others", (ctx) =>
  Effect.gen(function*() {
    const check = yield* promtool(ctx, ["check", "rules", fileOf("alerts.yml")])
    expect(check.output).toContain(`SUCCESS: ${rules.length} rules found`)
    const test = yield* promtool(ctx, ["test", "rules", fileOf("alerts.test.yml")])
    expect(test).toMatchObject({ code: 0, output: expect.stringContaining("SUCCESS") })
  }))
