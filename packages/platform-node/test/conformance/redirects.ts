// By the client's own followRedirects: ours, or the platform's.
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Case, check, holds, kindOf, same, type Theme } from "./case.js"
import { recordingServer, type Seen } from "./servers.js"

const text = <E, R>(answer: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
  Effect.flatMap(answer, (response) => response.text)

/** Sends the first request on to `location`, and answers the others. */
const redirecting = (status: number, location: string) =>
  recordingServer((response, _seen, nth) =>
    nth === 0 ? response.writeHead(status, { location }).end("moved") : response.end("here")
  )

const secrets = { authorization: "Bearer s3cret", cookie: "a=s3cret", "x-plain": "1" }

type Body = HttpBody.HttpBody

const asText: () => Body = () => HttpBody.text("a body")
const asStream: () => Body = () => HttpBody.stream(Stream.encodeText(Stream.make("a ", "body")))

const post = (client: HttpClient.HttpClient.With<unknown>, url: string, body: Body) =>
  text(client.execute(HttpClientRequest.post(url, { body })))

const shape = ({ body, headers, method }: Seen) => ({
  method,
  body: String(body),
  type: headers["content-type"],
  length: headers["content-length"],
  framing: headers["transfer-encoding"]
})

const nothing = { method: "GET", body: "", type: undefined, length: undefined, framing: undefined }

const becomesGet = (status: number, name: string, body: () => Body): Case =>
  check(`${status} after a POST of ${name} is followed by a GET without a body`, function*(client, contender) {
    const server = yield* redirecting(status, "/b")
    same("the text", yield* post(contender.followRedirects(client), server.url, body()), "here")
    same("the second request", shape(server.seen[1]!), nothing)
  })

const repeats = (status: number, name: string, body: () => Body): Case =>
  check(`${status} repeats the POST with its body, ${name}`, function*(client, contender) {
    const server = yield* redirecting(status, "/b")
    const redirected = contender.followRedirects(client, { repeatStreams: true })
    same("the text", yield* post(redirected, server.url, body()), "here")
    const [first, second] = server.seen
    same("the second request", shape(second!), shape(first!))
    same("its body", [String(second!.body), second!.target], ["a body", "/b"])
  })

export const redirects: Theme = {
  name: "redirects",
  cases: [
    check("relative, absolute and rooted locations; the query of the last counts", function*(client, contender) {
      const locations = ["c?q=2", "/d/e?x=1", "", ""]
      const server = yield* recordingServer((response, { target }, nth) => {
        if (nth < 3) response.writeHead(301, { location: locations[nth] }).end()
        else response.end(target)
      })
      locations[2] = `${server.url}end?y=2`
      same("the end", yield* text(contender.followRedirects(client).get(`${server.url}a/b?q=1`)), "/end?y=2")
      same("the way", server.seen.map(({ target }) => target), ["/a/b?q=1", "/a/c?q=2", "/d/e?x=1", "/end?y=2"])
    }),
    check("authorization and cookie do not go to another origin", function*(client, contender) {
      const other = yield* recordingServer()
      const { url } = yield* redirecting(302, other.url)
      same("the text", yield* text(contender.followRedirects(client).get(url, { headers: secrets })), "ok")
      const { authorization, cookie } = other.seen[0]!.headers
      same("the secrets", [authorization, cookie], [undefined, undefined])
      same("other headers", other.seen[0]!.headers["x-plain"], "1")
    }),
    check("they go to the same origin", function*(client, contender) {
      const server = yield* redirecting(302, "/b")
      yield* text(contender.followRedirects(client).get(server.url, { headers: secrets }))
      const { authorization, cookie } = server.seen[1]!.headers
      same("the secrets", [authorization, cookie], ["Bearer s3cret", "a=s3cret"])
    }),
    check("credentials in the URL do not go to another origin", function*(client, contender) {
      const other = yield* recordingServer()
      const { url } = yield* redirecting(302, other.url)
      yield* text(contender.followRedirects(client).get(url.replace("//", "//anna:s3cret@")))
      same("authorization", other.seen[0]!.headers.authorization, undefined)
    }),
    becomesGet(303, "a text", asText),
    becomesGet(303, "a stream", asStream),
    becomesGet(302, "a text", asText),
    repeats(307, "a text", asText),
    repeats(308, "a text", asText),
    repeats(307, "a stream", asStream),
    check("a stream that can be read once only is never repeated without its content", function*(client, contender) {
      const server = yield* redirecting(307, "/b")
      const pieces = ["a ", "body"].values()
      const body = HttpBody.stream(Stream.encodeText(Stream.fromIterable(pieces)))
      yield* Effect.exit(post(contender.followRedirects(client), server.url, body))
      same("the bodies", [...new Set(server.seen.map(({ body }) => String(body)))], ["a body"])
    }),
    check("HEAD stays HEAD", function*(client, contender) {
      const server = yield* redirecting(303, "/b")
      same("the status", (yield* contender.followRedirects(client).head(server.url)).status, 200)
      same("the methods", server.seen.map(({ method }) => method), ["HEAD", "HEAD"])
    }),
    check("a loop ends", function*(client, contender) {
      const server = yield* recordingServer((response) => response.writeHead(302, { location: "/" }).end())
      const end = yield* Effect.either(contender.followRedirects(client).get(server.url))
      if (end._tag === "Right") same("the status", end.right.status, 302)
      else holds(`${kindOf(end.left)} is a ResponseError`, kindOf(end.left).startsWith("ResponseError"))
      holds(`${server.seen.length} requests are not too many`, server.seen.length <= 21)
    }),
    check("304 is no redirect, though it has a location", function*(client, contender) {
      const server = yield* redirecting(304, "/b")
      same("the status", (yield* contender.followRedirects(client).get(server.url)).status, 304)
      same("requests", server.seen.length, 1)
    }),
    check("without a location it is the answer", function*(client, contender) {
      const server = yield* recordingServer((response) => response.writeHead(302).end("nowhere"))
      same("the text", yield* text(contender.followRedirects(client).get(server.url)), "nowhere")
    }),
    check("a location that is no URL is no defect", function*(client, contender) {
      const server = yield* redirecting(302, "http://[nowhere")
      const end = yield* Effect.exit(contender.followRedirects(client).get(server.url))
      holds("a failure or the answer", end._tag === "Success" || end.cause._tag === "Fail")
    })
  ]
}
