import type { Connector, PoolConfig, PoolError, PoolResponse, PoolStats, TestConnector } from "@connection-pool/core"
import { ConnectionPool, TestConnector as Test } from "@connection-pool/core"
import type { ConfigError, Layer, Scope, Stream } from "effect"
import { Config, Effect, Stream as Streams } from "effect"
import { describe, expect, it } from "tstyche"

declare const pool: ConnectionPool.Service

describe("ConnectionPool", () => {
  it("needs a connector, and fails to be built with options or a warm-up that fail", () => {
    expect(ConnectionPool.layer()).type.toBe<
      Layer.Layer<ConnectionPool.ConnectionPool, PoolError.InvalidOptions | PoolError.PoolError, Connector.Connector>
    >()
    expect(ConnectionPool.layerFromEnv({ maxConnections: 10 })).type.toBe<
      Layer.Layer<
        ConnectionPool.ConnectionPool,
        PoolError.InvalidOptions | PoolError.PoolError | ConfigError.ConfigError,
        Connector.Connector
      >
    >()
    expect(ConnectionPool.make()).type.toBe<
      Effect.Effect<
        ConnectionPool.Service,
        PoolError.InvalidOptions | PoolError.PoolError,
        Connector.Connector | Scope.Scope
      >
    >()
  })

  it("takes options that are Configs, one by one or as a whole", () => {
    expect(ConnectionPool.layerConfig).type.toBeCallableWith({ maxConnections: Config.integer("N") })
    expect(ConnectionPool.layerConfig).type.toBeCallableWith(Config.succeed<PoolConfig.PoolOptions>({}))
    expect(ConnectionPool.layerConfig).type.not.toBeCallableWith({ maxConnections: Config.string("N") })
    expect(ConnectionPool.layerConfig).type.not.toBeCallableWith({ unknown: Config.string("N") })
  })

  it("refuses an option or a part of a request that it does not know", () => {
    expect(ConnectionPool.layer).type.not.toBeCallableWith({ maxSockets: 5 })
    expect(pool.execute).type.not.toBeCallableWith({ url: "http://a", verb: "GET" })
    expect(pool.execute).type.not.toBeCallableWith({ method: "GET" })
  })

  it("answers a request without an environment, and a stream with a scope", () => {
    expect(pool.execute({ url: "http://a" })).type.toBe<Effect.Effect<PoolResponse.PoolResponse, PoolError.PoolError>>()
    expect(pool.stream({ url: new URL("http://a") })).type.toBe<
      Effect.Effect<PoolResponse.PoolStreamResponse, PoolError.PoolError, Scope.Scope>
    >()
    expect(pool.open({ url: "http://a" })).type.toBe<Effect.Effect<PoolResponse.Exchange, PoolError.PoolError>>()
    expect(pool.stats).type.toBe<Effect.Effect<PoolStats.PoolStats>>()
  })

  it("takes text, bytes and streams without an environment as bodies", () => {
    expect(pool.execute).type.toBeCallableWith({ url: "http://a", body: "text" })
    expect(pool.execute).type.toBeCallableWith({ url: "http://a", body: new Uint8Array() })
    expect(pool.execute).type.toBeCallableWith({ url: "http://a", body: Streams.make(new Uint8Array()) })
    expect(pool.execute).type.not.toBeCallableWith({ url: "http://a", body: Streams.make("text") })
    expect(pool.execute).type.not.toBeCallableWith({
      url: "http://a",
      body: {} as Stream.Stream<Uint8Array, never, ConnectionPool.ConnectionPool>
    })
    expect(pool.execute).type.not.toBeCallableWith({ url: "http://a", body: { json: true } })
  })

  it("lets a caller tell the errors apart", () => {
    const handled = pool.execute({ url: "http://a" }).pipe(
      Effect.catchTag("QueueFull", (error) => Effect.succeed(error.stats.waiting)),
      Effect.catchTag("RequestTimeout", (error) => Effect.succeed(error.phase))
    )
    expect<Effect.Effect.Error<typeof handled>>().type.toBe<
      Exclude<PoolError.PoolError, PoolError.QueueFull | PoolError.RequestTimeout>
    >()
  })
})

describe("TestConnector", () => {
  it("gives the connector and the network behind it", () => {
    expect(Test.layer()).type.toBe<Layer.Layer<Connector.Connector | TestConnector.TestConnector>>()
  })
})
