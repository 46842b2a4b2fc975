import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer, Stream } from "effect"
import { describe } from "vitest"
import type { PoolRequest } from "../src/index.js"
import { ConnectionPool, TestConnector } from "../src/index.js"
import type { PuppetDecoding } from "./support/decoding.js"
import { encoded, puppetDecoder, withStrings } from "./support/decoding.js"
import { counts, failsWith, joinFailure, poolLayer, settle, start, url } from "./support/pool.js"
import type { Puppet } from "./support/puppet.js"

/** A whole story: the answer has these headers and these bytes on the wire, and the decoder makes something of them. */
const decoded = (
  headers: Readonly<Record<string, string>>,
  play: (decoding: PuppetDecoding, connection: Puppet) => void,
  ask: Partial<PoolRequest.PoolRequest> = {}
) =>
  withStrings((pool, { connections, decodings, head }) =>
    Effect.gen(function*() {
      const request = yield* start(pool.execute({ url, ...ask }))
      head(headers)
      play(decodings[0]!, connections[0]!)
      return { response: yield* request, decoding: decodings[0]! }
    })
  )

/** On the wire two pieces, decoded another two. */
const twoPieces = (decoding: PuppetDecoding, connection: Puppet) => {
  connection.piece(3)
  decoding.observer.onDecoded(new TextEncoder().encode("dec"))
  connection.piece(4)
  connection.end()
  decoding.observer.onDecoded(new TextEncoder().encode("oded"))
  decoding.observer.onDecodedEnd()
}

describe("what a pool that decodes asks for", () => {
  const asked = (request: PoolRequest.PoolRequest, decompress = true) =>
    Effect.gen(function*() {
      const pool = yield* ConnectionPool.ConnectionPool
      yield* pool.execute(request)
      yield* Effect.scoped(Effect.flatMap(pool.lease(url), (lease) => lease.send(request)))
      const [first, leased] = yield* (yield* TestConnector.TestConnector).requests
      strictEqual(first!.headers["accept-encoding"], leased!.headers["accept-encoding"])
      return first!.headers["accept-encoding"]
    }).pipe(Effect.provide(poolLayer({}, { decompress }).pipe(Layer.provide(puppetDecoder().layer))))

  it.effect("are the decoder's codings, in its order", () =>
    Effect.map(asked({ url }), (accepted) => strictEqual(accepted, "x-a, x-b")))

  it.effect("is what the request chose, where it did", () =>
    Effect.gen(function*() {
      strictEqual(yield* asked({ url, headers: { "Accept-Encoding": "identity" } }), "identity")
      strictEqual(yield* asked({ url, headers: [["accept-encoding", "x-b"]] }), "x-b")
    }))

  it.effect("is nothing where the request wants a range, which could not be decoded", () =>
    Effect.map(asked({ url, headers: { Range: "bytes=0-1" } }), (accepted) => strictEqual(accepted, undefined)))

  it.effect("is nothing without decompress, whatever decoder there is", () =>
    Effect.map(asked({ url }, false), (accepted) => strictEqual(accepted, undefined)))
})

describe("a pool that is to decode", () => {
  it.effect("is not built without a ContentDecoder", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(poolLayer({}, { decompress: true })))
      assertTrue(error._tag === "InvalidOptions")
      deepStrictEqual([error.option, error.value], ["decompress", "true"])
      assertTrue(error.allowed.includes("ContentDecoder"))
    }).pipe(Effect.scoped))

  it.effect("and is not told to does not", () =>
    withStrings((pool, { decodings, connections, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        head(encoded, 3)
        connections[0]!.piece(3)
        connections[0]!.end()
        const response = yield* request
        deepStrictEqual([response.body.length, response.headers["content-encoding"]], [3, "x-a"])
        strictEqual(decodings.length, 0)
      }), { decompress: false }))
})

