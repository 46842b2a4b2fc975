import * as Cookies from "@effect/platform/Cookies"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { check, failureOf, kindOf, same, type Theme } from "./case.js"
import { answering, freePort, recordingServer } from "./servers.js"

/** Answers with these statuses, one after another; the body of each is its status. */
const statuses = (...each: ReadonlyArray<number>) =>
  recordingServer((response, _seen, nth) => response.writeHead(each[nth] ?? 200).end(String(each[nth] ?? 200)))

const text = <E, R>(answer: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
  Effect.flatMap(answer, (response) => response.text)

const header = (name: string, value: string) => HttpClientRequest.setHeader(name, value)

const Todo = Schema.Struct({ id: Schema.Number, title: Schema.String })

export const combinators: Theme = {
  name: "combinators",
  cases: [
    check("a service of one's own: prependUrl, acceptJson, filterStatusOk, schemas", function*(client) {
      const server = yield* recordingServer((response, seen) => {
        const todo = seen.method === "POST" ? { id: 2, ...JSON.parse(String(seen.body)) } : { id: 1, title: "read" }
        response.writeHead(seen.method === "POST" ? 201 : 200, { "content-type": "application/json" })
        response.end(JSON.stringify(todo))
      })
      const api = client.pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl(server.url)),
        HttpClient.mapRequest(HttpClientRequest.acceptJson),
        HttpClient.filterStatusOk
      )
      const read = yield* Effect.flatMap(api.get("/todos/1"), HttpClientResponse.schemaBodyJson(Todo))
      const request = HttpClientRequest.post("/todos")
      const written = yield* HttpClientRequest.schemaBodyJson(Todo.omit("id"))(request, { title: "write" }).pipe(
        Effect.flatMap(api.execute),
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Todo))
      )
      same("the todos", [read, written], [{ id: 1, title: "read" }, { id: 2, title: "write" }])
      same("the paths", server.seen.map(({ target }) => target), ["/todos/1", "/todos"])
    }),
    check("mapRequest and mapRequestInput: the last wraps the first; the input comes first", function*(client) {
      const server = yield* recordingServer()
      const add = (letter: string) => (request: HttpClientRequest.HttpClientRequest) =>
        HttpClientRequest.setHeader(request, "x-order", `${request.headers["x-order"] ?? ""}${letter}`)
      const mapped = client.pipe(
        HttpClient.mapRequest(add("b")),
        HttpClient.mapRequest(add("c")),
        HttpClient.mapRequestInput(add("a"))
      )
      yield* text(mapped.get(server.url))
      same("the order", server.seen[0]?.headers["x-order"], "abc")
    }),
    check("mapRequestEffect, mapRequestInputEffect: their failures are the client's", function*(client) {
      const server = yield* recordingServer()
      const signed = client.pipe(
        HttpClient.mapRequestEffect((request) => Effect.succeed(header("x-signed", "1")(request))),
        HttpClient.mapRequestInputEffect((request) => Effect.succeed(header("x-input", "2")(request)))
      )
      yield* text(signed.get(server.url))
      const { headers } = server.seen[0]!
      same("the headers", [headers["x-signed"], headers["x-input"]], ["1", "2"])
      const failing = HttpClient.mapRequestEffect(client, () => Effect.fail("no key"))
      same("the failure", yield* failureOf(failing.get(server.url)), "no key")
      same("requests", server.seen.length, 1)
    }),
    check("tapRequest, tap and tapError see what passes", function*(client) {
      const { url } = yield* statuses(200)
      const port = yield* freePort
      const seen: Array<string> = []
      const note = (line: string) => Effect.sync(() => seen.push(line))
      const tapped = client.pipe(
        HttpClient.tapRequest((request) => note(request.method)),
        HttpClient.tap((response) => note(String(response.status))),
        HttpClient.tapError((error) => note(kindOf(error)))
      )
      same("the text", yield* text(tapped.get(url)), "200")
      yield* failureOf(tapped.get(`http://127.0.0.1:${port}/`))
      same("what was seen", seen, ["GET", "200", "GET", "RequestError Transport"])
    }),
    check("transform and transformResponse wrap the call", function*(client) {
      const { url } = yield* statuses(404, 200)
      const calls: Array<string> = []
      const transformed = client.pipe(
        HttpClient.transformResponse(Effect.timeout("5 seconds")),
        HttpClient.transform((effect, request) => {
          calls.push(request.url)
          return Effect.flatMap(effect, (response) => response.status === 404 ? effect : Effect.succeed(response))
        })
      )
      same("the second answer", yield* text(transformed.get(url)), "200")
      same("calls", calls, [url])
    }),
    check("catchTag, catchTags and catchAll", function*(client) {
      const { url } = yield* answering("instead")
      const refused = `http://127.0.0.1:${yield* freePort}/`
      const instead = () => client.get(url)
      same("catchTag", yield* text(HttpClient.catchTag(client, "RequestError", instead).get(refused)), "instead")
      same("catchTags", yield* text(HttpClient.catchTags(client, { RequestError: instead }).get(refused)), "instead")
      same("catchAll", yield* text(HttpClient.catchAll(client, instead).get(refused)), "instead")
    }),
    check("filterStatusOk fails what is not 2xx, and its body can still be read", function*(client) {
      const { url } = yield* statuses(204, 404)
      const ok = HttpClient.filterStatusOk(client)
      same("204", (yield* ok.get(url)).status, 204)
      const error = yield* failureOf(ok.get(url))
      same("the failure", kindOf(error), "ResponseError StatusCode")
      if (error._tag === "ResponseError") same("its text", yield* error.response.text, "404")
    }),
    check("filterStatus, filterOrElse, filterOrFail", function*(client) {
      const { url } = yield* statuses(302, 200, 500, 418)
      const redirect = HttpClient.filterStatus(client, (status) => status === 302)
      same("302", yield* text(redirect.get(url)), "302")
      same("200", kindOf(yield* failureOf(redirect.get(url))), "ResponseError StatusCode")
      const orElse = HttpClient.filterOrElse(client, ({ status }) => status === 200, () => client.get(url))
      same("500, else 418", yield* text(orElse.get(url)), "418")
      const orFail = HttpClient.filterOrFail(client, ({ status }) => status !== 200, ({ status }) => `got ${status}`)
      same("200", yield* failureOf(orFail.get(url)), "got 200")
    }),
    check("retry asks again until it is answered well", function*(client) {
      const server = yield* statuses(500, 404, 200)
      const retried = client.pipe(HttpClient.filterStatusOk, HttpClient.retry(Schedule.recurs(5)))
      same("the text", yield* text(retried.get(server.url)), "200")
      same("requests", server.seen.length, 3)
    }),
    check("retryTransient repeats 503 and 429, with the body, but not 404", function*(client) {
      const server = yield* statuses(503, 429, 404)
      const retried = HttpClient.retryTransient(client, { times: 5 })
      const request = HttpClientRequest.put(server.url).pipe(HttpClientRequest.bodyText("again"))
      same("the text", yield* text(retried.execute(request)), "404")
      same("the bodies", server.seen.map(({ body }) => String(body)), ["again", "again", "again"])
    }),
    check("retryTransient repeats transport errors, until it is out of tries", function*(client) {
      const server = yield* recordingServer((response) => response.socket!.destroy())
      const error = yield* failureOf(HttpClient.retryTransient(client, { times: 2 }).post(server.url))
      same("the failure", kindOf(error), "RequestError Transport")
      same("requests", server.seen.length, 3)
    }),
    check("withCookiesRef keeps what is set and sends it back", function*(client) {
      const server = yield* recordingServer((response, _seen, nth) => {
        if (nth === 0) response.setHeader("set-cookie", ["a=1; Path=/", "b=2"])
        if (nth === 1) response.setHeader("set-cookie", "b=3")
        response.end()
      })
      const jar = yield* Ref.make(Cookies.empty)
      const cookied = HttpClient.withCookiesRef(client, jar)
      for (let i = 0; i < 3; i++) yield* text(cookied.get(server.url))
      same("what was sent", server.seen.map(({ headers }) => headers.cookie), [undefined, "a=1; b=2", "a=1; b=3"])
      same("the jar", Cookies.toRecord(yield* Ref.get(jar)), { a: "1", b: "3" })
    }),
    check("followRedirects of the platform: to the end, or as far as it is told", function*(client) {
      const server = yield* recordingServer((response, { target }) => {
        const hop = Number(target.slice(1))
        if (hop < 3) response.writeHead(302, { location: `/${hop + 1}` }).end("moved")
        else response.end("here")
      })
      same("the end", yield* text(HttpClient.followRedirects(client).get(`${server.url}0`)), "here")
      const stopped = yield* HttpClient.followRedirects(client, 2).get(`${server.url}0`)
      same("two hops", [stopped.status, stopped.headers["location"]], [302, "/3"])
    }),
    check("withScope: the body can be read until the scope closes", function*(client) {
      const { url } = yield* answering("scoped")
      const scoped = HttpClient.withScope(client)
      same("the text", yield* Effect.scoped(text(scoped.get(url))), "scoped")
      same("another", yield* Effect.scoped(text(scoped.post(url))), "scoped")
    }),
    check("errors and responses are the platform's own kind", function*(client) {
      const { url } = yield* answering("not json", { "content-type": "text/plain" })
      const response = yield* client.get(url)
      same("a response", HttpClientResponse.TypeId in response, true)
      const error = yield* failureOf(response.json)
      same("an error", HttpClientError.isHttpClientError(error), true)
      same("its message", error.message.includes(`200 GET ${url}`), true)
    })
  ]
}
