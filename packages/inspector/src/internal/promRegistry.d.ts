/** What is used of prom-client's registry; the types of prom-client know it by the package's whole only. */
declare module "prom-client/lib/registry.js" {
  export interface PromSample {
    /** Where it is not the metric's name. */
    readonly metricName?: string
    /** Written before those that are shared. */
    readonly labels?: Readonly<Record<string, string>>
    /** Written once for each object. */
    readonly sharedLabels: Readonly<Record<string, string>>
    readonly value: number
  }

  export interface PromMetric {
    readonly name: string
    readonly help: string
    readonly type: "counter" | "gauge" | "histogram" | "summary"
    readonly values: ReadonlyArray<PromSample>
    readonly get: () => Promise<PromMetric>
  }

  export default class Registry {
    static readonly PROMETHEUS_CONTENT_TYPE: string
    registerMetric(metric: PromMetric): void
    getSingleMetricAsString(name: string): Promise<string>
  }
}
