/**
 * What the inspector answers at which path. `/metrics` and the page are mounted here, beside the others.
 *
 * @internal
 */
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { toJson } from "./json.js"
import { answer, message } from "./serverSentEvents.js"

const json = (value: unknown): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${toJson(value)}\n`, { contentType: "application/json" })

const notFound = HttpServerResponse.text("There is /, /stats, /connections and /events.\n", { status: 404 })

/** `closing` ends the answers that last: a server waits for them before it closes. */
export const routes = (pool: ConnectionPool.Service, closing: Effect.Effect<void>): HttpApp.Default =>
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
    Effect.catchTag("RouteNotFound", () => Effect.succeed(notFound))
  )
