import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Option, Stream, TestClock } from "effect"
import { describe } from "vitest"
import { Connector, TestConnector } from "../src/index.js"
import { bytes, failsWith, otherUrl, settle, start, url, withPool } from "./support/pool.js"

describe("TestConnector", () => {
  it.effect("without a script connects at once and answers everything with an empty 200", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        const { headers, status, text } = yield* pool.execute({ url })
        deepStrictEqual([status, text, Object.keys(headers)], [200, "", []])
        deepStrictEqual([yield* network.dials, yield* network.dialling, yield* network.mostOpen], [1, 0, 1])
      })
    ))

  it.effect("shows requests as they came, with their connection and place on it", () =>
    withPool((pool, network) =>
      Effect.gen(function*() {
        yield* pool.execute({ url: `${url}a?b`, method: "PUT", headers: { "X-A": "1" }, body: "hello" })
        yield* pool.execute({ url: otherUrl })
        yield* pool.execute({ url, headers: { connection: "close" } })
        deepStrictEqual(yield* network.requests, [
          {
            method: "PUT",
            url: "http://server.test/a?b",
            headers: { host: "server.test", "x-a": "1" },
            body: "hello",
            connection: 0,
            index: 0
          },
          { method: "GET", url: otherUrl, headers: { host: "other.test" }, body: "", connection: 1, index: 0 },
          {
            method: "GET",
            url,
            headers: { host: "server.test", connection: "close" },
            body: "",
            connection: 0,
            index: 1
          }
        ])
      })
    ))

  it.effect("shows connections, open and closed, and what they do", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          yield* pool.execute({ url, headers: { connection: "close" } })
          yield* start(pool.execute({ url: `${url}never` }))
          deepStrictEqual(yield* network.connections, [
            { id: 0, origin: "http://server.test", open: false, busy: false, requests: 1 },
            { id: 1, origin: "http://server.test", open: true, busy: true, requests: 1 }
          ])
          deepStrictEqual([yield* network.dials, yield* network.mostOpen], [2, 1])
        }),
      { respond: ({ url }) => ({ never: url.endsWith("never") }) }
    ))

  it.effect("scripts dials by their origin and number", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          strictEqual((yield* failsWith("ConnectFailed", pool.execute({ url }))).reason, "Dns")
          const slow = yield* start(pool.execute({ url: otherUrl }))
          strictEqual(yield* network.dialling, 1)
          yield* TestClock.adjust(99)
          assertTrue(Option.isNone(yield* Fiber.poll(slow)))
          yield* TestClock.adjust(1)
          yield* Fiber.join(slow)
          strictEqual(yield* network.dialling, 0)
          yield* pool.execute({ url })
          strictEqual(yield* network.dials, 3)
        }),
      {
        connect: (origin, dial) =>
          origin === "http://other.test" ? { delay: "100 millis" } : dial === 0 ? { fail: "Dns" } : {}
      }
    ))

  it.effect("delays answers and the pieces of their bodies on the Clock", () =>
    withPool(
      (pool) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          yield* TestClock.adjust(50)
          yield* TestClock.adjust(10)
          yield* TestClock.adjust(10)
          const { text, timings } = yield* Fiber.join(request)
          deepStrictEqual([text, timings.firstByte, timings.total], ["abcd", 50, 70])
        }),
      { respond: () => ({ delay: 50, pieceDelay: 10, body: ["ab", new TextEncoder().encode("cd")] }) }
    ))

  it.effect("tells the length of a body, unless it is told not to", () =>
    Effect.gen(function*() {
      const tooLarge = (sized: boolean | undefined) =>
        withPool(
          (pool) => failsWith("ResponseTooLarge", pool.execute({ url, maxResponseSize: 3 })),
          { respond: () => ({ sized, body: ["ab", "cd"] }) }
        )
      deepStrictEqual([(yield* tooLarge(undefined)).declared, (yield* tooLarge(false)).declared], [true, false])
    }))

  it.effect("breaks a connection before the headers, or after a number of bytes, even of none", () =>
    Effect.gen(function*() {
      const lost = (afterBytes?: number) =>
        withPool(
          (pool) =>
            Effect.map(failsWith("ConnectionLost", pool.execute({ url })), ({ bytesReceived, progress, reason }) => [
              reason,
              progress,
              bytesReceived
            ]),
          { respond: () => ({ body: ["abc", "def"], breaks: { how: "reset", afterBytes } }) }
        )
      deepStrictEqual(yield* lost(), ["reset", "maybe-sent", 0])
      deepStrictEqual(yield* lost(0), ["reset", "response-started", 0])
      deepStrictEqual(yield* lost(3), ["reset", "response-started", 3])
      deepStrictEqual(yield* lost(5), ["reset", "response-started", 5])
      deepStrictEqual(yield* lost(99), ["reset", "response-started", 6])
    }))

  it.effect("waits with the end of a body that the pool holds back", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const exchange = yield* pool.open({ url })
          yield* settle
          deepStrictEqual((yield* network.connections).map(({ busy }) => busy), [true])
          yield* exchange.bytes
          deepStrictEqual((yield* network.connections).map(({ busy }) => busy), [false])
        }),
      { respond: () => ({ body: bytes(100_000) }) }
    ))

  it.effect("lets the test close a connection under a request", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          strictEqual(yield* network.closeByPeer(0), true)
          strictEqual((yield* failsWith("ConnectionLost", Fiber.join(request))).reason, "closed")
          strictEqual(yield* network.closeByPeer(0), false)
        }),
      { respond: () => ({ never: true }) }
    ))

  it.effect("is a Connector for whoever asks for one", () =>
    Effect.gen(function*() {
      const connector = yield* Connector.Connector
      const origin = { scheme: "http", host: "a", port: 80, href: "http://a", authority: "a" } as const
      const target = { origin, tls: undefined, noDelay: true, tcpKeepAliveDelay: 1, maxHeaderSize: 1 }
      const connection = yield* connector.connect(target)
      const causes: Array<string> = []
      connection.close()
      connection.onClose((cause) => causes.push(cause))
      connection.close()
      const failures: Array<unknown> = []
      connection.send(
        { method: "GET", target: "/", authority: "a", headers: [], body: undefined, keepAlive: true },
        {
          onHead: () => {},
          onBody: () => {},
          onEnd: () => {},
          onDrain: () => {},
          onFailure: (failure) => failures.push(failure)
        }
      )
      deepStrictEqual([causes, failures], [["local"], [{ kind: "Lost", reason: "closed" }]])
    }).pipe(Effect.provide(TestConnector.layer())))

  it.effect("takes the pieces of a streamed body one window at a time", () =>
    withPool(
      (pool, network) =>
        Effect.gen(function*() {
          const body = Stream.make(bytes(3), bytes(4), bytes(5))
          yield* pool.execute({ url, method: "POST", body })
          strictEqual((yield* network.requests)[0]!.body.length, 12)
        }),
      { uploadWindow: 4 }
    ))
})
