import * as Effect from "effect/Effect"
import { certify, makeAuthority } from "../support/certificates.js"
import { httpServer } from "../support/httpServer.js"
import { check, failureOf, kindOf, same, type Theme } from "./case.js"

const authority = await makeAuthority("authority")
const stranger = await makeAuthority("stranger")

const server = (identity: { readonly cert: string; readonly key: string }) =>
  httpServer((_request, response) => response.end("over TLS"), { cert: identity.cert, key: identity.key })

const trusting = { connections: 1, ca: authority.cert }

export const tls: Theme = {
  name: "https",
  cases: [
    check("three requests to a server whose authority is trusted, on one connection", function*(client) {
      const { accepted, url } = yield* server(yield* Effect.promise(() => certify(authority, "a", { address: true })))
      for (let i = 0; i < 3; i++) {
        same("the text", yield* Effect.flatMap(client.get(url), ({ text }) => text), "over TLS")
      }
      same("connections", accepted(), 1)
    }, trusting),
    check("an authority that is not trusted", function*(client) {
      const { url } = yield* server(yield* Effect.promise(() => certify(stranger, "a", { address: true })))
      same("the failure", kindOf(yield* failureOf(client.get(url))), "RequestError Transport")
    }, trusting),
    check("a certificate for another name", function*(client) {
      const { url } = yield* server(yield* Effect.promise(() => certify(authority, "a")))
      same("the failure", kindOf(yield* failureOf(client.get(url))), "RequestError Transport")
    }, trusting)
  ]
}
