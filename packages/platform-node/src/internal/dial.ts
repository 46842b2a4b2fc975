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
import type { DialSpans } from "./dialSpans.js"
import { dialSpans } from "./dialSpans.js"
import { connectSharingInput, Http1Connection } from "./http1Connection.js"
import * as NodeError from "./nodeError.js"
import { TcpRace } from "./tcpRace.js"
import type { TlsIdentity } from "./tlsIdentity.js"

const protocol = "http/1.1"

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

const openTls = ({ origin }: ConnectTarget, tlsDial: TlsDial, socket: net.Socket, key: string): tls.TLSSocket => {
  const { rejectUnauthorized, secureContext, servername } = tlsDial.identity
  const name = servername ?? origin.host
  const session = tlsDial.sessions.get(key)
  return tls.connect({
    socket,
    secureContext,
    rejectUnauthorized,
    ALPNProtocols: [protocol],
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    ...(session === undefined ? {} : { session })
  })
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

const ignore = (): void => {}

/** `TLSv1.3` is the version 1.3 of the protocol tls. */
const tlsAttributes = (socket: tls.TLSSocket) => ({
  "tls.protocol.name": "tls",
  "tls.protocol.version": socket.getProtocol()?.replace("TLSv", "")
})

/** Takes an open socket through its TLS handshake. What is answered gives it up, and nobody hears of it then. */
const handshake = (
  raw: net.Socket,
  target: ConnectTarget,
  tlsDial: TlsDial,
  spans: DialSpans | undefined,
  onSecure: (socket: tls.TLSSocket) => void,
  onFailure: (error: unknown) => void
): () => void => {
  raw.on("error", ignore)
  const key = sessionKey(target, tlsDial)
  const socket = openTls(target, tlsDial, raw, key)
  keepSessions(socket, key, tlsDial.sessions)
  const span = spans?.start(`TLS client handshake ${target.origin.host}`, { "server.address": target.origin.host })
  const stopListening = (): void => {
    socket.off("secureConnect", onReady).off("error", onError).off("close", onClose)
  }
  const giveUp = (): void => {
    stopListening()
    socket.on("error", ignore)
    socket.destroy()
    spans?.abandon()
  }
  const onError = (error: unknown): void => {
    spans?.failed(span, error)
    giveUp()
    onFailure(error)
  }
  const onClose = (): void => onError(Object.assign(new Error("closed while connecting"), { code: "ECONNRESET" }))
  const onReady = (): void => {
    try {
      checkProtocol(socket.alpnProtocol)
    } catch (error) {
      return onError(error)
    }
    stopListening()
    spans?.succeeded(span, tlsAttributes(socket))
    onSecure(socket)
  }
  socket.once("secureConnect", onReady).once("error", onError).once("close", onClose)
  return giveUp
}

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
  Effect.withFiberRuntime((fiber) => open(target, tlsDial, dialSpans(fiber)))

const open = (
  target: ConnectTarget,
  tlsDial: (() => TlsDial) | undefined,
  spans: DialSpans | undefined
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
    const deliver = (socket: net.Socket): void => {
      socket.unref()
      const connection = new Http1Connection(socket, target.maxHeaderSize, addressOf(socket))
      giveUp = () => connection.close()
      resume(Effect.succeed(connection))
    }
    let secure: TlsDial | undefined
    try {
      secure = tlsDial?.()
    } catch (error) {
      // A certificate, key or passphrase that cannot be used; OpenSSL names some of these errors, and others not.
      return fail(error, "Tls")
    }
    const onTcp = (socket: net.Socket): void => {
      socket.setNoDelay(target.noDelay)
      socket.setKeepAlive(true, probeDelay(target.tcpKeepAliveDelay))
      if (secure === undefined) return deliver(socket)
      try {
        giveUp = handshake(socket, target, secure, spans, deliver, fail)
      } catch (error) {
        socket.destroy()
        fail(error, "Tls")
      }
    }
    const { host, port } = target.origin
    // What TLS is spoken on is read by TLS.
    const connect = secure === undefined ? connectSharingInput : net.connect
    const race = new TcpRace({ host, port, highWaterMark, connect, spans }, onTcp, fail)
    let giveUp = (): void => race.cancel()
    return Effect.sync(() => giveUp())
  })
