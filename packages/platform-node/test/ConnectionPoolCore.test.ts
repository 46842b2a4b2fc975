import { PoolError } from "@connection-pool/core"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import type * as http from "node:http"
import { describe } from "vitest"
import type { ExecuteOptions } from "../src/ConnectionPoolCore.js"
import { errorOf, failure, scopedCore } from "./support/core.js"
import { runFixture } from "./support/fixture.js"
import { httpServer, readBody } from "./support/httpServer.js"

/** Answers with what it was asked. */
const echo: http.RequestListener = async (request, response) => {
  const { headers, method, url } = request
  const body = await readBody(request)
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify({ method, url, body, type: headers["content-type"], headers }))
}

interface Echoed {
  readonly method: string
  readonly url: string
  readonly body: string
  readonly type?: string
  readonly headers: Readonly<Record<string, string>>
}

describe("ConnectionPoolCore.execute", () => {
  it.scopedLive("sends a POST and answers with data, status, headers, latency, reused and agent", () =>
    Effect.gen(function*() {
      const server = yield* httpServer(echo)
      const core = yield* scopedCore()
      const first = yield* Effect.promise(() => core.execute<Echoed>(`${server.url}rpc`, { body: { id: 1 } }))
      const { data, headers, latency, ...rest } = first
      deepStrictEqual(rest, { status: 200, reused: false, agent: server.url.slice(0, -1) })
      deepStrictEqual([data.method, data.url, data.body, data.type], ["POST", "/rpc", `{"id":1}`, "application/json"])
      strictEqual(headers["content-type"], "application/json")
      assertTrue(latency > 0 && latency < 10_000)
      const second = yield* Effect.promise(() => core.execute(`${server.url}rpc`, { body: { id: 2 } }))
      deepStrictEqual([second.reused, server.accepted()], [true, 1])
    }))

  const bodies: ReadonlyArray<readonly [string, ExecuteOptions, string, string | undefined]> = [
    ["nothing", {}, "", undefined],
    ["null", { body: null }, "", undefined],
    ["text", { body: `{"a":1}` }, `{"a":1}`, "application/json"],
    ["text of another type", { body: "a", headers: { "Content-Type": "text/plain" } }, "a", "text/plain"],
    ["text and other headers", { body: "a", headers: { accept: "*/*" } }, "a", "application/json"],
    ["pairs of headers", { body: "a", headers: [["Content-type", "text/x"]] }, "a", "text/x"],
    ["a web Headers object", { body: "{}", headers: new Headers({ accept: "*/*" }) }, "{}", "application/json"],
    ["bytes", { body: new Uint8Array([104, 105]) }, "hi", undefined],
    ["a view", { body: new DataView(new Uint8Array([0, 104, 105, 0]).buffer, 1, 2) }, "hi", undefined],
    ["a buffer", { body: new Uint8Array([104, 105]).buffer }, "hi", undefined],
    ["a list", { body: [1, null] }, "[1,null]", "application/json"],
    ["an object with toJSON", { body: new Date(0) }, `"1970-01-01T00:00:00.000Z"`, "application/json"],
    ["a length that is a number", { body: "ab", headers: { "Content-Length": 2 } }, "ab", "application/json"]
  ]
  it.scopedLive.each(bodies)("sends %s", ([, options, body, type]) =>
    Effect.gen(function*() {
      const server = yield* httpServer(echo)
      const core = yield* scopedCore()
      const { data } = yield* Effect.promise(() => core.execute<Echoed>(server.url, options))
      deepStrictEqual([data.body, data.type], [body, type])
    }))

  const refused: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
    ["a circle", () => {
      const circle: Record<string, unknown> = {}
      return { circle: Object.assign(circle, { circle }) }
    }, /^body cannot be written as JSON: Converting circular structure/],
    ["a BigInt", () => ({ big: 1n }), /^body cannot be written as JSON: .*BigInt/],
    ["a toJSON that says nothing", () => ({ toJSON: () => undefined }), /^body cannot be written as JSON/],
    ["a number", () => 5, /^body is a number; it is sent as/],
    ["a function", () => () => 5, /^body is a function/],
    ["a Map", () => new Map([[1, 2]]), /^body is a Map/],
    ["a Promise", () => Promise.resolve({}), /^body is a Promise/],
    ["a form", () => new FormData(), /^body is a FormData/],
    ["a stream", () => new ReadableStream(), /^body is a ReadableStream/]
  ]
  it.scopedLive.each(refused)("refuses a body that cannot be JSON: %s", ([, body, message]) =>
    Effect.gen(function*() {
      const server = yield* httpServer(echo)
      const core = yield* scopedCore()
      const error = yield* failure(() => core.execute(server.url, { body: body() as object }))
      deepStrictEqual([error.name, error.code], ["InvalidRequest", "ERR_INVALID_REQUEST"])
      assertTrue(message.test(error.message), error.message)
      assertTrue(error.cause instanceof PoolError.InvalidRequest)
      strictEqual(server.accepted(), 0)
    }))

  it.scopedLive("reads text where JSON is not wanted, and any status is an answer", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => void response.writeHead(503).end("<html>busy"))
      const core = yield* scopedCore()
      const { data, status } = yield* Effect.promise(() =>
        core.execute(server.url, { method: "GET", parseJson: false })
      )
      deepStrictEqual([status, data.toUpperCase()], [503, "<HTML>BUSY"])
    }))

  it.scopedLive("has no data where an answer has no body", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((request, response) =>
        void response.writeHead(request.method === "HEAD" ? 200 : 204).end()
      )
      const core = yield* scopedCore()
      const { head, post } = yield* Effect.promise(async () => ({
        post: await core.execute(server.url),
        head: await core.execute(server.url, { method: "HEAD" })
      }))
      deepStrictEqual([post.status, post.data, head.status, head.data], [204, undefined, 200, undefined])
    }))

  it.scopedLive("shows the beginning of an answer that is not JSON, and its status, without secrets", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((request, response) =>
        void response.writeHead(401).end(
          `<h1>no ${request.headers.authorization} at ${request.url}</h1> {"apiKey":"hush-hush"} ${"x".repeat(300)}`
        )
      )
      const core = yield* scopedCore()
      const url = `${server.url}v3/0123456789abcdef0123?token=s3cr3t-value`
      const headers = { authorization: "Bearer my-own-token" }
      const error = yield* failure(() => core.execute(url, { headers }))
      deepStrictEqual([error.name, error.code, error.status], ["InvalidJson", "ERR_INVALID_JSON", 401])
      const shown = /it begins with "(.*)"…$/.exec(error.message)?.[1] ?? ""
      assertTrue(shown.startsWith("<h1>no REDACTED at /v3/REDACTED?token=REDACTED</h1>"), error.message)
      deepStrictEqual(/my-own-token|0123456789abcdef|s3cr3t|hush/.exec(error.message), null)
      assertTrue(JSON.parse(`"${shown}"`).length <= 200)
      assertTrue(error.cause instanceof PoolError.ProtocolError)
    }))

  it.scopedLive("an answer that is too large, by the pool's limit or by the request's, is an error", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => void response.end(JSON.stringify("x".repeat(98))))
      const core = yield* scopedCore({ responseLimit: 99 })
      const error = yield* failure(() => core.execute(server.url))
      deepStrictEqual([error.name, error.code], ["ResponseTooLarge", "ERR_RESPONSE_TOO_LARGE"])
      yield* Effect.promise(() => core.execute(server.url, { responseLimit: 100 }))
    }))

  it.scopedLive("a request has the time that it is given", () =>
    Effect.gen(function*() {
      const server = yield* httpServer(() => {})
      const core = yield* scopedCore()
      const error = yield* failure(() => core.execute(server.url, { timeout: 20 }))
      deepStrictEqual([error.name, error.code], ["RequestTimeout", "ETIMEDOUT"])
      assertTrue(error.message.includes("requestTimeout of 20 ms"))
    }))

  it.scopedLive("errors have Node's codes, their tag as name, and the typed error as cause", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((request) => void request.socket.destroy())
      const core = yield* scopedCore()
      const lost = yield* failure(() => core.execute(server.url))
      deepStrictEqual([lost.name, lost.code], ["ConnectionLost", "ECONNRESET"])
      assertTrue(lost.cause instanceof PoolError.ConnectionLost)
      const refused = yield* failure(() => core.execute("http://127.0.0.1:1/"))
      deepStrictEqual([refused.name, refused.code], ["ConnectFailed", "ECONNREFUSED"])
      const invalid = yield* failure(() => core.execute("nowhere"))
      deepStrictEqual([invalid.name, invalid.code], ["InvalidRequest", "ERR_INVALID_REQUEST"])
      assertTrue(String(refused).startsWith("ConnectFailed: cannot connect to http://127.0.0.1:1 (Refused)"))
    }))

  it.scopedLive("takes the URL, the headers and the timeout of an endpoint, below those of the request", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((request, response) => {
        if (request.headers["x-late"] === undefined) void echo(request, response)
      })
      const core = yield* scopedCore()
      const endpoint = { url: new URL("rpc", server.url), headers: { "x-key": "1", "X-Other": "2" }, timeout: 50 }
      const { data } = yield* Effect.promise(() =>
        core.executeWithEndpoint<Echoed>(endpoint, { headers: { "X-KEY": "3" }, timeout: "5 seconds" })
      )
      deepStrictEqual([data.url, data.headers["x-key"], data.headers["x-other"]], ["/rpc", "3", "2"])
      const late = yield* failure(() => core.executeWithEndpoint(endpoint, { headers: { "x-late": "yes" } }))
      assertTrue(late.message.includes("requestTimeout of 50 ms"))
      const plain = yield* Effect.promise(() => core.executeWithEndpoint<Echoed>(server.url, { body: "{}" }))
      strictEqual(plain.data.body, "{}")
    }))
})

