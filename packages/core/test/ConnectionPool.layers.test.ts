import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Config, ConfigProvider, Effect, Exit, Layer } from "effect"
import { describe } from "vitest"
import { ConnectionPool, type PoolConfig, PoolError, TestConnector } from "../src/index.js"
import { poolLayer, url } from "./support/pool.js"

const limits = Effect.map(
  Effect.flatMap(ConnectionPool.ConnectionPool, (pool) => Effect.zipRight(pool.execute({ url }), pool.stats)),
  ({ limit, name, origins }) => [name, limit, origins[0]!.limit]
)
const network = TestConnector.layer()
const env = (...entries: ReadonlyArray<readonly [string, string]>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(entries)))

const failureOf = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : undefined

describe("layer", () => {
  it.effect("has defaults for everything", () =>
    Effect.map(
      Effect.provide(limits, ConnectionPool.layer().pipe(Layer.provide(network))),
      (told) => deepStrictEqual(told, ["default", 1024, 50])
    ))

  const invalid: ReadonlyArray<readonly [PoolConfig.PoolOptions, string]> = [
    [{ maxConnections: 0 }, "maxConnections"],
    [{ idleTimeout: "soon" as never }, "idleTimeout"],
    [{ maxConnection: 5 } as never, "maxConnection"],
    [{ warmUp: { origins: ["nowhere"] } }, "warmUp.origins[0]"]
  ]
  for (const [options, option] of invalid) {
    it.effect(`fails with InvalidOptions that names ${option}`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(
          Effect.provide(limits, ConnectionPool.layer(options).pipe(Layer.provide(network)))
        )
        const error = failureOf(exit)
        assertTrue(error instanceof PoolError.InvalidOptions)
        strictEqual(error.option, option)
      }))
  }

  it.effect("gives each that provides it a pool of its own", () =>
    Effect.gen(function*() {
      const first = yield* Effect.provide(ConnectionPool.ConnectionPool, poolLayer())
      const second = yield* Effect.provide(ConnectionPool.ConnectionPool, poolLayer())
      assertTrue(first !== second)
    }))
})

describe("make", () => {
  it.scoped("builds a pool for the scope", () =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.make({ name: "mine" })
      strictEqual((yield* pool.execute({ url })).status, 200)
      strictEqual((yield* pool.stats).name, "mine")
    }).pipe(Effect.provide(network)))
})

describe("layerConfig", () => {
  it.effect("takes options of which some are Configs", () =>
    Effect.gen(function*() {
      const layer = ConnectionPool.layerConfig({
        name: Config.succeed("wrapped"),
        maxConnections: Config.integer("ALL"),
        maxConnectionsPerOrigin: Config.integer("EACH").pipe(Config.withDefault(7))
      })
      const told = yield* Effect.provide(limits, layer.pipe(Layer.provide(network))).pipe(env(["ALL", "9"]))
      deepStrictEqual(told, ["wrapped", 9, 7])
    }))

  it.effect("takes one Config of all options", () =>
    Effect.gen(function*() {
      const config: Config.Config<PoolConfig.PoolOptions> = Config.map(Config.string("NAME"), (name) => ({ name }))
      const layer = ConnectionPool.layerConfig(config).pipe(Layer.provide(network))
      deepStrictEqual(yield* Effect.provide(limits, layer).pipe(env(["NAME", "whole"])), ["whole", 1024, 50])
    }))

  it.effect("fails with what the Config fails with, or with InvalidOptions", () =>
    Effect.gen(function*() {
      const layer = ConnectionPool.layerConfig({ maxConnections: Config.integer("ALL") }).pipe(Layer.provide(network))
      const build = (value: string) => Effect.exit(Effect.provide(limits, layer).pipe(env(["ALL", value])))
      assertTrue(String(failureOf(yield* build("many"))).includes("ALL"))
      assertTrue(failureOf(yield* build("0")) instanceof PoolError.InvalidOptions)
    }))
})

describe("layerFromEnv", () => {
  const layer = (overrides?: PoolConfig.PoolOptions) =>
    ConnectionPool.layerFromEnv(overrides).pipe(Layer.provide(network))

  it.effect("takes options from the environment, and what is given wins", () =>
    Effect.gen(function*() {
      const environment = env(["MAX_SOCKETS", "5"], ["HTTP_POOL_NAME", "env"], ["HTTP_POOL_MAX_CONNECTIONS", ""])
      deepStrictEqual(yield* environment(Effect.provide(limits, layer())), ["env", 1024, 5])
      const overrides = { name: "given", maxConnections: 6, maxConnectionsPerOrigin: undefined }
      deepStrictEqual(yield* environment(Effect.provide(limits, layer(overrides))), ["given", 6, 5])
    }))

  it.effect("fails with a ConfigError that names a malformed variable, also where the option is given", () =>
    Effect.gen(function*() {
      const environment = env(["MAX_SOCKETS", "lots"])
      for (const overrides of [undefined, { maxConnectionsPerOrigin: 3 }]) {
        const exit = yield* Effect.exit(environment(Effect.provide(limits, layer(overrides))))
        assertTrue(String(failureOf(exit)).includes("MAX_SOCKETS"))
      }
    }))

  it.effect("fails with InvalidOptions for an override that cannot be", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(env()(Effect.provide(limits, layer({ maxConnections: -1 }))))
      assertTrue(failureOf(exit) instanceof PoolError.InvalidOptions)
    }))
})

describe("CheckLaws", () => {
  it.effect("is off unless somebody asks for it", () =>
    Effect.map(ConnectionPool.CheckLaws, (checked) => strictEqual(checked, false)))
})
