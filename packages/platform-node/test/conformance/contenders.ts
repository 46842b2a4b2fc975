// The clients, each by its layer as its users write it; limits only where a case asks for them.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as PooledHttpClient from "@connection-pool/core/PooledHttpClient"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Agent } from "undici"
import type { Contender } from "./case.js"

const nodeHttp: Contender = {
  name: "NodeHttpClient.layer",
  layer: ({ ca, connections }) =>
    connections === undefined && ca === undefined ?
      NodeHttpClient.layer :
      Layer.provide(
        NodeHttpClient.layerWithoutAgent,
        NodeHttpClient.makeAgentLayer({ keepAlive: true, maxSockets: connections ?? Infinity, ca })
      ),
  followRedirects: (client) => HttpClient.followRedirects(client)
}

const dispatcher = (options: Agent.Options) =>
  Layer.scoped(
    NodeHttpClient.Dispatcher,
    Effect.acquireRelease(Effect.sync(() => new Agent(options)), (agent) => Effect.promise(() => agent.destroy()))
  )

const undici: Contender = {
  name: "NodeHttpClient.layerUndici",
  layer: ({ ca, connections }) =>
    connections === undefined && ca === undefined ?
      NodeHttpClient.layerUndici :
      Layer.provide(
        NodeHttpClient.layerUndiciWithoutDispatcher,
        dispatcher({ connections: connections ?? null, connect: { ca } })
      ),
  followRedirects: (client) => HttpClient.followRedirects(client)
}

export const ours: Contender = {
  name: "PooledHttpClient",
  layer: ({ ca, connections, decompress }) =>
    NodeConnectionPool.layerHttpClient({ maxConnectionsPerOrigin: connections, decompress, tls: { ca } }).pipe(
      Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true)),
      Layer.orDie
    ),
  followRedirects: (client, options) => PooledHttpClient.followRedirects(client, options)
}

export const contenders: ReadonlyArray<Contender> = [ours, nodeHttp, undici]
