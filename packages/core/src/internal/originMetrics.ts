/**
 * The metrics of one origin in one pool. A metric finds its series by the array of labels it is given: the same array costs a
 * hundredth of an equal one, which is hashed again. So each array is made once.
 *
 * @internal
 */
import type * as MetricLabel from "effect/MetricLabel"
import type { Origin } from "../Origin.js"
import type { PoolSettings } from "../PoolConfig.js"
import * as PoolMetrics from "../PoolMetrics.js"
import { knownMethods } from "./requestMethods.js"

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

/** Of `request.duration` at one origin: a server can send 900 different statuses. */
const maxSeries = 64

/** How a request ended that has no error of the pool. */
export type OtherEnd = "Interrupted" | "_OTHER"

export class OriginMetrics {
  /** Series of `request.duration`. */
  private series = 0
  private readonly labels: Labels
  private readonly active: Labels
  private readonly idle: Labels
  private readonly failureLabels = new Map<string, Labels>()
  private readonly closeLabels = new Map<string, Labels>()
  private readonly methods = new Map<string, MethodMetrics>()
  private latest: MethodMetrics

  constructor(labels: Labels) {
    this.labels = labels
    this.active = [...labels, PoolMetrics.label("http.connection.state", "active")]
    this.idle = [...labels, PoolMetrics.label("http.connection.state", "idle")]
    this.latest = this.method("GET")
  }

  // --- what goes up and down --------------------------------------------------------------------------------------------------

  moveActive(by: number): void {
    PoolMetrics.openConnections.unsafeUpdate(by, this.active)
  }

  moveIdle(by: number): void {
    PoolMetrics.openConnections.unsafeUpdate(by, this.idle)
  }

  movePending(by: number): void {
    PoolMetrics.pendingRequests.unsafeUpdate(by, this.labels)
  }

  /** Limits add up, too: an origin's of its TLS identities, and those of pools with one name. */
  moveLimits(maxConnections: number, maxIdle: number): void {
    PoolMetrics.maxConnections.unsafeModify(maxConnections, this.labels)
    PoolMetrics.maxIdleConnections.unsafeModify(maxIdle, this.labels)
  }

  learned(seconds: number): void {
    PoolMetrics.learnedIdleLimit.unsafeUpdate(seconds, this.labels)
  }

  // --- connections ------------------------------------------------------------------------------------------------------------

  opened(seconds: number): void {
    PoolMetrics.connectionsCreated.unsafeUpdate(1, this.labels)
    PoolMetrics.connectionCreateTime.unsafeUpdate(seconds, this.labels)
  }

  closed(reason: string, seconds: number): void {
    PoolMetrics.connectionsClosed.unsafeUpdate(1, remembered(this.closeLabels, this.labels, "reason", reason))
    PoolMetrics.connectionDuration.unsafeUpdate(seconds, this.labels)
  }

  granted(seconds: number): void {
    PoolMetrics.connectionWaitTime.unsafeUpdate(seconds, this.labels)
  }

  released(seconds: number): void {
    PoolMetrics.connectionUseTime.unsafeUpdate(seconds, this.labels)
  }

  leftQueue(seconds: number): void {
    PoolMetrics.requestTimeInQueue.unsafeUpdate(seconds, this.labels)
  }

  leakSuspected(): void {
    PoolMetrics.leaksSuspected.unsafeUpdate(1, this.labels)
    // Both are there from the first suspicion on: a difference of two series needs both.
    PoolMetrics.leaksRetracted.unsafeUpdate(0, this.labels)
  }

  leakRetracted(): void {
    PoolMetrics.leaksRetracted.unsafeUpdate(1, this.labels)
  }

  // --- requests ---------------------------------------------------------------------------------------------------------------

  requested(reused: boolean): void {
    PoolMetrics.requests.unsafeUpdate(1, this.labels)
    if (reused) PoolMetrics.connectionsReused.unsafeUpdate(1, this.labels)
  }

  repeated(): void {
    PoolMetrics.repeats.unsafeUpdate(1, this.labels)
  }

  received(bytes: number): void {
    PoolMetrics.received.unsafeUpdate(bytes, this.labels)
  }

  failed(tag: string): void {
    PoolMetrics.failures.unsafeUpdate(1, remembered(this.failureLabels, this.labels, "error.type", tag))
    if (tag === "AcquireTimeout") PoolMetrics.connectionTimeouts.unsafeUpdate(1, this.labels)
  }

