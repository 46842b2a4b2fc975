// An application's own service: it waits for a report that a slow server makes, asks every so often, repeats what fails, and gives
// up in the end. It needs an `HttpClient` and nothing else, so test/testing.test.ts can test all of it without a socket or a second.
import { ConnectionPool, PooledHttpClient } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { HttpClient, HttpClientRequest, HttpClientResponse, HttpServer } from "@effect/platform"
import type { Duration } from "effect"
import { Console, Data, Effect, Schedule, Schema } from "effect"
import { ReportsLive } from "./support/reports.js"
import { runMain } from "./support/runMain.js"

export const Report = Schema.Struct({
  state: Schema.Literal("running", "done"),
  text: Schema.optionalWith(Schema.String, { exact: true })
})

export class ReportTooSlow extends Data.TaggedError("ReportTooSlow")<{ readonly id: string }> {}

export interface ReportsOptions {
  readonly baseUrl: string
  readonly every: Duration.DurationInput
  readonly giveUpAfter: Duration.DurationInput
}

export class Reports extends Effect.Service<Reports>()("examples/Reports", {
  effect: Effect.fnUntraced(function*({ baseUrl, every, giveUpAfter }: ReportsOptions) {
    const client = (yield* HttpClient.HttpClient).pipe(
      HttpClient.mapRequest(HttpClientRequest.prependUrl(baseUrl)),
      HttpClient.filterStatusOk,
      // This client only asks: a request may be repeated whatever became of it. safeRetry.ts shows what to do where it may not.
      HttpClient.retryTransient({ mode: "errors-only", schedule: Schedule.exponential("100 millis"), times: 3 })
    )

    const ask = (id: string) =>
      client.get(`/reports/${id}`).pipe(
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Report)),
        PooledHttpClient.withOptions({ timeout: "2 seconds" }) // for each attempt, waiting for a connection included
      )

    const untilDone = Schedule.recurUntil(({ state }: typeof Report.Type) => state === "done").pipe(
      Schedule.addDelay(() => every)
    )

    /** The text of a report, once it is done. */
    const text = (id: string) =>
      Effect.repeat(ask(id), untilDone).pipe(
        Effect.map((report) => report.text ?? ""),
        Effect.timeoutFail({ duration: giveUpAfter, onTimeout: () => new ReportTooSlow({ id }) })
      )

    return { text }
  })
}) {}

export const program = Effect.gen(function*() {
  const reports = yield* Reports
  const text = yield* reports.text("weekly")
  const pool = yield* ConnectionPool.ConnectionPool
  const { opened, requests } = yield* pool.stats
  return { text, opened, requests }
})

export const main = HttpServer.addressFormattedWith((baseUrl) =>
  Effect.provide(program, Reports.Default({ baseUrl, every: "50 millis", giveUpAfter: "1 minute" }))
).pipe(
  Effect.provide(NodeConnectionPool.layerHttpClient()),
  Effect.provide(ReportsLive)
)

runMain(
  import.meta.url,
  Effect.flatMap(
    main,
    ({ opened, requests, text }) => Console.log(`${text}\n${requests} requests, ${opened} connection`)
  )
)
