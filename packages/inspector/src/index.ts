/**
 * What a pool is doing, to look at with a browser or `curl`, and to be scraped: an `HttpApp` for a router of yours, or a layer that
 * serves it. It only reads, and answers only to names of this machine and those that you allow.
 *
 * | path | answer |
 * | --- | --- |
 * | `/` | a live page: origins, every connection, requests a second, latencies, who waits |
 * | `/stats` | `pool.stats` as JSON |
 * | `/connections` | `pool.connections` as JSON |
 * | `/diagnosis` | `pool.diagnose` as JSON: who holds the connections, and who waits for them |
 * | `/events` | `pool.events` as server-sent events, until the pool is closed; a slow reader loses the oldest and gets `Missed` |
 * | `/metrics` | the metrics of all pools of this process in the text format of Prometheus |
 * | `/live` | what the page is drawn from, four times a second, in 64 KB at most; made for it, and free to change with it |
 *
 * @since 0.1.0
 */
export * as Inspector from "./Inspector.js"

/**
 * Effect's metrics in the text format that Prometheus reads, with the names that OpenTelemetry's metrics have there.
 *
 * `http.client.request.duration` in seconds becomes `http_client_request_duration_seconds`, a counter that only goes up ends with
 * `_total`, one that goes up and down is a gauge, a label `server.address` becomes `server_address`. The text is written by
 * `prom-client`.
 *
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 * @since 0.1.0
 */
export * as PrometheusText from "./PrometheusText.js"
