// The page in a real browser.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as TestConnector from "@connection-pool/core/TestConnector"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import { afterAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { createServer } from "node:http"
import * as Inspector from "../src/Inspector.js"
import * as NodeInspector from "../src/NodeInspector.js"
import { closeBrowser, shows, visit } from "./support/browser.js"
import { countingServer } from "./support/countingServer.js"
import { inspected, poolLayer, portOf } from "./support/inspected.js"

afterAll(closeBrowser)

const address = Effect.map(HttpServer.HttpServer, (server) => `http://127.0.0.1:${portOf(server)}/`)

describe.concurrent("the page", () => {
  it.scopedLive("shows the server's own counts as they grow, and asks nobody else for anything", (ctx) =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      const server = yield* countingServer
      const { complaints, hosts, page } = yield* visit(ctx, yield* address)
      yield* shows(page, "#totals", /^0 requests on 0 connections/)
      const url = server.origin.replace("//", "//user:hunter2@")
      for (const all of [300, 600]) {
        yield* Effect.forEach(Array.from({ length: 300 }), () => pool.execute({ url: `${url}/item?token=hunter2` }), {
          concurrency: 5
        })
        const { connections, requests } = server.counts()
        expect([requests, connections]).toEqual([all, 5])
        yield* shows(page, "#totals", new RegExp(`^${requests} requests on ${connections} connections`))
        yield* shows(page, ".counts", `0 active · ${connections} idle of 50 · ${requests} requests`)
        expect(yield* Effect.promise(() => page.locator("#grid .cell[data-state=idle]").count())).toBe(connections)
      }
      expect(yield* Effect.promise(() => page.locator(".name").allTextContents())).toEqual([server.origin])
      expect(yield* Effect.promise(() => page.content())).not.toContain("hunter2")
      expect([complaints, Array.from(hosts)]).toEqual([[], [new URL(yield* address).host]])
    }).pipe(Effect.provide(NodeInspector.layer({ port: 0 }).pipe(Layer.provideMerge(NodeConnectionPool.layer())))))

  it.scopedLive("survives that the pool is started again, and begins anew", (ctx) =>
    Effect.gen(function*() {
      const before = yield* inspected()
      for (let i = 0; i < 7; i++) yield* before.pool.execute({ url: "http://a.test/" })
      const { page } = yield* visit(ctx, `http://127.0.0.1:${before.port}/`)
      yield* shows(page, "#totals", /^7 requests on 1 connection /)
      yield* before.close
      yield* shows(page, "#status", "does not answer")
      const after = yield* inspected({ port: before.port })
      yield* shows(page, "#status", /^live$/)
      yield* shows(page, "#totals", /^0 requests on 0 connections/)
      expect(yield* Effect.promise(() => page.locator(".row").count())).toBe(0)
      yield* after.pool.execute({ url: "http://b.test/" })
      yield* shows(page, ".name", "http://b.test")
    }))

  it.scopedLive("says who has waited longest, and who holds the connections", (ctx) =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      for (const path of ["slow", "queued"]) yield* Effect.fork(pool.execute({ url: `http://a.test/${path}` }))
      const { page } = yield* visit(ctx, yield* address)
      yield* shows(page, "#wait", /^GET \/queued has waited .* for http:\/\/a\.test\./)
      yield* shows(page, "#wait li", /GET \/slow \(headers\) · connection 0/)
      yield* shows(page, "#waiting", /^1$/)
    }).pipe(Effect.provide(
      NodeInspector.layer({ port: 0 }).pipe(
        Layer.provideMerge(
          poolLayer({ respond: () => ({ never: true }) }, { maxConnectionsPerOrigin: 1, drainTimeout: 0 })
        )
      )
    )))

  it.scopedLive("is used with the keyboard alone, and fits on a phone", (ctx) =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      for (const origin of ["http://a.test", "http://b.test"]) yield* pool.execute({ url: origin })
      const { page } = yield* visit(ctx, yield* address, { viewport: { width: 360, height: 740 } })
      yield* shows(page, ".name", "http://b.test")
      const focused = () =>
        page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent)
      const press = async (...keys: ReadonlyArray<string>) => {
        for (const key of keys) await page.keyboard.press(key)
        return focused()
      }
      expect(yield* Effect.promise(() => press("Tab"))).toBe("Filter origins")
      expect(yield* Effect.promise(() => press("Tab"))).toBe("http://a.test")
      expect(yield* Effect.promise(() => press("ArrowRight"))).toBe("connection 0, idle")
      yield* shows(page, "#tooltip", /Connection 0 is idle\nhttp:\/\/a\.test\n.* old · 1 request/)
      expect(yield* Effect.promise(() => press("ArrowDown"))).toBe("connection 1, idle")
      expect(yield* Effect.promise(() => press("Home", "ArrowUp"))).toBe("http://a.test")
      expect(yield* Effect.promise(() => page.locator("#tooltip").isHidden())).toBe(true)
      expect(yield* Effect.promise(() => page.evaluate(() => document.documentElement.scrollWidth))).toBe(360)
      expect(yield* Effect.promise(() => press("ArrowDown", "ArrowRight"))).toBe("connection 1, idle")
      yield* pool.closeIdle
      yield* shows(page, "#connections", /^0 open/)
      expect(yield* Effect.promise(focused)).toBe("http://b.test")
      yield* Effect.promise(() => page.getByLabel("Filter origins").fill("B.te"))
      expect(yield* Effect.promise(() => page.locator(".row:visible .name").allTextContents())).toEqual([
        "http://b.test"
      ])
    }).pipe(Effect.provide(NodeInspector.layer({ port: 0 }).pipe(Layer.provideMerge(poolLayer())))))

  it.scopedLive("works at any path of a router, whose server closes though a page is open", (ctx) =>
    Effect.gen(function*() {
      const inspector = HttpRouter.Default.use((router) =>
        Effect.flatMap(Inspector.make(), (app) => router.mountApp("/ops/pool", app))
      )
      const layer = HttpRouter.Default.serve().pipe(
        Layer.provide(Layer.provide(inspector, poolLayer())),
        Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 }))
      )
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layer, scope)
      const url = yield* Effect.provide(address, context)
      for (const path of ["ops/pool", "ops/pool/"]) {
        const { page } = yield* visit(ctx, `${url}${path}`)
        yield* shows(page, "#status", /^live$/)
      }
      yield* Scope.close(scope, Exit.void)
    }))
})

