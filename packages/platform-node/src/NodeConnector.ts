/**
 * Opens the pool's connections over `node:net` and `node:tls`.
 *
 * @since 0.1.0
 */
import type { Connection } from "@connection-pool/core/Connection"
import type { TlsOptions } from "@connection-pool/core/Connector"
import { Connector } from "@connection-pool/core/Connector"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as net from "node:net"
import { addressOf, dial, TlsSessions } from "./internal/dial.js"
import { Http1Connection } from "./internal/http1Connection.js"
import { TlsIdentities } from "./internal/tlsIdentity.js"

/**
 * What holds for every connection of one connector.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeConnectorOptions {
  /** The TLS options of every request; a request's own override them, field by field. */
  readonly tls?: TlsOptions | undefined
}

/**
 * Makes a connector with a TLS session cache of its own. Certificates are verified; `rejectUnauthorized: false` is
 * logged as a warning once, with the first connection it applies to.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: NodeConnectorOptions): Effect.Effect<Connector["Type"]> =>
  Effect.sync(() => {
    const identities = new TlsIdentities(options?.tls)
    const sessions = new TlsSessions(100)
    let warned = false
    const warn = Effect.suspend(() => {
      if (warned) return Effect.void
      warned = true
      return Effect.logWarning("TLS certificates are not verified: rejectUnauthorized is false")
    })
    return Connector.of({
      connect: (target) => {
        if (target.origin.scheme === "http") return dial(target, undefined)
        const open = dial(target, () => ({ identity: identities.get(target.tls), sessions }))
        return identities.acceptsAnyone(target.tls) ? Effect.andThen(warn, open) : open
      }
    })
  })

/**
 * The connector as a layer.
 *
 * @example
 * ```ts
 * import { NodeConnector } from "@connection-pool/platform-node"
 *
 * const connector = NodeConnector.layer({ tls: { minVersion: "TLSv1.3" } })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: NodeConnectorOptions): Layer.Layer<Connector> => Layer.effect(Connector, make(options))

/**
 * What `fromSocket` needs to know.
 *
 * @since 0.1.0
 * @category models
 */
export interface SocketOptions {
  /** Bytes of an answer outside its body, at most. Default: 16 KiB. */
  readonly maxHeaderSize?: number | undefined
}

/**
 * Makes a connection of an open socket, such as one on a Unix path. The connection owns the socket from now on: it
 * reads it, destroys it, and unreferences it, so that it does not keep the process alive.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSocket = (socket: net.Socket, options?: SocketOptions): Connection => {
  socket.unref()
  return new Http1Connection(socket, options?.maxHeaderSize ?? 16 * 1024, addressOf(socket))
}
