/**
 * What the inspector answers at which path. The page is mounted here, beside the others.
 *
 * @internal
 */
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as PrometheusText from "../PrometheusText.js"
import { toJson } from "./json.js"
import type { Live } from "./live.js"
import { page } from "./page.js"
import { answer, message } from "./serverSentEvents.js"

const json = (value: unknown): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${toJson(value)}\n`, { contentType: "application/json" })

const html = HttpServerResponse.text(page.html, {
  contentType: "text/html; charset=utf-8",
  headers: { "content-security-policy": page.contentSecurityPolicy }
})

const notFound = HttpServerResponse.text(
  "There is /, /stats, /connections, /diagnosis, /events, /metrics and /live.\n",
  { status: 404 }
)

export interface Parts {
  readonly pool: ConnectionPool.Service
  readonly live: Live
  /** Ends the answers that last: a server waits for them before it closes. */
  readonly closing: Effect.Effect<void>
  readonly metrics: PrometheusText.Options
}

export const routes = ({ closing, live, metrics, pool }: Parts): HttpApp.Default => {
  const stream = (messages: Stream.Stream<string>) => answer(Stream.interruptWhen(messages, closing))
  const events = Stream.map(pool.events, (event) => message(event._tag, toJson(event)))
  return HttpRouter.empty.pipe(
    HttpRouter.get("/", Effect.succeed(html)),
    HttpRouter.get("/stats", Effect.map(pool.stats, json)),
    HttpRouter.get("/connections", Effect.map(pool.connections, json)),
    HttpRouter.get("/diagnosis", Effect.map(pool.diagnose, json)),
    HttpRouter.get("/events", Effect.succeed(stream(events))),
    HttpRouter.get("/metrics", PrometheusText.app(metrics)),
    HttpRouter.get("/live", Effect.succeed(stream(live.stream))),
    Effect.catchTag("RouteNotFound", () => Effect.succeed(notFound))
  )
}
