import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Scope, Stream, TestClock } from "effect"
import { describe } from "vitest"
import type { ConnectionPool, PoolError } from "../src/index.js"
import type { PuppetDecoding, Strings } from "./support/decoding.js"
import { encoded, withStrings } from "./support/decoding.js"
import { counts, failsWith, joinFailure, settle, start, url } from "./support/pool.js"
import type { Puppet } from "./support/puppet.js"

const kilobytes = (count: number) => new Uint8Array(count * 1024)

const flow = ({ calls }: { readonly calls: ReadonlyArray<string> }) =>
  calls.filter((call) => call === "pause" || call === "resume")

/** An exchange whose headers have come, and both ends of its body. */
const opened = (pool: ConnectionPool.Service, { connections, decodings, head }: Strings, declared?: number) =>
  Effect.gen(function*() {
    const request = yield* start(pool.open({ url }))
    head(encoded, declared)
    return { exchange: yield* request, connection: connections[0]!, decoding: decodings[0]! }
  })

/** Everything comes to its end. */
const end = (connection: Puppet, { observer }: PuppetDecoding) => {
  connection.end()
  observer.onDecodedEnd()
}

describe("back-pressure through a decoder", () => {
  it.effect("a decoder that has no room holds the connection back, until it has", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        const read = yield* start(exchange.bytes)
        connection.piece(1)
        deepStrictEqual(flow(connection), [])
        decoding.hasRoom = false
        connection.piece(1)
        connection.piece(1)
        deepStrictEqual(flow(connection), ["pause"])
        decoding.observer.onDecodeDrain()
        deepStrictEqual(flow(connection), ["pause", "resume"])
        end(connection, decoding)
        yield* read
      })
    ))

  it.effect("holds for a body that is read whole at once, too", () =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        head(encoded)
        decodings[0]!.hasRoom = false
        connections[0]!.piece(1)
        deepStrictEqual(flow(connections[0]!), ["pause"])
        decodings[0]!.observer.onDecodeDrain()
        // But nobody is slow here: the decoder itself never waits.
        decodings[0]!.observer.onDecoded(kilobytes(1000))
        deepStrictEqual([flow(connections[0]!), flow(decodings[0]!)], [["pause", "resume"], []])
        end(connections[0]!, decodings[0]!)
        strictEqual((yield* request).body.length, 1000 * 1024)
      })
    ))

  it.effect("a reader who does not keep up holds the decoder back, and the connection, until he does", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        const step = yield* Effect.makeSemaphore(1)
        yield* step.take(1)
        let got = 0
        const reader = yield* start(Stream.runForEach(exchange.body, (piece) => {
          got += piece.length
          return step.take(1)
        }))
        const { observer } = decoding
        connection.piece(10)
        observer.onDecoded(kilobytes(1))
        yield* settle
        observer.onDecoded(kilobytes(64))
        deepStrictEqual([flow(decoding), flow(connection)], [[], []])
        observer.onDecoded(kilobytes(1))
        deepStrictEqual([flow(decoding), flow(connection)], [["pause"], ["pause"]])
        yield* step.release(1)
        yield* settle
        deepStrictEqual([flow(decoding), flow(connection)], [["pause", "resume"], ["pause", "resume"]])
        end(connection, decoding)
        yield* step.release(100)
        yield* reader
        strictEqual(got, 66 * 1024)
      })
    ))

  it.effect("an answer that nobody reads holds both back", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        connection.piece(10)
        decoding.observer.onDecoded(kilobytes(65))
        deepStrictEqual([flow(decoding), flow(connection)], [["pause"], ["pause"]])
        const read = yield* start(exchange.bytes)
        deepStrictEqual([flow(decoding), flow(connection)], [["pause", "resume"], ["pause", "resume"]])
        end(connection, decoding)
        strictEqual((yield* read).length, 65 * 1024)
      })
    ))

  it.effect("a connection goes on when neither the decoder nor the reader holds it back any more", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        decoding.hasRoom = false
        connection.piece(10)
        decoding.observer.onDecoded(kilobytes(65))
        decoding.observer.onDecodeDrain()
        deepStrictEqual(flow(connection), ["pause"])
        decoding.hasRoom = true
        const read = yield* start(exchange.bytes)
        deepStrictEqual(flow(connection), ["pause", "resume"])
        decoding.hasRoom = false
        connection.piece(10)
        decoding.observer.onDecoded(kilobytes(65))
        yield* settle
        deepStrictEqual(flow(connection), ["pause", "resume", "pause"])
        decoding.observer.onDecodeDrain()
        deepStrictEqual(flow(connection), ["pause", "resume", "pause", "resume"])
        end(connection, decoding)
        yield* read
      })
    ))

  it.effect("C3 a body that is small on the wire is taken in all the same, and leaves its connection", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings, 20)
        decoding.hasRoom = false
        connection.piece(10)
        decoding.observer.onDecoded(kilobytes(65))
        connection.piece(10)
        connection.end()
        // A small body may become a large one: the decoder waits, the connection does not.
        deepStrictEqual([flow(decoding), flow(connection)], [["pause"], []])
        deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
        const read = yield* start(exchange.bytes)
        deepStrictEqual(flow(decoding), ["pause", "resume"])
        decoding.observer.onDecodedEnd()
        strictEqual((yield* read).length, 65 * 1024)
      })
    ))
})

