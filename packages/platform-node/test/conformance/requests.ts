import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { check, same, type Theme } from "./case.js"
import { recordingServer } from "./servers.js"

type Change = (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest

/** What arrives of a GET request that is changed so. */
const arrived = (client: HttpClient.HttpClient, change: Change) =>
  Effect.gen(function*() {
    const server = yield* recordingServer()
    const response = yield* client.execute(change(HttpClientRequest.get(server.url)))
    same("the answer", yield* response.text, "ok")
    return server.seen[0]!
  })

const parameters = (target: string) => [...new URL(target, "http://a").searchParams]

export const requests: Theme = {
  name: "requests",
  cases: [
    check("every method arrives as it is", function*(client) {
      const server = yield* recordingServer()
      const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] as const
      for (const method of methods) {
        const response = yield* client.execute(HttpClientRequest.make(method)(server.url))
        same(`the answer to ${method}`, [response.status, yield* response.text], [200, method === "HEAD" ? "" : "ok"])
      }
      same("the methods", server.seen.map(({ method }) => method), methods)
    }),
    check("the methods of the client and the accessors of the module send the same", function*(client) {
      const server = yield* recordingServer()
      for (const api of [client, HttpClient]) {
        for (const method of ["get", "head", "post", "put", "patch", "del", "options"] as const) {
          const sent = api[method](server.url, { headers: { "x-a": "1" } })
          yield* Effect.flatMap(Effect.provideService(sent, HttpClient.HttpClient, client), ({ text }) => text)
        }
      }
      const seen = server.seen.map(({ headers, method }) => `${method} ${headers["x-a"]}`)
      same("what arrived", seen.slice(0, 7), seen.slice(7))
      same("the sixth", seen[5], "DELETE 1")
    }),
    check("path and query arrive, encoded", function*(client) {
      const seen = yield* arrived(client, HttpClientRequest.appendUrl("grüße/a b?q=1"))
      same("the target", seen.target, "/gr%C3%BC%C3%9Fe/a%20b?q=1")
    }),
    check("urlParams are added to the query, repeated names too", function*(client) {
      const seen = yield* arrived(client, (request) =>
        request.pipe(
          HttpClientRequest.appendUrl("?a=0"),
          HttpClientRequest.setUrlParams({ b: ["1", "2 & ü"], c: true }),
          HttpClientRequest.appendUrlParam("a", "3")
        ))
      same("the parameters", parameters(seen.target), [["a", "0"], ["b", "1"], ["b", "2 & ü"], ["c", "true"], [
        "a",
        "3"
      ]])
    }),
    check("a fragment is not sent", function*(client) {
      const inUrl = yield* arrived(client, HttpClientRequest.appendUrl("page?a=1#part"))
      const set = yield* arrived(client, HttpClientRequest.setHash("part"))
      same("the targets", [inUrl.target, set.target], ["/page?a=1", "/"])
    }),
    check("a URL object is as good as text", function*(client) {
      const server = yield* recordingServer()
      yield* Effect.flatMap(client.get(new URL("/a?b=c", server.url)), ({ text }) => text)
      same("the target", server.seen[0]?.target, "/a?b=c")
    }),
    check("headers arrive, whatever their case", function*(client) {
      const { headers } = yield* arrived(client, HttpClientRequest.setHeaders({ "X-Upper": "A b", "x-lower": "c" }))
      same("the headers", [headers["x-upper"], headers["x-lower"]], ["A b", "c"])
    }),
    check("a header with several values arrives with all of them", function*(client) {
      const { headers } = yield* arrived(client, HttpClientRequest.setHeaders({ "x-list": ["a", "b", "c"] }))
      same("the header", headers["x-list"], "a, b, c")
    }),
    check("host names the URL's host and port; a header replaces it", function*(client) {
      const server = yield* recordingServer()
      yield* Effect.flatMap(client.get(server.url), ({ text }) => text)
      yield* Effect.flatMap(client.get(server.url, { headers: { host: "example.org" } }), ({ text }) => text)
      same("host", server.seen.map(({ headers }) => headers.host), [new URL(server.url).host, "example.org"])
    }),
    check("accept, basic and bearer authorization", function*(client) {
      const basic = yield* arrived(client, HttpClientRequest.basicAuth("anna", Redacted.make("s3cret")))
      const bearer = yield* arrived(
        client,
        (request) => request.pipe(HttpClientRequest.bearerToken(Redacted.make("t0ken")), HttpClientRequest.acceptJson)
      )
      same("basic", basic.headers.authorization, `Basic ${btoa("anna:s3cret")}`)
      same("bearer", [bearer.headers.authorization, bearer.headers.accept], ["Bearer t0ken", "application/json"])
    }),
    check("credentials in the URL become basic authorization", function*(client) {
      const server = yield* recordingServer()
      yield* Effect.flatMap(client.get(server.url.replace("//", "//anna:s3cret@")), ({ text }) => text)
      same("authorization", server.seen[0]?.headers.authorization, `Basic ${btoa("anna:s3cret")}`)
    })
  ]
}