describe("a signal", () => {
  it.scopedLive("that is aborted before sends nothing", () =>
    Effect.gen(function*() {
      const server = yield* httpServer(echo)
      const core = yield* scopedCore()
      const error = yield* failure(() => core.execute(server.url, { signal: AbortSignal.abort("why") }))
      deepStrictEqual([error.name, error.code, error.cause], ["AbortError", "ABORT_ERR", "why"])
      strictEqual(server.accepted(), 0)
    }))

  it.scopedLive("that is aborted closes the exchange, and no listener is left on it", () =>
    Effect.gen(function*() {
      const { aborted, arrive, core, server, signal } = yield* waitingRequest
      yield* Effect.promise(() => arrive)
      aborted.abort(new Error("enough"))
      const error = yield* failure(() => signal.request)
      deepStrictEqual([error.name, error.code, (error.cause as Error).message], ["AbortError", "ABORT_ERR", "enough"])
      yield* Effect.promise(server.allClosed)
      strictEqual(signal.listeners(), 0)
      strictEqual(core.getMetrics().activeConnections, 0)
    }))

  it.scopedLive("leaves no listener behind where requests are answered or fail", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((request, response) => {
        if (request.url === "/lost") request.socket.destroy()
        else response.end("1")
      })
      const core = yield* scopedCore()
      const { listeners, signal } = countingSignal(new AbortController().signal)
      yield* Effect.promise(() => core.execute(server.url, { signal }))
      yield* failure(() => core.execute(`${server.url}lost`, { signal }))
      strictEqual(listeners(), 0)
    }))
})

