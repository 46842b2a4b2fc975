/** The spans of connections that are opened over sockets. */
import { ConnectionPool, PooledHttpClient } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Option } from "effect"
import { describe } from "vitest"
import { certify, makeAuthority } from "./support/certificates.js"
import { httpServer } from "./support/httpServer.js"
import { addresses, lookupFails, names } from "./support/names.js"
import { rawServer } from "./support/rawServer.js"
import { keepingTracer, type KeptSpan } from "./support/tracer.js"

const authority = await makeAuthority("Test Authority")
const serverTest = await certify(authority, "server.test")

/** Runs a story with a pool whose spans are kept. */
const withSpans = <A, E, R>(
  options: NodeConnectionPool.NodePoolOptions,
  story: (pool: ConnectionPool.Service, spans: ReadonlyArray<KeptSpan>) => Effect.Effect<A, E, R>
) =>
  Effect.suspend(() => {
    const { spans, tracer } = keepingTracer()
    return Effect.flatMap(ConnectionPool.ConnectionPool, (pool) => story(pool, spans)).pipe(
      Effect.provide(NodeConnectionPool.layer({ drainTimeout: 0, ...options })),
      Effect.zipLeft(Effect.sync(() => {
        for (const { ends, name } of spans) strictEqual(ends, 1, name)
      })),
      Effect.withTracer(tracer)
    )
  })

const answering = httpServer((_, response) => response.end("ok"))
const portOf = ({ url }: { readonly url: string }) => new URL(url).port

/** Name, name of the parent, error. */
const shape = ({ attributes, name, parent }: KeptSpan) => [
  name,
  Option.getOrUndefined(Option.map(parent, (span) => (span._tag === "Span" ? span.name : ""))),
  attributes.get("error.type")
]

const freePort = Effect.promise(async () => {
  const server = await rawServer()
  await server.close()
  return server.port
})

