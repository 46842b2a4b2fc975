/** What the tests of the metrics have in common. Metrics are of the whole process, so each story has names of its own for its pools. */
import { Effect, Metric, MetricState } from "effect"

let names = 0
export const newName = () => `story ${names++}`

/** All series of a pool with their states, by `metric{attributes but the pool's name and the unit}`. */
export const statesOf = (poolName: string) =>
  Effect.map(Metric.snapshot, (pairs) => {
    const series: Record<string, unknown> = {}
    for (const { metricKey, metricState } of pairs) {
      const tags = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
      const { ["http.client.connection.pool.name"]: name, unit: _, ...rest } = tags
      if (name === poolName) series[`${metricKey.name}${JSON.stringify(rest)}`] = metricState
    }
    return series
  })

/** Their values, without those that are 0; of a histogram how many were observed. */
export const seriesOf = (poolName: string) =>
  Effect.map(statesOf(poolName), (states) => {
    const values = Object.entries(states).map(([series, state]) => {
      const { count, value } = state as { readonly count?: number; readonly value?: number }
      return [series, count ?? value ?? NaN] as const
    })
    return Object.fromEntries(values.filter(([, value]) => value !== 0))
  })

/** The seconds that one histogram has observed, together. */
export const secondsOf = (poolName: string, series: string) =>
  Effect.map(statesOf(poolName), (states) => {
    const state = states[series]
    return MetricState.isHistogramState(state) ? state.sum : undefined
  })

export const server = { "server.address": "server.test", "server.port": "80", "url.scheme": "http" }

export const key = (metric: string, tags: Readonly<Record<string, string>> = {}, origin: object = server) =>
  `${metric}${JSON.stringify({ ...origin, ...tags })}`

/** Of what goes up and down, and of limits: what is not 0. */
export const shownOf = (poolName: string) =>
  Effect.map(
    seriesOf(poolName),
    (series) => Object.keys(series).filter((name) => /open_connections|pending|active_requests|max|limit/.test(name))
  )
