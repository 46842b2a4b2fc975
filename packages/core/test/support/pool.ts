/** What the stories of the pool have in common. */
import { ConnectionPool, Connector, type PoolConfig, type PoolError, TestConnector } from "@connection-pool/core"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Layer } from "effect"

/**
 * A pool over a scripted network; it checks the laws of its machine after every step. Unless a story says so, its end waits for
 * nobody: on a `TestClock` it would wait for ever.
 */
export const poolLayer = (
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {},
  checked = true
) =>
  ConnectionPool.layer({ drainTimeout: 0, ...options }).pipe(
    Layer.provideMerge(TestConnector.layer(script)),
    Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, checked))
  )

type Story<A, E> = (pool: ConnectionPool.Service, network: TestConnector.Service) => Effect.Effect<A, E>

/** Runs a story with a pool of its own. */
export const withPool = <A, E>(
  story: Story<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) => told(story, poolLayer(script, options))

/** The same for stories of thousands: the laws, which look at everything after each step, are not checked. */
export const withLargePool = <A, E>(
  story: Story<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) => told(story, poolLayer(script, options, false))

const told = <A, E>(story: Story<A, E>, layer: ReturnType<typeof poolLayer>) =>
  Effect.flatMap(
    Effect.all([ConnectionPool.ConnectionPool, TestConnector.TestConnector]),
    ([pool, network]) => story(pool, network)
  ).pipe(Effect.provide(layer))

/** Runs a story with a pool over a connector of its own. */
export const withConnector = <A, E>(
  connect: (typeof Connector.Connector)["Service"]["connect"],
  story: (pool: ConnectionPool.Service) => Effect.Effect<A, E>,
  options: PoolConfig.PoolOptions = {}
) =>
  Effect.flatMap(ConnectionPool.ConnectionPool, story).pipe(
    Effect.provide(
      ConnectionPool.layer({ drainTimeout: 0, ...options }).pipe(
        Layer.provide(Layer.succeed(Connector.Connector, { connect })),
        Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true))
      )
    )
  )

export const url = "http://server.test/"
export const otherUrl = "http://other.test/"

/** Lets everything run that can without time passing. */
export const settle = Effect.repeatN(Effect.yieldNow(), 40)

/** Starts something and lets it go as far as it gets. */
export const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.zipLeft(Effect.fork(effect), settle)

/** The error of a request that has to fail with this tag. */
export const failsWith = <Tag extends PoolError.PoolError["_tag"], A>(
  tag: Tag,
  effect: Effect.Effect<A, PoolError.PoolError>
): Effect.Effect<Extract<PoolError.PoolError, { readonly _tag: Tag }>> =>
  Effect.matchEffect(effect, {
    onFailure: (error) =>
      error._tag === tag
        ? Effect.succeed(error as Extract<PoolError.PoolError, { readonly _tag: Tag }>)
        : Effect.dieMessage(`expected ${tag}, and it is ${error._tag}: ${error.message}`),
    onSuccess: () => Effect.dieMessage(`expected ${tag}, and it succeeded`)
  })

/** The same, of something that was started before. */
export const joinFailure = <Tag extends PoolError.PoolError["_tag"], A>(
  tag: Tag,
  fiber: Fiber.Fiber<A, PoolError.PoolError>
) => failsWith(tag, Fiber.join(fiber))

/** Nobody has or wants a connection, and every one that was opened is closed or idle. */
export const assertAtRest = (pool: ConnectionPool.Service) =>
  Effect.map(
    pool.stats,
    ({ active, closed, connecting, idle, opened, waiting }) =>
      deepStrictEqual({ active, connecting, waiting, open: opened - closed }, {
        active: 0,
        connecting: 0,
        waiting: 0,
        open: idle
      })
  )

/** Connecting, active, idle and waiting. */
export const counts = (pool: ConnectionPool.Service) =>
  Effect.map(pool.stats, ({ active, connecting, idle, waiting }) => [connecting, active, idle, waiting])

/** A body of so many bytes. */
export const bytes = (length: number, fill = 97) => new Uint8Array(length).fill(fill)