describe("a decoded answer", () => {
  it.effect("has the decoded body, and no headers that are true only of the encoded one", () =>
    Effect.gen(function*() {
      const headers = { "X-B": "1", "Content-Encoding": "x-a", "CONTENT-LENGTH": "7", "content-type": "text/plain" }
      const { decoding, response } = yield* decoded(headers, twoPieces)
      strictEqual(response.text, "decoded")
      deepStrictEqual([...response.rawHeaders], ["X-B", "1", "content-type", "text/plain"])
      deepStrictEqual({ ...response.headers }, { "x-b": "1", "content-type": "text/plain" })
      deepStrictEqual(decoding.calls, ["write 3", "write 4", "end"])
    }))

  it.effect("may be empty", () =>
    Effect.gen(function*() {
      const { response } = yield* decoded(encoded, ({ observer }, connection) => {
        connection.end()
        observer.onDecodedEnd()
      })
      strictEqual(response.body.length, 0)
    }))

  const codings: Readonly<Record<string, ReadonlyArray<string>>> = {
    "x-a": ["x-a"],
    "X-A": ["x-a"],
    "x-a, x-b": ["x-a", "x-b"],
    "x-b,x-a ,x-c": ["x-b", "x-a", "x-c"],
    ", identity, x-c,": ["x-c"]
  }
  for (const [value, expected] of Object.entries(codings)) {
    it.effect(`of the codings "${value}" is decoded in their order`, () =>
      Effect.gen(function*() {
        const { decoding } = yield* decoded({ "content-encoding": value }, twoPieces)
        deepStrictEqual(decoding.codings, expected)
      }))
  }

  it.effect("has codings from all its header lines", () =>
    Effect.gen(function*() {
      const { decoding } = yield* decoded({ "Content-Encoding": "x-a", "content-encoding": "x-b" }, twoPieces)
      deepStrictEqual(decoding.codings, ["x-a", "x-b"])
    }))

  it.effect("is decoded for a request that chose its coding, too", () =>
    Effect.gen(function*() {
      const ask = { headers: { "accept-encoding": "x-c" } }
      const { response } = yield* decoded({ "content-encoding": "x-c" }, twoPieces, ask)
      strictEqual(response.text, "decoded")
    }))

  it.effect("is decoded on a lease, as a stream, and as an exchange", () =>
    Effect.gen(function*() {
      const ways: ReadonlyArray<(pool: ConnectionPool.Service) => Effect.Effect<string, unknown>> = [
        (pool) =>
          Effect.scoped(
            Effect.flatMap(pool.lease(url), (lease) => Effect.map(lease.send({ url }), ({ text }) => text))
          ),
        (pool) =>
          Effect.scoped(
            Effect.flatMap(pool.stream({ url }), ({ body }) => Stream.mkString(Stream.decodeText(body)))
          ),
        (pool) =>
          Effect.flatMap(pool.open({ url }), ({ bytes }) => Effect.map(bytes, (all) => new TextDecoder().decode(all)))
      ]
      for (const way of ways) {
        yield* withStrings((pool, { connections, decodings, head }) =>
          Effect.gen(function*() {
            const request = yield* start(way(pool))
            head(encoded)
            yield* settle
            twoPieces(decodings[0]!, connections[0]!)
            strictEqual(yield* request, "decoded")
          })
        )
      }
    }))
})

describe("an answer that is not decoded", () => {
  const untouched: Readonly<Record<string, readonly [Readonly<Record<string, string>>, number, number]>> = {
    "a coding that nobody knows": [{ "content-encoding": "x-z" }, 3, 200],
    "one coding of two that nobody knows": [{ "content-encoding": "x-a, x-z" }, 3, 200],
    "no coding but identity": [{ "content-encoding": "identity" }, 3, 200],
    "no coding at all": [{ "content-encoding": "" }, 3, 200],
    "a part of a body (206)": [encoded, 3, 206],
    "no body (HEAD, 204, 304)": [encoded, 0, 204]
  }
  for (const [what, [headers, length, status]] of Object.entries(untouched)) {
    it.effect(`has ${what}, and keeps its headers`, () =>
      withStrings((pool, { connections, decodings, head }) =>
        Effect.gen(function*() {
          const request = yield* start(pool.execute({ url }))
          head({ ...headers, "content-length": String(length) }, length, status)
          if (length > 0) connections[0]!.piece(length)
          connections[0]!.end()
          const response = yield* request
          strictEqual(response.body.length, length)
          deepStrictEqual({ ...response.headers }, {
            "content-encoding": Object.values(headers)[0],
            "content-length": String(length)
          })
          strictEqual(decodings.length, 0)
        })
      ))
  }
})

