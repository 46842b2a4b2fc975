// With one connection to an origin, whatever keeps that connection keeps all others waiting.
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { type Case, check, same, type Theme } from "./case.js"
import { bigAnswer, mebi, recordingServer, silentServer } from "./servers.js"

const one = (name: string, story: Case["story"]) => check(name, story, { connections: 1 })

const text = <E, R>(answer: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
  Effect.flatMap(answer, (response) => response.text)

const large = "x".repeat(256 * 1024)

/** The first answer is one that nobody reads to its end, all others are `ok`. */
const firstIs = (body: string, status = 200) =>
  recordingServer((response, _seen, nth) => nth === 0 ? response.writeHead(status).end(body) : response.end("ok"))

export const smallPools: Theme = {
  name: "one connection to an origin",
  cases: [
    one("20 requests at once are all answered, one at a time", function*(client) {
      const server = yield* recordingServer((response, { target }) => setImmediate(() => response.end(target)))
      const paths = Array.from({ length: 20 }, (_, index) => `/${index}`)
      const origin = server.url.slice(0, -1)
      const all = yield* Effect.forEach(paths, (path) => text(client.get(`${origin}${path}`)), { concurrency: 20 })
      same("the answers", all, paths)
      same("most connections at once", server.mostOpen(), 1)
    }),
    one("retryTransient gets past two 503 with bodies of 256 KiB", function*(client) {
      const server = yield* recordingServer((response, _seen, nth) =>
        nth < 2 ? response.writeHead(503).end(large) : response.end("well again")
      )
      same("the text", yield* text(HttpClient.retryTransient(client, { times: 3 }).get(server.url)), "well again")
      same("requests", server.seen.length, 3)
    }),
    one("five redirects with bodies of 256 KiB, by the platform's followRedirects", function*(client) {
      const server = yield* recordingServer((response, _seen, nth) =>
        nth < 5 ? response.writeHead(302, { location: `/${nth + 1}` }).end(large) : response.end("here")
      )
      same("the text", yield* text(HttpClient.followRedirects(client).get(server.url)), "here")
      same("the last path", server.seen[5]?.target, "/5")
    }),
    one("and by the client's own", function*(client, { followRedirects }) {
      const server = yield* recordingServer((response, _seen, nth) =>
        nth < 5 ? response.writeHead(302, { location: `/${nth + 1}` }).end(large) : response.end("here")
      )
      same("the text", yield* text(followRedirects(client).get(server.url)), "here")
      same("the last path", server.seen[5]?.target, "/5")
    }),
    one("an answer of 1 MiB that nobody reads does not block the next request", function*(client) {
      const { url } = yield* firstIs("x".repeat(mebi))
      const unread = yield* client.get(url)
      same("the next", yield* text(client.get(url)), "ok")
      same("the status of the first", unread.status, 200)
    }),
    one("it can still be read afterwards", function*(client) {
      const { url } = yield* firstIs("x".repeat(mebi))
      const unread = yield* client.get(url)
      same("the next", yield* text(client.get(url)), "ok")
      same("the first", (yield* unread.text).length, mebi)
    }),
    one("an answer whose status failed it does not block the next request", function*(client) {
      const { url } = yield* firstIs(large, 404)
      const tried = yield* Effect.either(HttpClient.filterStatusOk(client).get(url))
      same("the first", tried._tag, "Left")
      same("the next", yield* text(client.get(url)), "ok")
    }),
    one("an unread answer to withScope frees the connection when the scope closes", function*(client) {
      const big = yield* bigAnswer(64 * mebi)
      yield* Effect.scoped(HttpClient.withScope(client).get(big.url))
      same("the next", (yield* client.head(big.url)).status, 200)
    }),
    one("a stream that is dropped frees the connection", function*(client) {
      const big = yield* bigAnswer(64 * mebi)
      const response = yield* client.get(big.url)
      yield* Stream.runDrain(Stream.take(response.stream, 1))
      same("the next", (yield* client.head(big.url)).status, 200)
    }),
    one("an interrupted request frees the connection", function*(client) {
      const server = yield* silentServer
      const stuck = yield* Effect.fork(client.get(server.url))
      yield* Effect.promise(server.arrived)
      yield* Fiber.interrupt(stuck)
      server.server.removeAllListeners("request").on("request", (_request, response) => response.end("ok"))
      same("the next", yield* text(client.get(server.url)), "ok")
    }),
    one("a request that is interrupted while it waits is not sent", function*(client) {
      let finish = () => {}
      let arrive = () => {}
      const arrived = new Promise<void>((resolve) => (arrive = resolve))
      const server = yield* recordingServer((response, { target }) => {
        if (target !== "/first") return void response.end(target)
        finish = () => response.end(target)
        arrive()
      })
      const first = yield* Effect.fork(text(client.get(`${server.url}first`)))
      yield* Effect.promise(() => arrived)
      const waiting = yield* Effect.fork(text(client.get(`${server.url}waiting`)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      finish()
      same("the first", yield* Fiber.join(first), "/first")
      same("the last", yield* text(client.get(`${server.url}last`)), "/last")
      same("what was sent", server.seen.map(({ target }) => target), ["/first", "/last"])
    })
  ]
}
