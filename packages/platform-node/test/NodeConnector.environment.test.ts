import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as tls from "node:tls"
import * as NodeConnector from "../src/NodeConnector.js"
import { certify } from "./support/certificates.js"
import { connect } from "./support/connect.js"
import { rawServer, scopedServer } from "./support/rawServer.js"

const selfSigned = await certify(undefined, "localhost")

const server = scopedServer(() =>
  rawServer(undefined, (onSocket) => tls.createServer(selfSigned, onSocket).on("tlsClientError", () => {}))
)

/** What comes of it, in a word: a connection that is there is nothing to print. */
const outcome = (url: string) =>
  Effect.match(connect(url), {
    onSuccess: () => "connected",
    onFailure: (error) => "reason" in error ? error.reason : error._tag
  })

/** Every process, and every tenant of one, shares its environment. */
const verificationOff = Effect.acquireRelease(
  Effect.sync(() => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"
    return before
  }),
  (before) =>
    Effect.sync(() => {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before
    })
)

describe("C9 certificates are verified", () => {
  it.scopedLive("though the environment says that Node is not to", () =>
    Effect.gen(function*() {
      const { port } = yield* server
      yield* verificationOff
      const authorized = yield* Effect.async<boolean>((resume) => {
        const socket = tls.connect({ host: "localhost", port }, () => {
          resume(Effect.succeed(true))
          socket.destroy()
        }).on("error", () => resume(Effect.succeed(false)))
      })
      expect(authorized).toBe(true) // so Node itself would have taken it
      expect(yield* outcome(`https://localhost:${port}`)).toBe("TlsIdentity")
    }).pipe(Effect.provide(NodeConnector.layer())))

  it.scopedLive("though another request has turned that off for itself", () =>
    Effect.gen(function*() {
      const { port } = yield* server
      yield* connect(`https://localhost:${port}`, { rejectUnauthorized: false })
      expect(yield* outcome(`https://localhost:${port}`)).toBe("TlsIdentity")
    }).pipe(Effect.provide(NodeConnector.layer())))
})
