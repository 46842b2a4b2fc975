import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber } from "effect"
import type { Socket } from "node:net"
import { afterAll, beforeAll, describe } from "vitest"
import { type Deed, insidePoll, startThreadServer, type ThreadServer } from "./support/otherThread.js"
import { assertAtRest, hostileServer, until, ways, withPool } from "./support/stage.js"

const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
const timeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

type Pool = Parameters<Parameters<typeof withPool>[1]>[0]

const closed = (pool: Pool) => until(Effect.map(pool.stats, (stats) => stats.closed === 1))

/** Its connection is not that of what came unasked, and it was sent once. */
const assertServed = (pool: Pool, url: string) =>
  Effect.gen(function*() {
    const { attempts, reused, text } = yield* pool.execute({ method: "POST", url: `${url}next` })
    deepStrictEqual([text, reused, attempts], ["answer to /next", false, 1])
    yield* assertAtRest(pool, 2)
  })

describe("C12 what comes while nobody has asked is given to nobody", () => {
  const unasked: Readonly<Record<string, string>> = {
    "a 408": timeout,
    "an answer": evil,
    "a part of an answer": evil.slice(0, 20),
    "an interim answer": "HTTP/1.1 103 Early Hints\r\n\r\n",
    "an empty line": "\r\n",
    "a byte": "\0"
  }

  for (const [what, bytes] of Object.entries(unasked)) {
    it.live(`${what}, behind an answer by every way`, () =>
      Effect.forEach(Object.entries(ways), ([way, ask]) =>
        Effect.scoped(Effect.gen(function*() {
          const server = yield* hostileServer
          yield* withPool({}, (pool, client) =>
            Effect.gen(function*() {
              const first = yield* Effect.fork(ask(pool, client, { url: server.url }))
              const socket = yield* server.first
              socket.write(good)
              deepStrictEqual([way, yield* Fiber.join(first)], [way, "200 ok"])
              socket.write(bytes)
              yield* closed(pool)
              deepStrictEqual((yield* pool.stats).closedBy, { poisoned: 1 })
              yield* assertServed(pool, server.url)
            }))
          yield* Effect.promise(server.allClosed)
          strictEqual(server.accepted(), 2)
        })), { concurrency: 5 }))

    it.live(`${what}, on a connection that was opened before anybody needed it`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* hostileServer
        server.server.once("connection", (socket: Socket) => socket.write(bytes))
        yield* withPool({}, (pool) =>
          Effect.gen(function*() {
            yield* pool.warmUp([server.url])
            yield* closed(pool)
            deepStrictEqual((yield* pool.stats).closedBy, { poisoned: 1 })
            const next = yield* Effect.fork(pool.execute({ url: server.url }))
            const socket = yield* server.first
            socket.write(good)
            strictEqual((yield* Fiber.join(next)).text, "ok")
            yield* assertAtRest(pool, 2)
          }))
      })))

    it.live(`${what}, on a lease between two of its requests`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* hostileServer
        yield* withPool({}, (pool) =>
          Effect.gen(function*() {
            yield* Effect.scoped(Effect.gen(function*() {
              const lease = yield* pool.lease(server.url)
              const first = yield* Effect.fork(lease.send({ url: server.url }))
              const socket = yield* server.first
              socket.write(good)
              strictEqual((yield* Fiber.join(first)).text, "ok")
              socket.write(bytes)
              yield* closed(pool)
              const { _tag, progress } = yield* Effect.flip(lease.send({ url: server.url }))
              deepStrictEqual([_tag, progress], ["ConnectionLost", "not-sent"])
            }))
            yield* assertServed(pool, server.url)
          }))
        deepStrictEqual(server.requests, ["GET /", "POST /next"])
      })))
  }

  it.live("the body of an answer to HEAD, which comes later", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* hostileServer
      yield* withPool({}, (pool) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(pool.execute({ method: "HEAD", url: server.url }))
          const socket = yield* server.first
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${evil.length}\r\n\r\n`)
          strictEqual((yield* Fiber.join(first)).status, 200)
          socket.write(evil)
          yield* closed(pool)
          yield* assertServed(pool, server.url)
        }))
    })))

  it.live("the answer to a request whose caller has left", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* hostileServer
      yield* withPool({}, (pool) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(pool.execute({ url: server.url }))
          const socket = yield* server.first
          const next = yield* Effect.fork(pool.execute({ url: `${server.url}next` }))
          yield* until(Effect.map(pool.stats, ({ waiting }) => waiting === 1))
          socket.write(evil)
          yield* Fiber.interrupt(first)
          strictEqual((yield* Fiber.join(next)).text, "answer to /next")
          yield* assertAtRest(pool, 2)
        }))
    })))
})

describe("C5 C12 what came while the event loop was blocked", () => {
  let server: ThreadServer
  beforeAll(async () => {
    server = await startThreadServer()
  })
  afterAll(() => server.stop())

  const deeds: ReadonlyArray<readonly [string, Deed, object]> = [
    ["a 408", "bytes", { poisoned: 1 }],
    ["an answer", "answer", { poisoned: 1 }],
    ["the end", "end", { server_close: 1 }],
    ["a reset", "reset", { server_close: 1 }]
  ]

  const urlOf = (path: string) => `http://127.0.0.1:${server.port}${path}`

  const assertAnswered = (pool: Pool, next: { text: string; reused: boolean; attempts: number }, reasons: object) =>
    Effect.gen(function*() {
      deepStrictEqual([next.text, next.reused, next.attempts], ["answer to /two", false, 1])
      deepStrictEqual((yield* pool.stats).closedBy, reasons)
      yield* assertAtRest(pool, 2)
    })

  for (const [what, deed, reasons] of deeds) {
    it.live(`${what} on an idle connection: the request of this very turn goes out on another`, () =>
      withPool({}, (pool) =>
        Effect.gen(function*() {
          strictEqual((yield* pool.execute({ url: urlOf("/one") })).text, "answer to /one")
          yield* turn
          const next = yield* Effect.promise(() =>
            insidePoll(server, () => {
              server.meanwhile(deed)
              return Effect.runPromise(pool.execute({ url: urlOf("/two") }))
            })
          )
          yield* assertAnswered(pool, next, reasons)
        })))

    it.live(`${what} in the long turn of an answer: the next request of that turn goes out on another`, () =>
      withPool({}, (pool) =>
        Effect.gen(function*() {
          const one = pool.execute({ url: urlOf("/one") })
          const next = yield* Effect.flatMap(one, () => {
            const started = performance.now()
            server.meanwhile(deed)
            while (performance.now() - started < 25);
            return pool.execute({ url: urlOf("/two") })
          })
          yield* assertAnswered(pool, next, reasons)
        })))
  }

  it.live("nothing: the connection is used again", () =>
    withPool({}, (pool) =>
      Effect.gen(function*() {
        yield* pool.execute({ url: urlOf("/one") })
        yield* turn
        const next = yield* Effect.promise(() =>
          insidePoll(server, () => {
            server.meanwhile("nothing")
            return Effect.runPromise(pool.execute({ url: urlOf("/two") }))
          })
        )
        deepStrictEqual([next.text, next.reused], ["answer to /two", true])
      })))
})