describe("an answer that cannot be decoded", () => {
  it.effect("has more than three codings; its connection is closed", () =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        head({ "content-encoding": "x-a, x-a", "Content-Encoding": "x-b, x-a" })
        const error = yield* joinFailure("ProtocolError", request)
        deepStrictEqual([error.reason, error.progress, error.origin], [
          "BadEncoding",
          "response-started",
          "http://server.test"
        ])
        assertTrue(error.description.includes("4 codings"))
        deepStrictEqual([decodings.length, connections[0]!.calls.at(-1)], [0, "close"])
      })
    ))

  it.effect("has more than three codings, and an exchange is told when it reads", () =>
    withStrings((pool, { head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.open({ url }))
        head({ "content-encoding": "x-a, x-a, x-a, x-a" })
        const exchange = yield* request
        strictEqual(exchange.status, 200)
        strictEqual((yield* failsWith("ProtocolError", exchange.bytes)).reason, "BadEncoding")
      })
    ))

  it.effect("fails with BadEncoding and the decoder's own cause; its connection is closed", () =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        head(encoded)
        connections[0]!.piece(3)
        const cause = new Error("not x-a")
        decodings[0]!.observer.onDecodeFailure(cause)
        const error = yield* joinFailure("ProtocolError", request)
        deepStrictEqual([error.reason, error.cause], ["BadEncoding", cause])
        strictEqual(connections[0]!.calls.at(-1), "close")
        strictEqual(decodings[0]!.closes, 1)
      })
    ))

  it.effect("though all of it came fails as well, and its connection lives on", () =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url }))
        head(encoded)
        connections[0]!.piece(3)
        connections[0]!.end()
        decodings[0]!.observer.onDecodeFailure(new Error("truncated"))
        strictEqual((yield* joinFailure("ProtocolError", request)).reason, "BadEncoding")
        deepStrictEqual(yield* counts(pool), [0, 0, 1, 0])
        strictEqual(decodings[0]!.closes, 1)
      })
    ))

  it.effect("gives its reader what was decoded before", () =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.open({ url }))
        head(encoded)
        const exchange = yield* request
        connections[0]!.piece(3)
        decodings[0]!.observer.onDecoded(new Uint8Array(5))
        decodings[0]!.observer.onDecodeFailure(new Error("corrupt"))
        const lengths: Array<number> = []
        const read = Stream.runForEach(exchange.body, (piece) => Effect.sync(() => lengths.push(piece.length)))
        strictEqual((yield* failsWith("ProtocolError", read)).reason, "BadEncoding")
        deepStrictEqual(lengths, [5])
      })
    ))
})

describe("maxResponseSize of a decoded answer", () => {
  const limited = (play: (decoding: PuppetDecoding, connection: Puppet) => void, declared?: number) =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.execute({ url, maxResponseSize: 4 }))
        head(encoded, declared)
        if (decodings[0] !== undefined) play(decodings[0], connections[0]!)
        const error = yield* joinFailure("ResponseTooLarge", request)
        for (const { closes } of decodings) strictEqual(closes, 1)
        return [error.received, error.declared, error.limit]
      })
    )

  it.effect("limits what is declared on the wire", () =>
    Effect.map(limited(() => {}, 5), (told) => deepStrictEqual(told, [5, true, 4])))

  it.effect("limits what comes on the wire", () =>
    Effect.map(
      limited((_, connection) => [2, 3].forEach((length) => connection.piece(length))),
      (told) => deepStrictEqual(told, [5, false, 4])
    ))

  it.effect("limits what is decoded, however little came", () =>
    Effect.map(
      limited(({ observer }, connection) => {
        connection.piece(1)
        for (const length of [3, 3]) observer.onDecoded(new Uint8Array(length))
      }),
      (told) => deepStrictEqual(told, [6, false, 4])
    ))

  it.effect("limits what is decoded after the last byte has come", () =>
    Effect.map(
      limited(({ observer }, connection) => {
        connection.piece(1)
        connection.end()
        observer.onDecoded(new Uint8Array(5))
      }),
      (told) => deepStrictEqual(told, [5, false, 4])
    ))

  it.effect("is itself not too large", () =>
    Effect.map(
      decoded(encoded, twoPieces, { maxResponseSize: 7 }),
      ({ response }) => strictEqual(response.text, "decoded")
    ))

  it.effect("counts what an exchange has decoded before somebody wants it whole", () =>
    withStrings((pool, { connections, decodings, head }) =>
      Effect.gen(function*() {
        const request = yield* start(pool.open({ url }))
        head(encoded)
        const exchange = yield* request
        connections[0]!.piece(1)
        decodings[0]!.observer.onDecoded(new Uint8Array(5))
        const error = yield* failsWith("ResponseTooLarge", exchange.bytes)
        deepStrictEqual([error.received, decodings[0]!.closes], [5, 1])
      }), { maxResponseSize: 4 }))
})
