import type { Connection } from "@connection-pool/core/Connection"
import type { ConnectTarget, TlsOptions } from "@connection-pool/core/Connector"
import { Connector } from "@connection-pool/core/Connector"
import * as Origin from "@connection-pool/core/Origin"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Recorder, request } from "./recorder.js"

export const target = (url: string, tls?: TlsOptions): ConnectTarget => ({
  origin: Either.getOrThrow(Origin.parse(url)),
  tls,
  noDelay: true,
  tcpKeepAliveDelay: 1000,
  maxHeaderSize: 16 * 1024
})

/** Connects with the connector of the context; closes the connection with the scope. */
export const connect = (url: string, tls?: TlsOptions) =>
  Effect.acquireRelease(
    Effect.flatMap(Connector, (connector) => connector.connect(target(url, tls))),
    (connection: Connection) => Effect.sync(() => connection.close())
  )

export const failureOf = (url: string, tls?: TlsOptions) => Effect.flip(connect(url, tls))

export const exchange = (connection: Connection, fields: Parameters<typeof request>[0] = {}) =>
  Effect.promise(() => {
    const recorder = new Recorder()
    connection.send(request(fields), recorder)
    return recorder.done
  })
