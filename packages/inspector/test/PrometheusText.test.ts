import { ConnectionPool } from "@connection-pool/core"
import { PrometheusText } from "@connection-pool/inspector"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpApp, HttpRouter } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Effect, Metric, MetricBoundaries } from "effect"
import { ask } from "./support/ask.js"
import { countingServer } from "./support/countingServer.js"
import { inspected } from "./support/inspected.js"
import { promtool } from "./support/prometheus.js"

/** What is written of the metrics with this beginning. */
const linesOf = (prefix: string) =>
  Effect.map(
    PrometheusText.render({ metrics: "all" }),
    (text) => text.split("\n").filter((line) => line.replace(/^# (HELP|TYPE) /, "").startsWith(prefix))
  )

it.effect("a counter that only goes up ends with _total, one that goes down too is a gauge", () =>
  Effect.gen(function*() {
    yield* Metric.incrementBy(Metric.counter("a.up", { description: "Only up", incremental: true }), 3)
    yield* Metric.incrementBy(Metric.counter("a.total", { description: "Has it", incremental: true }), 4)
    yield* Metric.incrementBy(Metric.counter("a.both", { description: "Up and down", bigint: true }), -5n)
    yield* Metric.set(Metric.gauge("a.level", { description: "A level" }), 0.5)
    expect(yield* linesOf("a_")).toEqual([
      "# HELP a_both Up and down",
      "# TYPE a_both gauge",
      "a_both -5",
      "# HELP a_level A level",
      "# TYPE a_level gauge",
      "a_level 0.5",
      "# HELP a_total Has it",
      "# TYPE a_total counter",
      "a_total 4",
      "# HELP a_up_total Only up",
      "# TYPE a_up_total counter",
      "a_up_total 3"
    ])
  }))

it.effect("a unit ends the name and is no label", () =>
  Effect.gen(function*() {
    const count = (name: string, unit: string) =>
      Metric.increment(Metric.tagged(Metric.counter(name, { incremental: true }), "unit", unit))
    yield* count("b.received", "By")
    yield* count("b.things", "{thing}")
    yield* count("b.wait_seconds", "s")
    yield* count("b.share", "1")
    yield* count("b.odd", "m/s")
    const samples = (yield* linesOf("b_")).filter((line) => !line.startsWith("#"))
    expect(samples).toEqual([
      "b_odd_m_s_total 1",
      "b_received_bytes_total 1",
      "b_share_total 1",
      "b_things_total 1",
      "b_wait_seconds_total 1"
    ])
  }))

it.effect("the buckets of a histogram add up to its count, whatever its last bound", () =>
  Effect.gen(function*() {
    const seconds = Metric.histogram("c.time", MetricBoundaries.fromIterable([0.005, 0.1]), "A time")
    const time = Metric.tagged(seconds, "unit", "s")
    yield* Effect.forEach([0.005, 0.05, 7, 8], (value) => Metric.update(time, value))
    expect(yield* linesOf("c_")).toEqual([
      "# HELP c_time_seconds A time",
      "# TYPE c_time_seconds histogram",
      "c_time_seconds_bucket{le=\"0.005\"} 1",
      "c_time_seconds_bucket{le=\"0.1\"} 2",
      "c_time_seconds_bucket{le=\"+Inf\"} 4",
      "c_time_seconds_sum 15.055",
      "c_time_seconds_count 4"
    ])
  }))

it.effect("frequencies are counters by key, summaries have their quantiles", () =>
  Effect.gen(function*() {
    yield* Metric.update(Metric.frequency("d.word", { description: "Words" }), "yes")
    const summary = Metric.summary({ name: "d.age", maxAge: "1 minute", maxSize: 10, error: 0, quantiles: [0.5] })
    yield* Metric.update(summary, 3)
    expect((yield* linesOf("d_")).filter((line) => !line.startsWith("# HELP"))).toEqual([
      "# TYPE d_age summary",
      "d_age{quantile=\"0.5\"} 3",
      "d_age_sum 3",
      "d_age_count 1",
      "# TYPE d_word_total counter",
      "d_word_total{key=\"yes\"} 1"
    ])
  }))

it.effect("quotes, backslashes and line ends of labels and descriptions are escaped, names cleaned", () =>
  Effect.gen(function*() {
    const odd = Metric.gauge("e.größe", { description: "a \\ b\nc" }).pipe(
      Metric.tagged("server.address", "a\"b\\c\nd"),
      Metric.tagged("server-address", "again"),
      Metric.tagged("__name__", "mine"),
      Metric.tagged("1st", "digit"),
      Metric.tagged("constructor", "plain")
    )
    yield* Metric.set(odd, 1)
    const lines = yield* linesOf("e_")
    expect(lines[0]).toBe("# HELP e_gr_e a \\\\ b\\nc")
    expect(lines[2]).toContain("server_address=\"a\\\"b\\\\c\\nd;again\"")
    expect(lines[2]).toContain("_name_=\"mine\"")
    expect(lines[2]).toContain("_1st=\"digit\"")
    expect(lines[2]).toContain("constructor=\"plain\"")
    expect(lines).toHaveLength(3)
  }))

it.effect("of two metrics of one name and another kind, or of the same labels, the first is written: both would spoil the whole", () =>
  Effect.gen(function*() {
    yield* Metric.set(Metric.gauge("f.x"), 1)
    yield* Metric.incrementBy(Metric.counter("f_x"), 7)
    const histogram = Metric.histogram("f.x", MetricBoundaries.fromIterable([1]))
    yield* Metric.update(Metric.tagged(histogram, "a", "b"), 1)
    const lines = yield* linesOf("f_")
    expect(lines).toEqual(["# HELP f_x f.x", "# TYPE f_x gauge", "f_x 1"])
  }))

it.live("the event loop turns between two metrics: requests do not wait for the whole text of many", () =>
  Effect.gen(function*() {
    let turns = 0
    let counting = setImmediate(function count() {
      turns++
      counting = setImmediate(count)
    })
    const text = yield* PrometheusText.render({ metrics: "all" })
    clearImmediate(counting)
    const metrics = text.match(/^# TYPE /gm)?.length
    expect(metrics).toBeGreaterThan(10)
    expect(turns).toBeGreaterThanOrEqual(metrics! - 1)
  }))

it.scopedLive("promtool finds nothing to complain of in what a pool counts, and only that is written by default", (ctx) =>
  Effect.gen(function*() {
    const { origin } = yield* countingServer
    const pool = yield* ConnectionPool.ConnectionPool
    yield* Effect.forEach(Array.from({ length: 20 }), () => pool.execute({ url: `${origin}/a` }), { concurrency: 5 })
    yield* Effect.flip(pool.execute({ url: "http://127.0.0.1:1/" }))
    const text = yield* PrometheusText.render()
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(names).toContain("http_client_request_duration_seconds")
    expect(names.filter((name) => !name?.startsWith("http_client_"))).toEqual([])
    expect(yield* promtool(ctx, ["check", "metrics"], text)).toEqual({ code: 0, output: "" })
    // Of everything in this process it has opinions about names, and still understands it.
    const all = yield* promtool(ctx, ["check", "metrics"], yield* PrometheusText.render({ metrics: "all" }))
    expect(all.output).not.toContain("error while linting")
  }).pipe(Effect.provide(NodeConnectionPool.layer({ maxConnectionsPerOrigin: 2 }))))

it.scopedLive("/metrics is the text, under its media type, of the pool alone or of the whole program", () =>
  Effect.gen(function*() {
    yield* Metric.increment(Metric.counter("g.mine", { incremental: true }))
    const { pool, port } = yield* inspected()
    yield* pool.execute({ url: "http://metrics.test/" })
    const { headers, status, text } = yield* ask(port, "/metrics")
    expect(status).toBe(200)
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8")
    expect(text).toMatch(/^http_client_pool_requests_total\{.*server_address="metrics.test".*\} 1$/m)
    expect(text).not.toContain("g_mine")
    const everything = yield* inspected({ metrics: "all" })
    expect((yield* ask(everything.port, "/metrics")).text).toContain("\ng_mine_total 1\n")
  }))

it.effect("a router of one's own has the metrics alone, whatever the name by which it is asked", () =>
  Effect.gen(function*() {
    const router = HttpRouter.empty.pipe(HttpRouter.get("/metrics", PrometheusText.app({ metrics: "all" })))
    yield* Metric.increment(Metric.counter("h.mine", { incremental: true }))
    const request = new Request("http://10.2.3.4/metrics", { headers: { host: "10.2.3.4" } })
    const response = yield* Effect.promise(() => HttpApp.toWebHandler(router)(request))
    expect(response.headers.get("content-type")).toBe(PrometheusText.contentType)
    expect(yield* Effect.promise(() => response.text())).toContain("\nh_mine_total 1\n")
  }))
