/** What the stories of the pool have in common. */
import { ConnectionPool, type PoolConfig, TestConnector } from "@connection-pool/core"
import { Effect, Layer } from "effect"

/** A pool over a scripted network; it checks the laws of its machine after every step. */
export const poolLayer = (script: TestConnector.TestScript = {}, options: PoolConfig.PoolOptions = {}) =>
  ConnectionPool.layer(options).pipe(
    Layer.provideMerge(TestConnector.layer(script)),
    Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true))
  )

/** Runs a story with a pool of its own. */
export const withPool = <A, E>(
  story: (pool: ConnectionPool.Service, network: TestConnector.Service) => Effect.Effect<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) =>
  Effect.flatMap(Effect.all([ConnectionPool.ConnectionPool, TestConnector.TestConnector]), ([pool, network]) =>
    story(pool, network)).pipe(Effect.provide(poolLayer(script, options)))

export const url = "http://server.test/"
