import type { ConnectTarget } from "@connection-pool/core/Connector"
import * as Effect from "effect/Effect"
import * as tls from "node:tls"
import { describe, expect, it } from "vitest"
import { checkProtocol, dial, probeDelay, TlsSessions } from "../../src/internal/dial.js"
import { TlsIdentities } from "../../src/internal/tlsIdentity.js"
import { certify, makeAuthority } from "../support/certificates.js"
import { target } from "../support/connect.js"
import { type RawServer, rawServer } from "../support/rawServer.js"

describe("the protocol that the server has chosen", () => {
  it("is ours, or none", () => {
    for (const chosen of ["http/1.1", false, null] as const) checkProtocol(chosen)
  })

  it("is refused where it is another", () => {
    expect(() => checkProtocol("h2")).toThrow("the server chose the protocol h2, not http/1.1")
    expect(() => checkProtocol("")).toThrow("the server chose")
  })
})

it("a TCP keep-alive delay is told in whole seconds: never none, never more than the system takes", () => {
  expect([1, 999, 1000, 1001, 60_000, 10 ** 9].map(probeDelay)).toEqual([1000, 1000, 1000, 2000, 60_000, 32_767_000])
})

it("C9 a session whose handshake fails is forgotten", async () => {
  const authority = await makeAuthority("Test Authority")
  const good = await certify(authority, "localhost")
  const bad = await certify(undefined, "localhost")
  const listen = (certificate: typeof good, port: number): Promise<RawServer> =>
    rawServer(
      (server, done) => server.listen(port, "127.0.0.1", done),
      (onSocket) => tls.createServer({ ...certificate, maxVersion: "TLSv1.2" }, onSocket).on("tlsClientError", () => {})
    )
  const first = await listen(good, 0)
  const sessions = new TlsSessions(100)
  const identities = new TlsIdentities({ ca: authority.cert, servername: "localhost" })
  const connect = (to: ConnectTarget) => dial(to, () => ({ identity: identities.get(undefined), sessions }))
  const to = target(`https://127.0.0.1:${first.port}`)
  const connection = await Effect.runPromise(connect(to))
  connection.close()
  expect(sessions.size).toBe(1)
  await first.close()
  const second = await listen(bad, first.port)
  const failure = await Effect.runPromise(Effect.flip(connect(to)))
  expect(failure).toMatchObject({ reason: "TlsIdentity" })
  expect(sessions.size).toBe(0)
  await second.close()
})