  /** Most requests have the method of the one before. */
  ofMethod(method: string): MethodMetrics {
    if (this.latest.of !== method) this.latest = this.method(method)
    return this.latest
  }

  private method(method: string): MethodMetrics {
    const name = knownMethods.has(method) ? method : "_OTHER"
    let metrics = this.methods.get(name)
    if (metrics === undefined) {
      metrics = new MethodMetrics(name, this.labels, this)
      this.methods.set(name, metrics)
    }
    return metrics
  }

  /** Whether there may be one more series. */
  admitsSeries(): boolean {
    return this.series++ < maxSeries
  }
}

/** Those of requests with one method. */
export class MethodMetrics {
  private readonly labels: Labels
  private readonly endLabels = new Map<string | number, Labels>()
  private latestStatus = 0
  private latestLabels: Labels
  private readonly origin: OriginMetrics
  readonly of: string

  constructor(method: string, origin: Labels, metrics: OriginMetrics) {
    this.of = method
    this.labels = [...origin, PoolMetrics.label("http.request.method", method)]
    this.latestLabels = this.labels
    this.origin = metrics
  }

  started(): void {
    PoolMetrics.activeRequests.unsafeUpdate(1, this.labels)
  }

  completed(status: number, seconds: number): void {
    if (status !== this.latestStatus) {
      this.latestLabels = this.labelsOf(status, status, status >= 400 ? String(status) : undefined)
      this.latestStatus = status
    }
    this.ended(seconds, this.latestLabels)
  }

  /** `status` where the headers had come. */
  failed(error: string, status: number | undefined, seconds: number): void {
    this.ended(seconds, this.labelsOf(status === undefined ? error : `${error} ${status}`, status, error))
  }

  private ended(seconds: number, labels: Labels): void {
    PoolMetrics.activeRequests.unsafeUpdate(-1, this.labels)
    PoolMetrics.requestDuration.unsafeUpdate(seconds, labels)
  }

  private labelsOf(key: string | number, status: number | undefined, error: string | undefined): Labels {
    const known = this.endLabels.get(key)
    if (known !== undefined) return known
    if (status !== undefined && !this.origin.admitsSeries()) return this.labelsOfMany(error)
    return this.add(key, status === undefined ? undefined : String(status), error)
  }

  /** Of whatever is too much to be told apart. */
  private labelsOfMany(error: string | undefined): Labels {
    // A status from 400 on is an error type of its own.
    const type = error !== undefined && /^\d/.test(error) ? "_OTHER" : error
    const key = `_OTHER ${type}`
    return this.endLabels.get(key) ?? this.add(key, "_OTHER", type)
  }

  private add(key: string | number, status: string | undefined, error: string | undefined): Labels {
    const labels = [
      ...this.labels,
      ...(status === undefined ? [] : [PoolMetrics.label("http.response.status_code", status)]),
      ...(error === undefined ? [] : [PoolMetrics.label("error.type", error)])
    ]
    this.endLabels.set(key, labels)
    return labels
  }
}

const remembered = (cache: Map<string, Labels>, labels: Labels, key: string, value: string): Labels => {
  let all = cache.get(value)
  if (all === undefined) {
    all = [...labels, PoolMetrics.label(key, value)]
    cache.set(value, all)
  }
  return all
}

type MetricSettings = Pick<PoolSettings, "name" | "maxMetricOrigins" | "metricOriginTags">

/** Gives each origin its metrics, up to a number of origins. Effect 3 cannot remove a series, so that it counts for ever. */
export class MetricsCache {
  private readonly known = new Map<string, OriginMetrics>()
  private others: OriginMetrics | undefined = undefined
  private readonly settings: MetricSettings

  constructor(settings: MetricSettings) {
    this.settings = settings
  }

  of(origin: Origin): OriginMetrics {
    const { maxMetricOrigins, metricOriginTags } = this.settings
    if (!metricOriginTags) return this.others ??= this.make([])
    const known = this.known.get(origin.href)
    if (known !== undefined) return known
    if (this.known.size >= maxMetricOrigins) {
      return this.others ??= this.make([PoolMetrics.label("server.address", "_OTHER")])
    }
    const metrics = this.make([
      PoolMetrics.label("server.address", origin.host),
      PoolMetrics.label("server.port", String(origin.port)),
      PoolMetrics.label("url.scheme", origin.scheme)
    ])
    this.known.set(origin.href, metrics)
    return metrics
  }

  private make(origin: Labels): OriginMetrics {
    return new OriginMetrics([PoolMetrics.label("http.client.connection.pool.name", this.settings.name), ...origin])
  }
}