describe("the opening of a connection", () => {
  it.scopedLive("has a span for the name, and one for TCP, with what they found", () =>
    Effect.gen(function*() {
      const dns = yield* names
      dns.set("server.test", addresses("127.0.0.1"))
      const port = portOf(yield* answering)
      yield* withSpans({}, (pool, spans) =>
        Effect.gen(function*() {
          const response = yield* PooledHttpClient.fromPool(pool).get(`http://server.test:${port}/`)
          strictEqual(yield* response.text, "ok")
          const setup = `HTTP connection_setup server.test:${port}`
          deepStrictEqual(spans.map(shape), [
            ["GET", undefined, undefined],
            [`HTTP wait_for_connection server.test:${port}`, "GET", undefined],
            [setup, undefined, undefined],
            ["DNS lookup server.test", setup, undefined],
            [`socket connect 127.0.0.1:${port}`, setup, undefined]
          ])
          const [request, , opening, lookup, connect] = spans
          deepStrictEqual(Object.fromEntries(lookup!.attributes), {
            "dns.question.name": "server.test",
            "dns.answers": ["127.0.0.1"]
          })
          deepStrictEqual(Object.fromEntries(connect!.attributes), {
            "network.peer.address": "127.0.0.1",
            "network.peer.port": Number(port),
            "network.transport": "tcp",
            "network.type": "ipv4"
          })
          strictEqual(opening!.attributes.get("network.peer.address"), "127.0.0.1")
          deepStrictEqual(request!.links.map(({ span }) => span.spanId), [opening!.spanId])
          for (const { kind } of [opening!, lookup!, connect!]) strictEqual(kind, "internal")
        }))
    }))

  it.scopedLive("has none for the name of an address, and one for the handshake of TLS", () =>
    Effect.gen(function*() {
      const dns = yield* names
      dns.set("server.test", addresses("127.0.0.1"))
      const server = yield* httpServer((_, response) => response.end("ok"), serverTest)
      const port = portOf(server)
      yield* withSpans({ tls: { ca: authority.cert, servername: "server.test" } }, (pool, spans) =>
        Effect.gen(function*() {
          yield* pool.execute({ url: `https://127.0.0.1:${port}/` })
          const setup = `HTTP connection_setup 127.0.0.1:${port}`
          deepStrictEqual(spans.map(shape), [
            [setup, undefined, undefined],
            [`socket connect 127.0.0.1:${port}`, setup, undefined],
            ["TLS client handshake 127.0.0.1", setup, undefined]
          ])
          deepStrictEqual(Object.fromEntries(spans[2]!.attributes), {
            "server.address": "127.0.0.1",
            "tls.protocol.name": "tls",
            "tls.protocol.version": "1.3"
          })
        }))
    }))

  it.scopedLive("fails where it fails: at the name, at TCP, or in TLS", () =>
    Effect.gen(function*() {
      const dns = yield* names
      dns.set("nowhere.test", lookupFails("ENOTFOUND"))
      dns.set("server.test", addresses("127.0.0.1"))
      const closed = yield* freePort
      const server = yield* httpServer((_, response) => response.end("ok"), serverTest)
      const port = portOf(server)
      const spansOf = (url: string) =>
        withSpans({}, (pool, spans) => Effect.map(Effect.flip(pool.execute({ url })), () => spans.map(shape)))
      deepStrictEqual(yield* spansOf("http://nowhere.test/"), [
        ["HTTP connection_setup nowhere.test:80", undefined, "ConnectFailed"],
        ["DNS lookup nowhere.test", "HTTP connection_setup nowhere.test:80", "ENOTFOUND"]
      ])
      deepStrictEqual(yield* spansOf(`http://127.0.0.1:${closed}/`), [
        [`HTTP connection_setup 127.0.0.1:${closed}`, undefined, "ConnectFailed"],
        [`socket connect 127.0.0.1:${closed}`, `HTTP connection_setup 127.0.0.1:${closed}`, "ECONNREFUSED"]
      ])
      const setup = `HTTP connection_setup server.test:${port}`
      deepStrictEqual(yield* spansOf(`https://server.test:${port}/`), [
        [setup, undefined, "ConnectFailed"],
        ["DNS lookup server.test", setup, undefined],
        [`socket connect 127.0.0.1:${port}`, setup, undefined],
        ["TLS client handshake server.test", setup, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"]
      ])
    }))

  it.scopedLive("has one span for each address that was tried, and ends that of the loser", () =>
    Effect.gen(function*() {
      const dns = yield* names
      const port = portOf(yield* answering)
      const closed = "127.0.0.2"
      dns.set("server.test", addresses(closed, "127.0.0.1"))
      yield* withSpans({}, (pool, spans) =>
        Effect.gen(function*() {
          yield* pool.execute({ url: `http://server.test:${port}/` })
          deepStrictEqual(spans.slice(2).map(({ attributes, name }) => [name, attributes.get("error.type")]), [
            [`socket connect ${closed}:${port}`, "ECONNREFUSED"],
            [`socket connect 127.0.0.1:${port}`, undefined]
          ])
        }))
    }))

  it.scopedLive("that nobody needs any more ends its spans as interrupted", () =>
    Effect.gen(function*() {
      const dns = yield* names
      // It never answers.
      dns.set("server.test", () => {})
      yield* withSpans({ connectTimeout: 30 }, (pool, spans) =>
        Effect.gen(function*() {
          strictEqual((yield* Effect.flip(pool.execute({ url: "http://server.test/" })))._tag, "ConnectTimeout")
          yield* Effect.yieldNow()
          const [setup, lookup] = spans
          deepStrictEqual([spans.length, setup!.attributes.get("error.type")], [2, "ConnectTimeout"])
          const { status } = lookup!
          strictEqual(status._tag === "Ended" && Exit.isInterrupted(status.exit), true)
        }))
    }))
})
