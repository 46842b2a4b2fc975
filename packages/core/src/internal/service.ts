/**
 * The pool's service over the skin.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Api from "../ConnectionPool.js"
import type { Origin } from "../Origin.js"
import * as Origins from "../Origin.js"
import type { PoolSettings } from "../PoolConfig.js"
import type { PoolClosed, PoolError } from "../PoolError.js"
import { InvalidRequest } from "../PoolError.js"
import type { PoolRequest } from "../PoolRequest.js"
import { BareLease } from "./bareLease.js"
import { checkRequest } from "./checkRequest.js"
import { execute, unsafeExecute } from "./collect.js"
import { ConnectionPool } from "./connectionPool.js"
import { diagnose } from "./diagnosis.js"
import { drain } from "./drain.js"
import { RunningExchange } from "./exchange.js"
import type { BodyMode } from "./exchangeCaller.js"
import { poolClosed } from "./failures.js"
import { OpenExchange } from "./response.js"
import { runExchange } from "./runExchange.js"
import { connectionsOf, statsOf } from "./snapshot.js"
import type { Surroundings } from "./surroundings.js"
import { warmUp as openConnections } from "./warmUp.js"

const currentFiber = (): Fiber.RuntimeFiber<unknown, unknown> => Option.getOrThrow(Fiber.getCurrentFiber())

/** Sends a request whose body its caller reads; `use` makes the answer of the exchange and is not interrupted. */
const perform = <A, R = never>(
  pool: ConnectionPool,
  request: PoolRequest,
  mode: Exclude<BodyMode, "collect">,
  use: (exchange: RunningExchange) => Effect.Effect<A, PoolError, R>
): Effect.Effect<A, PoolError, R> => {
  const checked = checkRequest(request, pool.requestDefaults)
  if (checked instanceof InvalidRequest) return Effect.fail(checked)
  return runExchange(request, (caller, fork) => {
    // Not earlier: until the request is asked for, its origin may be forgotten, whenever the fiber yields.
    const origin = pool.originOf(checked.target.origin, checked.tls)
    const exchange = new RunningExchange(pool, origin, checked, mode, caller, fork)
    const fiber = currentFiber()
    exchange.fiberId = fiber.id()
    exchange.span = fiber.currentSpan
    pool.leaks.begin()
    exchange.start()
    return exchange
  }, use)
}

const parseOrigin = (input: string | URL): Effect.Effect<Origin, InvalidRequest> =>
  Either.match(Origins.parse(input), {
    onLeft: (description) =>
      Effect.fail(new InvalidRequest({ origin: "", progress: "not-sent", field: "url", description })),
    onRight: Effect.succeed
  })

const lease = (
  pool: ConnectionPool,
  ...[input, options]: Parameters<Api.Service["lease"]>
): Effect.Effect<Api.Lease, PoolError, Scope.Scope> =>
  Effect.flatMap(parseOrigin(input), (origin) =>
    Effect.uninterruptibleMask((restore) => {
      let bare: BareLease | undefined
      const ready = Effect.async<BareLease, PoolError>((resume) => {
        bare = new BareLease(pool, pool.originOf(origin, options?.tls), currentFiber(), resume)
        bare.start()
      })
      return Effect.matchCauseEffect(restore(ready), {
        onFailure: (cause) => {
          bare?.end()
          return Effect.failCause(cause)
        },
        onSuccess: (held) => Effect.as(Effect.addFinalizer(() => Effect.sync(() => held.end())), held.face())
      })
    }))

const warmUpOrigin = (
  pool: ConnectionPool,
  origin: Origin,
  connections: number
): Effect.Effect<Api.WarmUpOutcome, PoolClosed> =>
  Effect.async((resume) => {
    if (pool.machine.draining) {
      return resume(Effect.fail(poolClosed(origin)))
    }
    openConnections(pool, pool.originOf(origin, undefined), connections, (opened, failures) =>
      resume(Effect.succeed({ origin: origin.href, opened, failures })))
  })

const warmUp = (
  pool: ConnectionPool,
  origins: Iterable<Origin>,
  connections: number
): Effect.Effect<Api.WarmUpReport, PoolError> =>
  Effect.map(
    Effect.forEach(origins, (origin) => warmUpOrigin(pool, origin, connections), { concurrency: "unbounded" }),
    (outcomes) => ({ opened: outcomes.reduce((sum, { opened }) => sum + opened, 0), origins: outcomes })
  )

const checkConnections = (connections: number): Effect.Effect<number, InvalidRequest> =>
  Number.isSafeInteger(connections) && connections >= 1
    ? Effect.succeed(connections)
    : Effect.fail(
      new InvalidRequest({
        origin: "",
        progress: "not-sent",
        field: "connections",
        description: "is not a whole number of at least 1"
      })
    )

/** The warm-up that the options ask for; fails only where it is required. */
const firstWarmUp = (pool: ConnectionPool): Effect.Effect<void, PoolError> => {
  const settings = pool.settings.warmUp
  if (settings === undefined) return Effect.void
  return Effect.flatMap(warmUp(pool, settings.origins, settings.connections), (report) => {
    const failure = report.origins.flatMap(({ failures }) => failures)[0]
    return settings.required && failure !== undefined ? Effect.fail(failure) : Effect.void
  })
}

export const make = (
  settings: PoolSettings,
  surroundings: Surroundings
): Effect.Effect<Api.Service, PoolError, Scope.Scope> =>
  Effect.gen(function*() {
    const pool = yield* Effect.acquireRelease(
      Effect.sync(() => new ConnectionPool(settings, surroundings)),
      (pool) => Effect.andThen(drain(pool, settings.drainTimeout), Effect.sync(() => pool.stop()))
    )
    yield* firstWarmUp(pool)
    return {
      name: settings.name,
      execute: (request) => execute(pool, request),
      unsafeExecute: (request, onExit) => unsafeExecute(pool, request, onExit),
      stream: (request) =>
        Effect.suspend(() =>
          perform(pool, request, "scoped", (exchange) => {
            const open = new OpenExchange(exchange)
            return Effect.as(Effect.addFinalizer(() => Effect.sync(open.abort)), open)
          })
        ),
      open: (request) => {
        const opened = () => perform(pool, request, "open", (exchange) => Effect.succeed(new OpenExchange(exchange)))
        // Who has a mask runs already.
        return request.restore === undefined ? Effect.suspend(opened) : opened()
      },
      lease: (origin, options) => lease(pool, origin, options),
      warmUp: (origins, options) =>
        Effect.gen(function*() {
          const parsed = yield* Effect.forEach(origins, parseOrigin)
          return yield* warmUp(pool, parsed, yield* checkConnections(options?.connections ?? 1))
        }),
      stats: Effect.sync(() => statsOf(pool)),
      connections: Effect.sync(() => connectionsOf(pool)),
      diagnose: Effect.sync(() => diagnose(pool)),
      events: pool.books.hub.stream,
      eventsWhile: (wanted) => pool.books.hub.subscription(wanted),
      closeIdle: Effect.sync(() => pool.closeIdle()),
      drain: (timeout) =>
        Effect.suspend(() => drain(pool, timeout === undefined ? settings.drainTimeout : Duration.toMillis(timeout)))
    }
  })
