import { PoolError } from "@connection-pool/core"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Fiber, Option, Stream, TestClock } from "effect"
import type { Socket } from "node:net"
import { describe } from "vitest"
import { collectGarbage, memoryInUse } from "./support/memory.js"
import { assertAtRest, hostileServer, until, ways, withPool } from "./support/stage.js"

const ok = "HTTP/1.1 200 OK\r\n"
const evil = `${ok}Content-Length: 4\r\n\r\nevil`

type Pool = Parameters<Parameters<typeof withPool>[1]>[0]

/** Time is the test's; the next request may wait for as long as it takes. */
const options = { acquireTimeout: "none" } as const

const turns = Effect.repeatN(Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))), 5)

const received = (pool: Pool, bytes: number) =>
  until(Effect.map(pool.stats, ({ bytesReceived }) => bytesReceived === bytes))

const failsWith = (expected: string) => (seen: string) => strictEqual(seen.split(",")[0], expected)

/** The first request of each way, with one that waits for its connection; what the server does, and what is seen then. */
const story = (
  names: ReadonlyArray<keyof typeof ways>,
  serve: (socket: Socket, pool: Pool, running: Effect.Effect<boolean>) => Effect.Effect<void>,
  sees: (seen: string) => void,
  requestTimeout: "none" | "10 seconds" = "none"
) =>
  Effect.forEach(names, (way) =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* hostileServer
      yield* withPool({ ...options, requestTimeout }, (pool, client) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(ways[way]!(pool, client, { url: server.url }))
          const socket = yield* server.first
          const next = yield* Effect.fork(pool.execute({ method: "POST", url: `${server.url}next`, timeout: "none" }))
          yield* until(Effect.map(pool.stats, ({ waiting }) => waiting === 1))
          yield* serve(socket, pool, Effect.map(Fiber.poll(first), Option.isNone))
          sees(yield* Fiber.join(first))
          // Too late: whoever asked has gone, and nobody else gets it.
          socket.write(evil)
          const { reused, text } = yield* Fiber.join(next)
          deepStrictEqual([way, text, reused], [way, "answer to /next", false])
          yield* assertAtRest(pool, 2)
        }))
      yield* Effect.promise(server.allClosed)
    })))

/** So many pieces, one a time, and time passes until just before the end and then to it. */
const drip =
  (start: string, piece: string, times: number, millis: number) =>
  (socket: Socket, _: Pool, running: Effect.Effect<boolean>) =>
    Effect.gen(function*() {
      socket.write(start)
      for (let i = 0; i < times; i++) {
        socket.write(piece)
        yield* turns
        yield* TestClock.adjust(millis / times - (i === times - 1 ? 1 : 0))
      }
      assertTrue(yield* running)
      yield* TestClock.adjust(1)
    })

const all = Object.keys(ways)
const fiveMinutes = 5 * 60_000

