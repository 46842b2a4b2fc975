// The client of an `HttpApi`, derived from its definition, on a pool: a path parameter, a JSON payload and a typed error.
// The API and its handlers know nothing of the pool; one layer decides how requests travel.
import { ConnectionPool } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiSchema,
  HttpServer
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Array, Console, Effect, Layer, Option, Ref, Schema } from "effect"
import { createServer } from "node:http"
import { runMain } from "./support/runMain.js"

export class Task extends Schema.Class<Task>("Task")({ id: Schema.Int, title: Schema.String }) {}

export class TaskNotFound extends Schema.TaggedError<TaskNotFound>()(
  "TaskNotFound",
  { id: Schema.Int },
  HttpApiSchema.annotations({ status: 404 })
) {}

const idParam = HttpApiSchema.param("id", Schema.NumberFromString.pipe(Schema.int()))

export class Api extends HttpApi.make("todo").add(
  HttpApiGroup.make("tasks")
    .add(
      HttpApiEndpoint.post("create", "/tasks")
        .setPayload(Schema.Struct({ title: Schema.NonEmptyString }))
        .addSuccess(Task, { status: 201 })
    )
    .add(HttpApiEndpoint.get("byId")`/tasks/${idParam}`.addSuccess(Task).addError(TaskNotFound))
) {}

const TasksLive = HttpApiBuilder.group(
  Api,
  "tasks",
  (handlers) =>
    Effect.map(Ref.make(Array.empty<Task>()), (tasks) =>
      handlers
        .handle("create", ({ payload }) =>
          Ref.modify(tasks, (all) => {
            const task = new Task({ id: all.length, title: payload.title })
            return [task, [...all, task]]
          }))
        .handle("byId", ({ path: { id } }) =>
          Effect.flatMap(tasks, (all) =>
            Option.match(Array.get(all, id), {
              onNone: () => new TaskNotFound({ id }),
              onSome: Effect.succeed
            }))))
)

export const ServerLive = HttpApiBuilder.serve().pipe(
  Layer.provide(HttpApiBuilder.api(Api)),
  Layer.provide(TasksLive),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

const titles = ["read the README", "open a pool", "count its connections", "close it"]

/** Nine calls; at most two of them are under way at the same time, since the pool has two connections. */
export const program = (baseUrl: string) =>
  Effect.gen(function*() {
    const { tasks } = yield* HttpApiClient.make(Api, { baseUrl })
    const created = yield* Effect.forEach(titles, (title) => tasks.create({ payload: { title } }), {
      concurrency: "unbounded"
    })
    const found = yield* Effect.forEach(created, ({ id }) => tasks.byId({ path: { id } }), {
      concurrency: "unbounded"
    })
    // The error's type comes from the API: `TaskNotFound` here, besides those of HTTP itself.
    const missing = yield* tasks.byId({ path: { id: 404 } }).pipe(
      Effect.as("found"),
      Effect.catchTag("TaskNotFound", ({ id }) => Effect.succeed(`there is no task ${id}`))
    )
    const pool = yield* ConnectionPool.ConnectionPool
    const { opened, requests } = yield* pool.stats
    return { created, found, missing, opened, requests }
  }).pipe(Effect.provide(NodeConnectionPool.layerHttpClient({ maxConnectionsPerOrigin: 2 })))

export const main = HttpServer.addressFormattedWith(program).pipe(Effect.provide(ServerLive))

runMain(
  import.meta.url,
  Effect.flatMap(main, ({ found, missing, opened, requests }) =>
    Console.log([
      ...found.map(({ id, title }) => `task ${id}: ${title}`),
      missing,
      `${requests} requests, ${opened} connections`
    ].join("\n")))
)
