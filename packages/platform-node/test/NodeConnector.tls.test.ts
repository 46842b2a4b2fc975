import type { TlsOptions } from "@connection-pool/core/Connector"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as crypto from "node:crypto"
import * as tls from "node:tls"
import * as NodeConnector from "../src/NodeConnector.js"
import { type Authority, certify, makeAuthority } from "./support/certificates.js"
import { connect, exchange, failureOf } from "./support/connect.js"
import { pkcs12 } from "./support/pkcs12.js"
import { rawServer, scopedServer } from "./support/rawServer.js"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

const authority = await makeAuthority("Test Authority")
const localhost = await certify(authority, "localhost", { address: true })

const refused: ReadonlyArray<readonly [name: string, words: RegExp, server: Authority]> = [
  ["of another host", /altnames/, await certify(authority, "other.test")],
  ["that has expired", /expired/, await certify(authority, "localhost", { expired: true })],
  ["that is self-signed", /self-signed/, await certify(undefined, "localhost")],
  [
    "of an unknown authority",
    /unable to (get local issuer|verify the first) certificate/,
    await certify(await makeAuthority("Stranger"), "localhost")
  ]
]

const tlsServer = (options: tls.TlsOptions = {}) =>
  scopedServer(() =>
    rawServer(undefined, (onSocket) => {
      const server = tls.createServer({ ...localhost, ...options }, onSocket)
      server.on("tlsClientError", () => {})
      return server
    })
  )

const trusting = NodeConnector.layer({ tls: { ca: authority.cert } })