describe("a server that takes its time", () => {
  it.effect("C8 with headers that come byte by byte has headersTimeout, 5 minutes by default", () =>
    story(all, drip(`${ok}A: `, "x", 10, fiveMinutes), failsWith("RequestTimeout headersTimeout in headers")))

  it.effect("C8 with interim answers that do not end has no more", () =>
    story(
      all,
      drip("", "HTTP/1.1 103 A\r\n\r\n", 10, fiveMinutes),
      failsWith("RequestTimeout headersTimeout in headers")
    ))

  it.effect("C8 that says nothing at all has no more, and the request may have been executed", () =>
    story(
      all,
      drip("", "", 1, fiveMinutes),
      (seen) => strictEqual(seen, "RequestTimeout headersTimeout in headers, maybe-sent")
    ))

  it.effect("C8 with the next piece of a body that is read whole has bodyTimeout, 5 minutes by default", () =>
    story(
      ["execute", "lease.send", "HttpClient"],
      (socket, pool, running) =>
        Effect.gen(function*() {
          socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`)
          yield* received(pool, 1)
          yield* turns
          // Framing is no piece of the body.
          yield* drip("", "0", 10, fiveMinutes)(socket, pool, running)
        }),
      (seen) => strictEqual(seen, "RequestTimeout bodyTimeout in body, response-started")
    ))

  it.effect("C8 with a body that trickles for ever has requestTimeout", () =>
    story(
      all,
      (socket, pool, running) =>
        Effect.gen(function*() {
          socket.write(`${ok}Content-Length: 999\r\n\r\n`)
          for (let second = 1; second < 10; second++) {
            socket.write("x")
            yield* received(pool, second)
            yield* TestClock.adjust("1 second")
          }
          assertTrue(yield* running)
          yield* TestClock.adjust("1 second")
        }),
      (seen) => strictEqual(seen, "RequestTimeout requestTimeout in body, response-started"),
      "10 seconds"
    ))

  it.effect("C8 with what a stream waits for has the bodyTimeout of its request", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* hostileServer
      yield* withPool(options, (pool) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(Effect.flip(Effect.scoped(
            Effect.flatMap(
              pool.stream({ url: server.url, bodyTimeout: "1 second" }),
              ({ body }) => Stream.runDrain(body)
            )
          )))
          const socket = yield* server.first
          socket.write(`${ok}Content-Length: 999\r\n\r\nx`)
          yield* received(pool, 1)
          yield* turns
          yield* TestClock.adjust("1 second")
          const { _tag } = yield* Fiber.join(first)
          strictEqual(_tag, "RequestTimeout")
          strictEqual((yield* pool.execute({ url: `${server.url}next` })).text, "answer to /next")
          yield* assertAtRest(pool, 2)
        }))
    })))

  it.effect("C8 to take a streamed body has headersTimeout, and the source ends", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* hostileServer
      let released = 0
      yield* withPool(options, (pool) =>
        Effect.gen(function*() {
          const piece = new Uint8Array(2 ** 20)
          const body = Stream.ensuring(Stream.repeatEffect(Effect.succeed(piece)), Effect.sync(() => released++))
          const first = yield* Effect.fork(Effect.flip(pool.execute({ method: "POST", url: server.url, body })))
          // How much the system takes for the server nobody says: the time begins when it takes no more.
          yield* Effect.repeat(Effect.zipRight(turns, TestClock.adjust("5 minutes")), {
            until: () => Effect.map(Fiber.poll(first), Option.isSome)
          })
          const error = yield* Fiber.join(first)
          assertTrue(error._tag === "RequestTimeout")
          deepStrictEqual([error.option, error.phase, error.progress], ["headersTimeout", "headers", "maybe-sent"])
          yield* until(Effect.sync(() => released === 1))
          yield* until(Effect.map(pool.stats, ({ closed }) => closed === 1))
        }))
    })))
})

describe("a body", () => {
  /** Sends chunks for as long as they are taken. */
  const flow = (socket: Socket): void => {
    const piece = Buffer.from(`10000\r\n${"x".repeat(0x10000)}\r\n`)
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    }
    socket.on("drain", more)
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`)
    more()
  }

  for (const pieces of [0, 1]) {
    it.live(`of which ${pieces} pieces are read costs its connection, and the next request has another`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* hostileServer
        yield* withPool({}, (pool) =>
          Effect.gen(function*() {
            const first = yield* Effect.fork(Effect.scoped(
              Effect.flatMap(
                pool.stream({ url: server.url }),
                ({ body }) => Stream.runCollect(Stream.take(body, pieces))
              )
            ))
            flow(yield* server.first)
            strictEqual(Chunk.size(yield* Fiber.join(first)), pieces)
            strictEqual((yield* pool.execute({ url: `${server.url}next` })).text, "answer to /next")
            yield* assertAtRest(pool, 2)
          }))
        yield* Effect.promise(server.allClosed)
      })))
  }

  it.effect("C4 that nobody reads gives way to who waits for its connection, and cannot be read any more", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* hostileServer
      yield* withPool({ ...options, unreadBodyLimit: 2 ** 17 }, (pool, client) =>
        Effect.gen(function*() {
          const opening = yield* Effect.fork(client.get(server.url))
          flow(yield* server.first)
          const unread = yield* Fiber.join(opening)
          const next = yield* Effect.fork(pool.execute({ url: `${server.url}next` }))
          yield* Effect.repeat(Effect.zipRight(turns, TestClock.adjust("1 second")), {
            until: () => Effect.map(Fiber.poll(next), Option.isSome)
          })
          strictEqual((yield* Fiber.join(next)).text, "answer to /next")
          const { cause } = yield* Effect.flip(Stream.runDrain(unread.stream))
          assertTrue(PoolError.isPoolError(cause) && cause._tag === "ConnectionLost")
          strictEqual(cause.reason, "unread")
          yield* assertAtRest(pool, 2)
        }))
    })))

  it.live("C11 of 256 KiB that comes in single bytes takes less than 8 MiB of memory", () =>
    Effect.forEach(["execute", "HttpClient"], (way) =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* hostileServer
        const size = 2 ** 18
        yield* withPool({ maxResponseSize: 2 * size }, (pool, client) =>
          Effect.gen(function*() {
            const first = yield* Effect.fork(ways[way]!(pool, client, { url: server.url }))
            const socket = yield* server.first
            collectGarbage()
            const before = memoryInUse()
            socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`)
            const block = Buffer.from("1\r\nx\r\n".repeat(2 ** 14))
            for (let sent = 0; sent < size; sent += 2 ** 14) {
              yield* Effect.async<void>((resume) => void socket.write(block, () => resume(Effect.void)))
            }
            yield* received(pool, size)
            const used = memoryInUse() - before
            assertTrue(used < 8 * 2 ** 20, `${way}: ${used} bytes`)
            socket.write("0\r\n\r\n")
            strictEqual(yield* Fiber.join(first), `200 ${size} bytes`)
            yield* assertAtRest(pool, 1)
          }))
      })), { discard: true }))
})
