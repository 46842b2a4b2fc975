// `npm start -- --inspect`: a gentle, changing load that goes on until the signal, and the inspector's page to watch it.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { InvalidOptions, PoolError } from "@connection-pool/core/PoolError"
import * as NodeInspector from "@connection-pool/inspector/NodeInspector"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { Options } from "./options.js"
import type { Progress } from "./progress.js"
import * as Server from "./server.js"
import type { StopSignal } from "./stopSignal.js"
import { targetsOf } from "./targets.js"
import { count } from "./words.js"

/** What became of a run. */
export interface Inspected {
  readonly stoppedBy: StopSignal
  readonly answered: number
  readonly failed: number
}

/** How much of the load there is at a time: it comes and goes once a minute, and never goes quite. */
const wave = (milliseconds: number): number => 0.1 + 0.45 * (1 - Math.cos((2 * Math.PI * milliseconds) / 60_000))

/** Mostly short, some long, as real servers are. */
const patience = Effect.map(
  Random.next,
  (chance) => chance > 0.97 ? 3_000 : Math.round(20 + 180 * (chance / 0.97) ** 3)
)

const rest = Effect.flatMap(Random.nextIntBetween(100, 500), (milliseconds) => Effect.sleep(milliseconds))

interface Tally {
  answered: number
  failed: number
}

/** Asks, rests, and asks again; those with high numbers only while the load is high. */
const caller = (
  pool: ConnectionPool.Service,
  urls: ReadonlyArray<URL>,
  number: number,
  callers: number,
  tally: Tally
): Effect.Effect<never> => {
  const ask = Effect.gen(function*() {
    const body = { jsonrpc: "2.0", id: number, method: "demo_sleep", params: [yield* patience] }
    yield* pool.execute({
      method: "POST",
      url: urls[number % urls.length]!,
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body)
    })
  })
  return Effect.gen(function*() {
    if (number < Math.ceil(callers * wave(yield* Clock.currentTimeMillis))) {
      yield* Effect.match(ask, { onSuccess: () => tally.answered++, onFailure: () => tally.failed++ })
    }
    yield* rest
  }).pipe(Effect.forever)
}

export const run = (
  options: Options,
  port: number,
  stop: Deferred.Deferred<StopSignal>,
  progress: Progress
): Effect.Effect<Inspected, Server.ServerFailed | InvalidOptions | PoolError | ServeError, Scope.Scope> =>
  Effect.gen(function*() {
    const server = options.url === undefined ? yield* Server.start : undefined
    const urls = targetsOf(options, server).map(({ url }) => url)
    const tally: Tally = { answered: 0, failed: 0 }
    const load = Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      const address = yield* HttpServer.addressFormattedWith(Effect.succeed)
      yield* progress.note(`The pool at work: ${address}/ (Ctrl-C ends it)`)
      yield* progress.note(`The same for programs: /stats, /connections, /diagnosis, /events and /metrics`)
      const callers = Effect.forEach(
        Array.from({ length: options.callers }),
        (_, number) => caller(pool, urls, number, options.callers, tally),
        { concurrency: "unbounded", discard: true }
      )
      return yield* Effect.raceFirst(Deferred.await(stop), Effect.zipRight(callers, Effect.never))
    })
    const stoppedBy = yield* load.pipe(
      Effect.provide(
        NodeInspector.layer({ port }).pipe(
          Layer.provideMerge(NodeConnectionPool.layer({
            name: "demo",
            maxConnectionsPerOrigin: options.connections,
            tls: server === undefined ? undefined : { ca: server.ca }
          }))
        )
      )
    )
    return { stoppedBy, ...tally }
  })

export const print = ({ answered, failed, stoppedBy }: Inspected): string =>
  `Stopped by ${stoppedBy}: ${count(answered)} requests answered, ${count(failed)} failed.\n`
