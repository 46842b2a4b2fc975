import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as TestConnector from "@connection-pool/core/TestConnector"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Inspector } from "../src/index.js"
import { ask, listen } from "./support/ask.js"
import { inspected, poolLayer } from "./support/inspected.js"

/** Reads the events piece by piece, as they are asked for. */
const reader = (app: HttpApp.Default): Effect.Effect<Effect.Effect<string | undefined>> =>
  Effect.promise(async () => {
    const request = new Request("http://localhost/events", { headers: { host: "localhost" } })
    const { body } = await HttpApp.toWebHandler(app)(request)
    const pieces = body!.pipeThrough(new TextDecoderStream()).getReader()
    await pieces.read()
    return Effect.promise(async () => (await pieces.read()).value)
  })

describe("the inspector", () => {
  it.scopedLive("tells what pool.stats and pool.connections tell", () =>
    Effect.gen(function*() {
      const { pool, port } = yield* inspected()
      for (const url of ["http://a.test/", "http://a.test/", "http://b.test/"]) yield* pool.execute({ url })
      const { headers, text } = yield* ask(port, "/stats")
      expect(headers["content-type"]).toBe("application/json")
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(yield* pool.stats)))
      expect(JSON.parse(text)).toMatchObject({
        requests: 3,
        reused: 1,
        idle: 2,
        origins: [{ requests: 2 }, { requests: 1 }]
      })
      const connections = JSON.parse((yield* ask(port, "/connections")).text)
      expect(connections).toMatchObject([
        { origin: "http://a.test", state: "idle", requests: 2 },
        { origin: "http://b.test", state: "idle", requests: 1 }
      ])
    }))

  it.scopedLive("tells how a dial failed by tag, reason and message", () =>
    Effect.gen(function*() {
      const { pool, port } = yield* inspected({}, { connect: () => ({ fail: "Refused" }) })
      yield* Effect.flip(pool.execute({ url: "http://a.test/" }))
      const [origin] = JSON.parse((yield* ask(port, "/stats")).text).origins
      expect(origin.lastConnectFailure).toEqual({
        _tag: "ConnectFailed",
        reason: "Refused",
        message: expect.stringContaining("http://a.test")
      })
    }))

  it.scopedLive("changes nothing", () =>
    Effect.gen(function*() {
      const { port } = yield* inspected()
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const { headers, status, text } = yield* ask(port, "/stats", { method })
        expect([method, status, headers.allow]).toEqual([method, 405, "GET, HEAD"])
        expect(text).toContain("read-only")
      }
      const head = yield* ask(port, "/events", { method: "HEAD" })
      expect([head.status, head.text]).toEqual([200, ""])
    }))

  it.scopedLive("gives every answer the headers that keep other sites out", () =>
    Effect.gen(function*() {
      const { port } = yield* inspected()
      const answers = [
        yield* ask(port, "/stats"),
        yield* ask(port, "/nowhere"),
        yield* ask(port, "/stats", { method: "POST" }),
        yield* ask(port, "/stats", { host: "evil.example" })
      ]
      expect(answers.map(({ status }) => status)).toEqual([200, 404, 405, 421])
      for (const { headers } of answers) {
        expect(headers).toMatchObject({
          "cache-control": "no-store",
          "content-security-policy": expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/),
          "cross-origin-resource-policy": "same-origin",
          "referrer-policy": "no-referrer",
          "x-content-type-options": "nosniff"
        })
        expect(headers).not.toHaveProperty("access-control-allow-origin")
      }
    }))

  it.scopedLive("does not show the credentials of a URL", () =>
    Effect.gen(function*() {
      const { pool, port } = yield* inspected({}, { connect: (_, dial) => dial === 0 ? { fail: "Refused" } : {} })
      const events = yield* listen(port, "/events")
      yield* Effect.flip(pool.execute({ url: "http://user:hunter2@a.test/?token=hunter2" }))
      yield* pool.execute({ url: "http://user:hunter2@a.test/?token=hunter2" })
      const texts = [yield* Effect.promise(() => events.until("Completed"))]
      for (const path of ["/stats", "/connections"]) texts.push((yield* ask(port, path)).text)
      expect(texts.every((text) => text.includes("a.test"))).toBe(true)
      expect(texts.join("")).not.toContain("hunter2")
    }))

  it.scopedLive("ends its events with the pool", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const pool = yield* ConnectionPool.make().pipe(Effect.provide(TestConnector.layer()), Scope.extend(scope))
      const app = yield* Inspector.make().pipe(Effect.provideService(ConnectionPool.ConnectionPool, pool))
      const read = yield* reader(app)
      yield* pool.execute({ url: "http://a.test/" })
      yield* Scope.close(scope, Exit.void)
      let text = ""
      for (let piece = yield* read; piece !== undefined; piece = yield* read) text += piece
      expect(text).toMatch(/event: Drained\ndata: {.*}\n\n$/)
    }))

  it.scopedLive("drops the oldest events of a slow reader, and tells how many", () =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      const read = yield* reader(yield* Inspector.make())
      for (let i = 0; i < 1_000; i++) yield* pool.execute({ url: "http://a.test/" })
      let text = ""
      while (!text.includes("event: Missed")) text += yield* read
      expect(text).toMatch(/event: Missed\ndata: {"at":[\d.]+,"count":\d+,"_tag":"Missed"}/)
    }).pipe(Effect.provide(poolLayer())))

  it.scopedLive("is mounted anywhere in a router", () =>
    Effect.gen(function*() {
      const app = HttpRouter.empty.pipe(HttpRouter.mountApp("/ops/pool", yield* Inspector.make()))
      const handler = HttpApp.toWebHandler(app)
      const ask = (path: string) =>
        Effect.promise(() => handler(new Request(`http://localhost${path}`, { headers: { host: "localhost" } })))
      expect((yield* ask("/ops/pool/stats")).status).toBe(200)
      expect((yield* ask("/ops/pool/nowhere")).status).toBe(404)
    }).pipe(Effect.provide(poolLayer())))
})