describe("a large page", () => {
  it.scopedLive("shows 1,000 connections to 200 origins four times a second, touching only what has changed", (ctx) =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      const origins = Array.from({ length: 200 }, (_, i) => `http://service-${i}.internal:8080`)
      yield* pool.warmUp(origins, { connections: 5 })
      const { page } = yield* visit(ctx, yield* address)
      const cells = page.locator("#grid .cell")
      yield* shows(page, "#connections", /^1,000 open/)
      expect(yield* Effect.promise(() => cells.count())).toBe(1_000)
      expect(yield* Effect.promise(() => page.locator("#more").isHidden())).toBe(true)

      yield* Effect.forEach(origins, (origin) => Effect.forever(Effect.either(pool.execute({ url: origin }))), {
        concurrency: "unbounded"
      }).pipe(Effect.forkScoped)
      yield* shows(page, "#connections", /200 active$/)

      const cdp = yield* Effect.promise(() => page.context().newCDPSession(page))
      const looks: Array<{ readonly timestamp: number; readonly data: string }> = []
      cdp.on("Network.eventSourceMessageReceived", (look) => looks.push(look))
      yield* Effect.promise(() =>
        page.evaluate(() => {
          const changes = { nodes: 0, states: 0 }
          Object.assign(globalThis, { changes })
          new MutationObserver((records) => {
            for (const { target, type } of records) {
              if (type === "attributes") changes.states++
              else if (target instanceof Element && target.className !== "counts") changes.nodes++
            }
          }).observe(document.getElementById("grid")!, {
            subtree: true,
            childList: true,
            attributeFilter: ["data-state"]
          })
        })
      )
      const busyFor = async () =>
        (await cdp.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")!.value
      yield* Effect.promise(() => Promise.all([cdp.send("Network.enable"), cdp.send("Performance.enable")]))
      const before = yield* Effect.promise(busyFor)
      yield* Effect.promise(async () => {
        while (looks.length < 7) await page.waitForTimeout(100)
      })
      const busy = (yield* Effect.promise(busyFor)) - before
      const seconds = looks.at(-1)!.timestamp - looks[0]!.timestamp
      const { nodes, states } = yield* Effect.promise(() =>
        page.evaluate(() => (globalThis as unknown as { changes: { nodes: number; states: number } }).changes)
      )
      expect((looks.length - 1) / seconds).toBeLessThan(4.4)
      expect(Math.max(...looks.map(({ data }) => Buffer.byteLength(data)))).toBeLessThan(64 * 1_024)
      expect(states).toBeGreaterThan(0)
      expect(nodes).toBe(0)
      // Half of the time, at most, on whatever machine: there is time for who scrolls.
      expect(busy / looks.length).toBeLessThan(0.125)
    }).pipe(Effect.provide(
      NodeInspector.layer({ port: 0 }).pipe(
        Layer.provideMerge(ConnectionPool.layer({ drainTimeout: 0, scheduling: "fifo" })),
        Layer.provide(TestConnector.layer({ respond: () => ({ delay: "300 millis" }) }))
      )
    )))
})