describe("C9 a connection over TLS", () => {
  it.scopedLive("carries an exchange, and asks for http/1.1", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ ALPNProtocols: ["h2", "http/1.1"] })
      const connection = yield* connect(`https://localhost:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      expect((peer.socket as tls.TLSSocket).alpnProtocol).toBe("http/1.1")
      expect((peer.socket as tls.TLSSocket & { readonly servername: string }).servername).toBe("localhost")
      const fiber = yield* Effect.fork(exchange(connection, { method: "POST", body: "over TLS" }))
      yield* Effect.promise(() => peer.awaitReceived("over TLS"))
      peer.socket.write(ok)
      expect((yield* Fiber.join(fiber)).end?.reusable).toBe(true)
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("sends no server name where the host is an address", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer()
      yield* connect(`https://127.0.0.1:${server.port}`)
      const peer = yield* Effect.promise(() => server.accept())
      expect((peer.socket as tls.TLSSocket & { readonly servername: string | false }).servername).toBe(false)
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("verifies the name that `servername` says, and sends it", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer(yield* Effect.promise(() => certify(authority, "other.test")))
      yield* connect(`https://127.0.0.1:${server.port}`, { servername: "other.test" })
      const peer = yield* Effect.promise(() => server.accept())
      expect((peer.socket as tls.TLSSocket & { readonly servername: string }).servername).toBe("other.test")
      expect(yield* failureOf(`https://127.0.0.1:${server.port}`)).toMatchObject({ reason: "TlsIdentity" })
    }).pipe(Effect.provide(trusting)))

  for (const [name, words, options] of refused) {
    it.scopedLive(`refuses a certificate ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* tlsServer(options)
        const failure = yield* failureOf(`https://localhost:${server.port}`)
        expect(failure).toMatchObject({ _tag: "ConnectFailed", reason: "TlsIdentity" })
        expect(failure.message).toMatch(words)
        const accepted = yield* connect(`https://localhost:${server.port}`, { rejectUnauthorized: false })
        expect(accepted.progress).toBe("not-sent")
      }).pipe(Effect.provide(trusting), Effect.provide(Logger.remove(Logger.defaultLogger))))
  }

  it.scopedLive("refuses a TLS version older than wanted", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ maxVersion: "TLSv1.2" })
      const failure = yield* failureOf(`https://localhost:${server.port}`, { minVersion: "TLSv1.3" })
      expect(failure).toMatchObject({ reason: "Tls" })
      const newer = yield* tlsServer({ minVersion: "TLSv1.3" })
      expect(yield* failureOf(`https://localhost:${newer.port}`, { maxVersion: "TLSv1.2" })).toMatchObject({
        reason: "Tls"
      })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("is refused by a server that speaks HTTP/2 only", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ ALPNProtocols: ["h2"] })
      expect(yield* failureOf(`https://localhost:${server.port}`)).toMatchObject({ reason: "Tls" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("is refused by a server that speaks no TLS", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const fiber = yield* Effect.fork(failureOf(`https://localhost:${server.port}`))
      const peer = yield* Effect.promise(() => server.accept())
      peer.socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Tls" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("fails as Reset where the server hangs up in the handshake", () =>
    Effect.gen(function*() {
      const server = yield* scopedServer(() => rawServer())
      const fiber = yield* Effect.fork(failureOf(`https://localhost:${server.port}`))
      const peer = yield* Effect.promise(() => server.accept())
      peer.socket.destroy()
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Reset" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("fails as Tls where our own key is none", () =>
    Effect.gen(function*() {
      const failure = yield* failureOf("https://localhost:1", { cert: localhost.cert, key: "no key" })
      expect(failure).toMatchObject({ _tag: "ConnectFailed", reason: "Tls" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("shows our certificate, with a key in any form", () =>
    Effect.gen(function*() {
      const client = yield* Effect.promise(() => certify(authority, "client", { client: true }))
      const server = yield* tlsServer({
        requestCert: true,
        rejectUnauthorized: true,
        ca: authority.cert,
        maxVersion: "TLSv1.2"
      })
      const locked = crypto.createPrivateKey(client.key).export({
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase: "secret"
      }) as string
      const identities: ReadonlyArray<TlsOptions> = [
        { cert: client.cert, key: client.key },
        { cert: Buffer.from(client.cert), key: new Uint8Array(Buffer.from(client.key)) },
        { cert: client.cert, key: Redacted.make(client.key) },
        { cert: client.cert, key: Redacted.make(locked), passphrase: Redacted.make("secret") },
        { cert: client.cert, key: locked, passphrase: "secret" }
      ]
      for (const identity of identities) {
        yield* connect(`https://localhost:${server.port}`, identity)
        const peer = yield* Effect.promise(() => server.accept())
        expect((peer.socket as tls.TLSSocket).getPeerCertificate().subject.CN).toBe("client")
      }
      expect(yield* failureOf(`https://localhost:${server.port}`)).toMatchObject({ _tag: "ConnectFailed" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("shows our certificate out of a PKCS#12 file", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ requestCert: true, rejectUnauthorized: false, maxVersion: "TLSv1.2" })
      for (const passphrase of [pkcs12.passphrase, Redacted.make(pkcs12.passphrase)]) {
        yield* connect(`https://localhost:${server.port}`, { pfx: pkcs12.bytes, passphrase })
        const peer = yield* Effect.promise(() => server.accept())
        expect((peer.socket as tls.TLSSocket).getPeerCertificate().subject.CN).toBe(pkcs12.commonName)
      }
      const failure = yield* failureOf(`https://localhost:${server.port}`, { pfx: pkcs12.bytes, passphrase: "wrong" })
      expect(failure).toMatchObject({ _tag: "ConnectFailed", reason: "Tls" })
    }).pipe(Effect.provide(trusting)))

  it.scopedLive("has its options from the request, then from the connector, field by field", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({ maxVersion: "TLSv1.2" })
      const url = `https://localhost:${server.port}`
      expect(yield* failureOf(url)).toMatchObject({ reason: "Tls" })
      yield* connect(url, { minVersion: "TLSv1.2" })
      yield* connect(url, { minVersion: "TLSv1.2", ca: undefined })
      expect(yield* failureOf(url, { minVersion: "TLSv1.2", ca: [] })).toMatchObject({ reason: "TlsIdentity" })
    }).pipe(Effect.provide(NodeConnector.layer({ tls: { ca: [authority.cert], minVersion: "TLSv1.3" } }))))

  it.scopedLive("that accepts any certificate is logged once", () => {
    const messages: Array<unknown> = []
    const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void messages.push(message)))
    return Effect.gen(function*() {
      const server = yield* tlsServer(yield* Effect.promise(() => certify(undefined, "localhost")))
      expect(messages).toEqual([])
      yield* connect(`https://localhost:${server.port}`)
      yield* connect(`https://localhost:${server.port}`)
      expect(messages).toEqual([["TLS certificates are not verified: rejectUnauthorized is false"]])
    }).pipe(Effect.provide(NodeConnector.layer({ tls: { rejectUnauthorized: false } })), Effect.provide(logger))
  })
})

describe("C9 a TLS session", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it.scopedLive(`is resumed by the same identity and no other, ${version}`, () =>
      Effect.gen(function*() {
        const server = yield* tlsServer({ minVersion: version, maxVersion: version })
        const reused = (host: string, options?: TlsOptions) =>
          Effect.gen(function*() {
            const connection = yield* connect(`https://${host}:${server.port}`, options)
            const peer = yield* Effect.promise(() => server.accept())
            const answered = yield* Effect.fork(exchange(connection))
            yield* Effect.promise(() => peer.awaitReceived("\r\n\r\n"))
            // Tickets of TLS 1.3 come before the answer.
            peer.socket.write(ok)
            yield* Fiber.join(answered)
            return (peer.socket as tls.TLSSocket).isSessionReused()
          })
        expect(yield* reused("localhost")).toBe(false)
        expect(yield* reused("localhost")).toBe(true)
        expect(yield* reused("localhost", {})).toBe(true)
        expect(yield* reused("localhost", { ca: authority.cert })).toBe(true)
        expect(yield* reused("127.0.0.1")).toBe(false)
        expect(yield* reused("localhost", { ciphers: tls.DEFAULT_CIPHERS })).toBe(false)
        expect(yield* reused("localhost", { servername: "localhost" })).toBe(false)
        expect(yield* reused("localhost", { ca: [authority.cert, localhost.cert] })).toBe(false)
        expect(yield* reused("localhost")).toBe(true)
      }).pipe(Effect.provide(trusting)))
  }

  it.scopedLive("of a handshake that was not trusted is not kept, TLSv1.2", () =>
    Effect.gen(function*() {
      const server = yield* tlsServer({
        ...(yield* Effect.promise(() => certify(authority, "other.test"))),
        maxVersion: "TLSv1.2"
      })
      for (let i = 0; i < 3; i++) {
        const failure = yield* failureOf(`https://localhost:${server.port}`)
        expect(failure).toMatchObject({ reason: "TlsIdentity" })
      }
    }).pipe(Effect.provide(trusting)))
})
