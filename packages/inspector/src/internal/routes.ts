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
import { answer, message } from "./serverSentEvents.js"

const json = (value: unknown): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${toJson(value)}\n`, { contentType: "application/json" })

const notFound = HttpServerResponse.text("There is /, /stats, /connections, /events and /metrics.\n", { status: 404 })

const metrics = (options: PrometheusText.Options): HttpApp.Default =>
  Effect.map(
    PrometheusText.render(options),
    (text) => HttpServerResponse.text(text, { contentType: PrometheusText.contentType })
  )

/** `closing` ends the answers that last: a server waits for them before it closes. */
export const routes = (
  pool: ConnectionPool.Service,
  closing: Effect.Effect<void>,
  options: PrometheusText.Options
): HttpApp.Default =>
  HttpRouter.empty.pipe(
    HttpRouter.get("/stats", Effect.map(pool.stats, json)),
    HttpRouter.get("/connections", Effect.map(pool.connections, json)),
    HttpRouter.get(
      "/events",
      Effect.sync(() =>
        answer(pool.events.pipe(
          Stream.map((event) => message(event._tag, toJson(event))),
          Stream.interruptWhen(closing)
        ))
      )
    ),
    HttpRouter.get("/metrics", metrics(options)),
    Effect.catchTag("RouteNotFound", () => Effect.succeed(notFound))
  )