describe("the connection of an answer that is decoded", () => {
  it.effect("is given back at the last byte on the wire, and serves the next request before decoding ends", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        connection.piece(10)
        strictEqual(exchange.complete, false)
        connection.end()
        deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
        strictEqual(exchange.complete, true)

        const next = yield* start(pool.execute({ url }))
        strings.head({}, 0)
        connection.end()
        strictEqual((yield* next).reused, true)

        const read = yield* start(exchange.bytes)
        decoding.observer.onDecoded(kilobytes(1))
        decoding.observer.onDecodedEnd()
        strictEqual((yield* read).length, 1024)
      })
    ))

  it.effect("is not held back on behalf of a body that is not on it any more", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        connection.piece(10)
        connection.end()
        const next = yield* start(pool.execute({ url }))
        decoding.observer.onDecoded(kilobytes(65))
        deepStrictEqual([flow(decoding), flow(connection)], [["pause"], []])
        const read = yield* start(exchange.bytes)
        decoding.observer.onDecodedEnd()
        yield* read
        deepStrictEqual(flow(connection), [])
        strings.head({}, 0)
        connection.end()
        yield* next
      })
    ))

  it.effect("is closed by a drain that does not wait for the decoder; who waits for the body gets it", () =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        head(encoded)
        connections[0]!.piece(10)
        connections[0]!.end()
        strictEqual((yield* pool.drain("1 second")).unclosed, 0)
        decodings[0]!.observer.onDecoded(kilobytes(1))
        decodings[0]!.observer.onDecodedEnd()
        strictEqual((yield* request).body.length, 1024)
      })
    ))

  it.effect("has answered with the last byte on the wire, as its times say", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        yield* TestClock.adjust(5)
        connection.end()
        strictEqual((yield* pool.stats).requests, 1)
        yield* TestClock.adjust(5)
        decoding.observer.onDecodedEnd()
        yield* exchange.bytes
        strictEqual(exchange.timings.total, 5)
      })
    ))
})

describe("a decoder that is given up is closed, exactly once", () => {
  type Story = (
    pool: ConnectionPool.Service,
    strings: Strings
  ) => Effect.Effect<unknown, PoolError.PoolError>

  const body = ({ connections, decodings, head }: Strings) => {
    head(encoded)
    connections[0]!.piece(10)
    decodings[0]!.observer.onDecoded(kilobytes(1))
  }

  const stories: Readonly<Record<string, Story>> = {
    "when the exchange is aborted": (pool, strings) =>
      Effect.gen(function*() {
        const { connection, exchange } = yield* opened(pool, strings)
        connection.piece(10)
        exchange.abort()
        exchange.abort()
      }),
    "when the exchange is aborted after its last byte": (pool, strings) =>
      Effect.gen(function*() {
        const { connection, exchange } = yield* opened(pool, strings)
        connection.end()
        exchange.abort()
        exchange.abort()
        deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
        yield* failsWith("ConnectionLost", exchange.bytes)
      }),
    "when the request is interrupted": (pool, strings) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        body(strings)
        yield* Fiber.interrupt(request)
      }),
    "when the request is interrupted after its last byte": (pool, strings) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        body(strings)
        strings.connections[0]!.end()
        yield* Fiber.interrupt(request)
        deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
      }),
    "when its reader is interrupted": (pool, strings) =>
      Effect.gen(function*() {
        const { exchange } = yield* opened(pool, strings)
        const reader = yield* start(exchange.bytes)
        yield* Fiber.interrupt(reader)
        exchange.abort()
      }),
    "when its stream is left early": (pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        connection.piece(10)
        decoding.observer.onDecoded(kilobytes(1))
        yield* Stream.runDrain(Stream.take(exchange.body, 1))
      }),
    "when the scope of a stream closes": (pool, strings) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const request = yield* start(Scope.extend(pool.stream({ url }), scope))
        strings.head(encoded)
        yield* request
        yield* Scope.close(scope, Exit.void)
      }),
    "when the connection breaks": (pool, strings) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        body(strings)
        strings.connections[0]!.observer!.onFailure({ kind: "Lost", reason: "reset" })
        strictEqual((yield* joinFailure("ConnectionLost", request)).bytesReceived, 10)
      }),
    "when its time is over": (pool, strings) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url, timeout: 10 }))
        body(strings)
        yield* TestClock.adjust(10)
        yield* joinFailure("RequestTimeout", request)
      }),
    "when a drain cuts it off": (pool, strings) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        body(strings)
        yield* pool.drain(0)
        yield* joinFailure("PoolClosed", request)
      })
  }

  for (const [when, story] of Object.entries(stories)) {
    it.effect(when, () =>
      withStrings((pool, strings) =>
        Effect.gen(function*() {
          yield* story(pool, strings)
          const [decoding] = strings.decodings
          strictEqual(decoding!.closes, 1)
          strictEqual(decoding!.calls.at(-1), "close")
        })
      ))
  }

  it.effect("and not at all when it came to its end", () =>
    withStrings((pool, strings) =>
      Effect.gen(function*() {
        const { connection, decoding, exchange } = yield* opened(pool, strings)
        end(connection, decoding)
        yield* exchange.bytes
        exchange.abort()
        assertTrue(decoding.closes === 0)
      })
    ))
})
