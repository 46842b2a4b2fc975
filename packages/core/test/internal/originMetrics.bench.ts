// What the metrics of one request on a connection used before cost, and its durations in the statistics: every update, and nothing else.
import * as Either from "effect/Either"
import { bench, describe } from "vitest"
import { DurationCounts } from "../../src/internal/durationCounts.js"
import { MetricsCache } from "../../src/internal/originMetrics.js"
import * as Origin from "../../src/Origin.js"

const origins = new MetricsCache({ name: "bench", maxMetricOrigins: 100, metricOriginTags: true })

const metricsOf = (host: string) => origins.of(Either.getOrThrow(Origin.parse(`http://${host}`)))

const request = (metrics: ReturnType<typeof metricsOf>, method: string, status: number): void => {
  const ofMethod = metrics.ofMethod(method)
  ofMethod.started()
  metrics.moveIdle(-1)
  metrics.moveActive(1)
  metrics.granted(0.000_01)
  metrics.requested(true)
  metrics.received(250)
  metrics.released(0.002)
  metrics.moveActive(-1)
  metrics.moveIdle(1)
  ofMethod.completed(status, 0.002)
}

const one = metricsOf("one.test")
const many = Array.from({ length: 50 }, (_, index) => metricsOf(`host${index}.test`))
const methods = ["GET", "POST"]
const statuses = [200, 404]
let turn = 0

describe("the metrics of a request", () => {
  bench("of one origin", () => request(one, "GET", 200))
  bench("of 50 origins in turn, two methods and two statuses", () => {
    turn++
    request(many[turn % 50]!, methods[turn & 1]!, statuses[(turn >> 1) & 1]!)
  })
})

describe("the durations of a request in the statistics", () => {
  const scales = [DurationCounts.three(), DurationCounts.three()]
  bench("of its origin and of the pool", () => {
    turn++
    for (const [, waits, reuses] of scales) {
      waits.add(0.01 + 0.001 * (turn & 1023))
      reuses.add(0.01 + 0.001 * (turn & 1023))
    }
  })
})
