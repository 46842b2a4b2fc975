/**
 * Opens connections: name look-up, TCP and TLS as one interruptible effect. There is no deadline here; the pool has it,
 * and interrupts.
 *
 * @since 0.1.0
 */
import type { Connection } from "@connection-pool/core/Connection"
import type { ConnectTarget } from "@connection-pool/core/Connector"
import { ConnectFailed } from "@connection-pool/core/PoolError"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import * as tls from "node:tls"
import { BoundedCache } from "./boundedCache.js"
import { Http1Connection } from "./http1Connection.js"
import * as NodeError from "./nodeError.js"
import type { TlsIdentity } from "./tlsIdentity.js"

const protocol = "http/1.1"

/** Node gives an address up for the next after this time, so it is no wait for a race, as RFC 8305 has it. */
const attemptTimeout = 500

const highWaterMark = 64 * 1024

/**
 * TLS sessions to be resumed, by origin and identity.
 *
 * @internal
 */
export class TlsSessions extends BoundedCache<Buffer> {}

/**
 * What TLS adds to a target.
 *
 * @internal
 */
export interface TlsDial {
  readonly identity: TlsIdentity
  readonly sessions: TlsSessions
}

/**
 * Throws where the server has chosen another protocol than ours. None chosen is ours.
 *
 * @internal
 */
export const checkProtocol = (chosen: string | false | null): void => {
  if (chosen !== false && chosen !== null && chosen !== protocol) {
    throw Object.assign(new Error(`the server chose the protocol ${chosen}, not ${protocol}`), {
      code: "ERR_ALPN_MISMATCH"
    })
  }
}

const sessionKey = ({ origin }: ConnectTarget, { identity }: TlsDial): string => `${origin.href} ${identity.digest}`

const openTcp = ({ origin }: ConnectTarget): net.Socket =>
  net.connect({
    host: origin.host,
    port: origin.port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeout,
    highWaterMark
  } as net.TcpNetConnectOpts)

const openTls = (target: ConnectTarget, dial: TlsDial): tls.TLSSocket => {
  const { host, port } = target.origin
  const { rejectUnauthorized, secureContext, servername } = dial.identity
  const name = servername ?? host
  const session = dial.sessions.get(sessionKey(target, dial))
  return tls.connect({
    host,
    port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeout,
    secureContext,
    rejectUnauthorized,
    ALPNProtocols: [protocol],
    checkServerIdentity: (_: string, certificate: tls.PeerCertificate) => tls.checkServerIdentity(name, certificate),
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    ...(session === undefined ? {} : { session })
  } as tls.ConnectionOptions)
}

/** A session may come before its handshake was verified (TLS 1.2) and after (TLS 1.3); only a verified one is kept. */
const keepSessions = (socket: tls.TLSSocket, key: string, sessions: TlsSessions): void => {
  let verified = false
  let early: Buffer | undefined
  socket.on("session", (session) => {
    if (verified) sessions.set(key, session)
    else early = session
  })
  socket.once("secureConnect", () => {
    verified = true
    if (early !== undefined) sessions.set(key, early)
    early = undefined
  })
  socket.once("error", () => {
    if (!verified) sessions.delete(key)
  })
}

const openSocket = (target: ConnectTarget, tlsDial: TlsDial | undefined): net.Socket => {
  if (tlsDial === undefined) return openTcp(target)
  const socket = openTls(target, tlsDial)
  keepSessions(socket, sessionKey(target, tlsDial), tlsDial.sessions)
  return socket
}

/**
 * The peer as `address:port`.
 *
 * @internal
 */
export const addressOf = (socket: net.Socket): string | undefined => {
  const { remoteAddress, remoteFamily, remotePort } = socket
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  return remoteFamily === "IPv6" ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}

/**
 * What the system can be told of a delay in milliseconds: whole seconds, at least one (Node takes less for none), at most what
 * Linux accepts.
 *
 * @internal
 */
export const probeDelay = (delay: number): number => Math.min(Math.ceil(delay / 1000), 32_767) * 1000

const prepare = (socket: net.Socket, target: ConnectTarget): void => {
  if (socket instanceof tls.TLSSocket) checkProtocol(socket.alpnProtocol)
  socket.setNoDelay(target.noDelay)
  socket.setKeepAlive(true, probeDelay(target.tcpKeepAliveDelay))
  socket.unref()
}

const ignore = (): void => {}

/**
 * Opens one connection. An interruption leaves nothing behind, also when it comes between the connection's birth and
 * its delivery.
 *
 * @internal
 */
export const dial = (
  target: ConnectTarget,
  tlsDial: (() => TlsDial) | undefined
): Effect.Effect<Connection, ConnectFailed> =>
  Effect.async<Connection, ConnectFailed>((resume) => {
    const fail = (error: unknown, reason = NodeError.reasonOf(error)): void =>
      resume(Effect.fail(
        new ConnectFailed({
          origin: target.origin.href,
          progress: "not-sent",
          reason,
          cause: NodeError.describe(error)
        })
      ))
    let socket: net.Socket
    try {
      socket = openSocket(target, tlsDial?.())
    } catch (error) {
      // A certificate, key or passphrase that cannot be used; OpenSSL names some of these errors, and others not.
      return fail(error, tlsDial === undefined ? undefined : "Tls")
    }
    let connection: Connection | undefined
    const onError = (error: Error): void => {
      stopListening()
      socket.destroy()
      fail(error)
    }
    const onClose = (): void => onError(Object.assign(new Error("closed while connecting"), { code: "ECONNRESET" }))
    const onReady = (): void => {
      stopListening()
      try {
        prepare(socket, target)
      } catch (error) {
        socket.destroy()
        return fail(error)
      }
      socket.off("error", ignore)
      connection = new Http1Connection(socket, target.maxHeaderSize, addressOf(socket))
      resume(Effect.succeed(connection))
    }
    const ready = tlsDial === undefined ? "connect" : "secureConnect"
    const stopListening = (): void => {
      socket.off(ready, onReady).off("error", onError).off("close", onClose)
      socket.on("error", ignore)
    }
    socket.once(ready, onReady).once("error", onError).once("close", onClose)
    return Effect.sync(() => {
      stopListening()
      if (connection === undefined) socket.destroy()
      else connection.close()
    })
  })
