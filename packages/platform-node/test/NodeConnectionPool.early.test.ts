import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Stream } from "effect"
import type { Socket } from "node:net"
import { describe } from "vitest"
import { type Ask, assertAtRest, hostileServer, scriptedServer, until, ways, withPool } from "./support/stage.js"

const tooMuch = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much"

describe("an answer that comes before its request is whole", () => {
  const piece = new Uint8Array(2 ** 16)
  const endless = Stream.repeatEffect(Effect.as(Effect.yieldNow(), piece))

  /** The server has taken the head, and takes little more. */
  const requests: Readonly<Record<string, Omit<Ask, "url">>> = {
    "chunks without an end": { body: endless },
    "a stream of a declared length": { body: endless, headers: { "content-length": String(2 ** 40) } },
    "a stream whose source has nothing to say": { body: Stream.never },
    "32 MiB of bytes": { body: new Uint8Array(2 ** 25) }
  }

  for (const [what, request] of Object.entries(requests)) {
    it.live(`of ${what} is given to its caller, and nothing else goes out on that connection`, () =>
      Effect.forEach(Object.entries(ways), ([way, ask]) =>
        Effect.scoped(Effect.gen(function*() {
          const server = yield* hostileServer
          yield* withPool({}, (pool, client) =>
            Effect.gen(function*() {
              const first = yield* Effect.fork(ask(pool, client, { url: server.url, method: "POST", ...request }))
              const socket = yield* server.first
              const next = yield* Effect.fork(pool.execute({ method: "POST", url: `${server.url}next`, body: "a" }))
              yield* until(Effect.map(pool.stats, ({ waiting }) => waiting === 1))
              socket.write(tooMuch)
              deepStrictEqual([way, yield* Fiber.join(first)], [way, "413 too much"])
              const { reused, text } = yield* Fiber.join(next)
              deepStrictEqual([text, reused], ["answer to /next", false])
              yield* assertAtRest(pool, 2)
            }))
          deepStrictEqual(server.requests, ["POST /", "POST /next"])
        })), { discard: true }))
  }
})

it.live("connection: close, with many who wait: each is served, on a connection of its own", () =>
  Effect.scoped(Effect.gen(function*() {
    const last = (socket: Socket) =>
      void socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    const server = yield* scriptedServer(() => last)
    yield* withPool({}, (pool) =>
      Effect.gen(function*() {
        const first = yield* Effect.fork(pool.execute({ url: server.url }))
        const socket = yield* server.first
        const waiting = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, i) => i),
          (i) => Effect.fork(pool.execute({ method: "POST", url: `${server.url}${i}` }))
        )
        yield* until(Effect.map(pool.stats, (stats) => stats.waiting === 20))
        last(socket)
        const answers = yield* Fiber.join(Fiber.all([first, ...waiting]))
        deepStrictEqual(answers.map(({ reused, text }) => [text, reused]), answers.map(() => ["ok", false]))
        const { active, idle, opened } = yield* pool.stats
        deepStrictEqual({ active, idle, opened }, { active: 0, idle: 0, opened: 21 })
      }))
    yield* Effect.promise(server.allClosed)
    strictEqual(server.mostOpen() <= 2, true)
  })))

describe("on a connection that has answered before", () => {
  const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  /** Opened and idle. */
  const lost = [1, 0]

  const second: Readonly<Record<string, readonly [(socket: Socket) => void, string, ReadonlyArray<string>, object]>> = {
    "an answer that is cut in its head is not asked for again": [
      (socket) => void socket.end("HTTP/1.1 200 OK\r\nConte"),
      "ConnectionLost response-started",
      ["GET /second"],
      lost
    ],
    "an answer that is cut in its body is not asked for again, and its beginning not told twice": [
      (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHe"),
      "ConnectionLost response-started",
      ["GET /second"],
      lost
    ],
    "what is no answer is not asked for again": [
      (socket) => void socket.write("SSH-2.0-OpenSSH_9.6\r\n"),
      "ProtocolError response-started",
      ["GET /second"],
      lost
    ],
    "an interim answer and then the end are not asked for again": [
      (socket) => void socket.end("HTTP/1.1 103 Early Hints\r\n\r\n"),
      "ConnectionLost response-started",
      ["GET /second"],
      lost
    ],
    "C6 the end before the first byte has the request sent again, once, on a fresh one": [
      (socket) => void socket.end(),
      "answer to /second",
      ["GET /second", "GET /second"],
      [2, 1]
    ],
    "an error of the server's costs no connection": [
      (socket) => void socket.write("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh"),
      "oh",
      ["GET /second"],
      [1, 1]
    ]
  }

  for (const [what, [answer, sees, requests, connections]] of Object.entries(second)) {
    it.live(what, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* scriptedServer((nth) => nth === 2 ? answer : undefined)
        yield* withPool({}, (pool) =>
          Effect.gen(function*() {
            const first = yield* Effect.fork(pool.execute({ url: server.url }))
            const socket = yield* server.first
            socket.write(good)
            yield* Fiber.join(first)
            const seen = yield* Effect.match(pool.execute({ url: `${server.url}second` }), {
              onSuccess: ({ text }) => text,
              onFailure: ({ _tag, progress }) => `${_tag} ${progress}`
            })
            strictEqual(seen, sees)
            deepStrictEqual(server.requests, ["GET /", ...requests])
            const { active, idle, opened } = yield* pool.stats
            deepStrictEqual({ active, connections: [opened, idle] }, { active: 0, connections })
          }))
      })))
  }
})
