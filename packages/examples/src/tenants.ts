// Two tenants, two client certificates (mutual TLS), one pool: `PooledHttpClient.withOptions({ tls })` says on whose behalf an
// effect makes its requests. The pool never sends a tenant's request on a connection that was opened with another's certificate;
// the server says whose certificate it saw, and on which connection.
import { ConnectionPool, PooledHttpClient } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import {
  HttpClient,
  HttpClientResponse,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer, NodeHttpServerRequest } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, Schema } from "effect"
import { createServer } from "node:https"
import { TLSSocket } from "node:tls"
import type { Certificate } from "./support/certificates.js"
import { authority, signedBy } from "./support/certificates.js"
import { runMain } from "./support/runMain.js"

const Seen = Schema.Struct({ tenant: Schema.String, port: Schema.Int })

/** Lets nobody in without a certificate of the authority. */
const serverLayer = (ca: Certificate, own: Certificate) =>
  HttpRouter.empty.pipe(
    HttpRouter.get(
      "/whoami",
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
        const tenant = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : "nobody"
        return HttpServerResponse.json({ tenant, port: socket.remotePort })
      })
    ),
    HttpServer.serve(),
    Layer.provideMerge(
      NodeHttpServer.layer(
        () => createServer({ ...own, ca: ca.cert, requestCert: true, rejectUnauthorized: true }),
        { host: "127.0.0.1", port: 0 }
      )
    )
  )

/** The key is `Redacted`, so that no log and no error shows it. */
const identity = ({ cert, key }: Certificate): PooledHttpClient.RequestOptions => ({
  tls: { cert, key: Redacted.make(key) }
})

/** Knows nothing of tenants. */
const whoAmI = (baseUrl: string) =>
  HttpClient.get(`${baseUrl}/whoami`).pipe(Effect.flatMap(HttpClientResponse.schemaBodyJson(Seen)))

const sixTimesAs = (tenant: Certificate, baseUrl: string) =>
  Effect.replicateEffect(whoAmI(baseUrl), 6, { concurrency: "unbounded" }).pipe(
    PooledHttpClient.withOptions(identity(tenant))
  )

const calls = (baseUrl: string, red: Certificate, blue: Certificate) =>
  Effect.gen(function*() {
    const [seenRed, seenBlue] = yield* Effect.all([sixTimesAs(red, baseUrl), sixTimesAs(blue, baseUrl)], {
      concurrency: "unbounded"
    })
    const refused = yield* Effect.flip(whoAmI(baseUrl))
    const pool = yield* ConnectionPool.ConnectionPool
    return { seenRed, seenBlue, refused, stats: yield* pool.stats }
  })

export const program = Effect.gen(function*() {
  const ca = yield* authority("Examples CA")
  const [server, red, blue] = yield* Effect.all([signedBy(ca, "server"), signedBy(ca, "red"), signedBy(ca, "blue")])
  return yield* HttpServer.addressFormattedWith((address) => calls(address.replace("http:", "https:"), red, blue)).pipe(
    // The limit holds for each identity: two connections for red, two for blue.
    Effect.provide(NodeConnectionPool.layerHttpClient({ maxConnectionsPerOrigin: 2, tls: { ca: ca.cert } })),
    Effect.provide(serverLayer(ca, server))
  )
})

runMain(
  import.meta.url,
  Effect.flatMap(program, ({ refused, seenBlue, seenRed, stats }) =>
    Console.log([
      ...[...seenRed, ...seenBlue].map(({ port, tenant }) => `${tenant} on the connection from port ${port}`),
      `without a certificate: ${refused.message}`,
      ...stats.origins.map(({ opened, origin, requests }) => `${origin}: requests ${requests}, connections ${opened}`)
    ].join("\n")))
)