/** A signal that knows how many listen to it. */
const countingSignal = (signal: AbortSignal) => {
  let count = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count++
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count--
    removeEventListener.apply(signal, args)
  }
  return { signal, listeners: () => count }
}

const waitingRequest = Effect.gen(function*() {
  let arrived = () => {}
  const arrive = new Promise<void>((resolve) => arrived = resolve)
  const server = yield* httpServer(() => arrived())
  const core = yield* scopedCore()
  const aborted = new AbortController()
  const { listeners, signal } = countingSignal(aborted.signal)
  const request = core.execute(server.url, { signal })
  request.catch(() => {})
  return { server, core, aborted, arrive, signal: { request, listeners } }
})

describe("a pool that nobody closed", () => {
  it.scopedLive("does not keep the process alive", () =>
    Effect.gen(function*() {
      const server = yield* httpServer((_, response) => void response.end("1"))
      const { code, printed } = yield* runFixture("core-idles.ts", server.url)
      deepStrictEqual([code, printed], [0, `{"status":200,"reused":1}`])
    }), 30_000)

  it("is not built by its figures", async () => {
    const { ConnectionPoolCore } = await import("../src/ConnectionPoolCore.js")
    const core = new ConnectionPoolCore()
    const { memoryUsageMB, ...metrics } = core.getMetrics()
    assertTrue(memoryUsageMB > 1)
    deepStrictEqual(metrics, {
      totalConnections: 0,
      newConnections: 0,
      reusedConnections: 0,
      failedConnections: 0,
      timedOutConnections: 0,
      totalRequests: 0,
      avgConnectionTimeMs: 0,
      avgReuseTimeMs: 0,
      socketReusePercentage: "0.00%",
      socketLeaks: 0,
      cleanedUpConnections: 0,
      activeAgents: 0,
      activeConnections: 0
    })
    deepStrictEqual([core.getStats(), core.getSocketReusePercentage(), core.cleanupUnusedConnections()], [{}, 0, 0])
    strictEqual((await errorOf(() => core.execute("nowhere"))).name, "InvalidRequest")
    await core.destroy()
  })
})
