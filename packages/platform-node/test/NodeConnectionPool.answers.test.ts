import { it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Fiber } from "effect"
import type { Socket } from "node:net"
import * as zlib from "node:zlib"
import { describe } from "vitest"
import { assertAtRest, hostileServer, limit, until, ways, withPool } from "./support/stage.js"

interface Case {
  readonly method?: string
  /** What the caller sees. */
  readonly sees: string
  /** Whether the connection serves the request that waits for it. */
  readonly then: "kept" | "closed"
}

type Send = (socket: Socket) => void

/** In one piece, as latin1. */
const bytes = (text: string | Buffer): Send => (socket) => void socket.write(text as string, "latin1")
const bytesAndEnd = (text: string): Send => (socket) => void socket.end(text, "latin1")

/** As long as the client takes it. */
const endless = (start: string, again: string): Send => (socket) => {
  const block = again.repeat(Math.ceil(20_000 / again.length))
  const more = (): void => {
    while (!socket.destroyed && socket.write(block, "latin1"));
  }
  socket.on("drain", more)
  socket.write(start, "latin1")
  more()
}

const ok = "HTTP/1.1 200 OK\r\n"
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
const good = `${ok}Content-Length: 2\r\n\r\nok`
const evil = `${ok}Content-Length: 4\r\n\r\nevil`

const x = (length: number): string => "x".repeat(length)

/** A head of so many bytes, for a body of 2. */
const headOf = (size: number): string => {
  const start = `${ok}Content-Length: 2\r\nA: `
  return `${start}${x(size - start.length - 4)}\r\n\r\n`
}

const encoded = (coding: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${ok}Content-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`), body])

const invalid = { sees: "ProtocolError InvalidHttp, response-started", then: "closed" } as const
const overflow = { sees: "ProtocolError HeaderOverflow, response-started", then: "closed" } as const
const upgrade = { sees: "ProtocolError UnexpectedUpgrade, response-started", then: "closed" } as const
const badEncoding = { sees: "ProtocolError BadEncoding, response-started", then: "closed" } as const
const declared = { sees: "ResponseTooLarge declared, response-started", then: "closed" } as const
const received = { sees: "ResponseTooLarge received, response-started", then: "closed" } as const
const lost = { sees: "ConnectionLost closed, response-started", then: "closed" } as const
const answered = { sees: "200 ok", then: "kept" } as const
const last = { sees: "200 ok", then: "closed" } as const

type Table = Readonly<Record<string, readonly [Send, Case]>>

const tables: Readonly<Record<string, Table>> = {
  "sizes": {
    "a declared size that is the limit": [bytes(`${ok}Content-Length: ${limit}\r\n\r\n${x(limit)}`), {
      sees: `200 ${limit} bytes`,
      then: "kept"
    }],
    "a declared size beyond the limit": [bytes(`${ok}Content-Length: ${limit + 1}\r\n\r\n`), declared],
    "a declared size of gigabytes": [endless(`${ok}Content-Length: 99999999999\r\n\r\n`, "x"), declared],
    "a declared size beyond what numbers can say": [
      bytes(`${ok}Content-Length: 18446744073709551615\r\n\r\n`),
      declared
    ],
    "chunks beyond the limit": [bytes(`${chunked}3e8\r\n${x(limit)}\r\n1\r\nx\r\n`), received],
    "one chunk that says it is endless": [endless(`${chunked}fffffffffffffff\r\n`, "x"), received],
    "endless small chunks": [endless(chunked, "1\r\nx\r\n"), received],
    "a body without an end, on a connection that does not close": [endless(`${ok}\r\n`, "x"), received],
    "a small body that becomes a large one": [bytes(encoded("gzip", zlib.gzipSync(x(limit + 1)))), {
      sees: "ResponseTooLarge received, response-started",
      then: "kept"
    }],
    "a bomb": [bytes(encoded("br", zlib.brotliCompressSync(Buffer.alloc(2 ** 24)))), {
      sees: "ResponseTooLarge received, response-started",
      then: "kept"
    }],
    "a bomb in a bomb": [
      bytes(encoded("gzip, gzip", zlib.gzipSync(zlib.gzipSync(Buffer.alloc(2 ** 24))))),
      { sees: "ResponseTooLarge received, response-started", then: "kept" }
    ]
  },
  "codings": {
    "four codings, one over the other": [bytes(encoded("gzip, gzip, gzip, gzip", Buffer.from("x"))), badEncoding],
    "a coding that is none": [bytes(encoded("gzip", Buffer.from("no gzip"))), { ...badEncoding, then: "kept" }],
    "a truncated coding in a whole body": [bytes(encoded("gzip", zlib.gzipSync("text").subarray(0, -1))), {
      ...badEncoding,
      then: "kept"
    }]
  },
  "headers": {
    "a head that is just not too long": [bytes(`${headOf(limit)}ok`), answered],
    "a head that is a byte too long": [bytes(`${headOf(limit + 1)}ok`), overflow],
    "a header without an end": [endless(`${ok}A: `, "x"), overflow],
    "a status line without an end": [endless("HTTP/1.1 200 ", "x"), overflow],
    "headers without an end": [endless(ok, "a:b\r\n"), overflow],
    "more headers than anybody needs": [
      bytes(`${ok}${"a:b\r\n".repeat(limit / 5)}Content-Length: 2\r\n\r\nok`),
      overflow
    ],
    "empty lines without an end": [endless("", "\r\n"), overflow],
    "a chunk extension without an end": [endless(`${chunked}1;`, "a"), overflow],
    "chunk extensions without an end": [endless(chunked, "1;abcdefghijklmnopqrst\r\nx\r\n"), overflow],
    "a chunk size without an end": [endless(`${chunked}1\r\nx\r\n`, "0"), overflow],
    "trailers without an end": [endless(`${chunked}0\r\n`, "A: b\r\n"), overflow]
  },
  "interim answers": {
    "an unasked 100": [bytes(`HTTP/1.1 100 Continue\r\n\r\n${good}`), answered],
    "an unasked 102": [bytes(`HTTP/1.1 102 Processing\r\n\r\n${good}`), answered],
    "an unasked 103": [bytes(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${good}`), answered],
    "all of them, twice": [
      bytes(`${"HTTP/1.1 100 A\r\n\r\nHTTP/1.1 102 B\r\n\r\nHTTP/1.1 103 C\r\n\r\n".repeat(2)}${good}`),
      answered
    ],
    "interim answers without an end": [endless("", "HTTP/1.1 103 Early Hints\r\n\r\n"), overflow],
    "an interim answer with a body": [bytes(`HTTP/1.1 103 A\r\nContent-Length: 4\r\n\r\nbody${good}`), invalid],
    "an interim answer and no other": [bytesAndEnd("HTTP/1.1 103 Early Hints\r\n\r\n"), lost],
    "an unasked 101": [bytes("HTTP/1.1 101 A\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"), upgrade],
    "an unasked 101 that upgrades to nothing": [bytes(`HTTP/1.1 101 A\r\n\r\n${good}`), upgrade],
    "an upgrade that is only offered": [
      bytes(`${ok}Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok`),
      answered
    ]
  },
  "framing": {
    "content-length, then transfer-encoding": [
      bytes(`${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
      invalid
    ],
    "transfer-encoding, then content-length": [
      bytes(`${ok}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`),
      invalid
    ],
    "two content-lengths": [bytes(`${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!`), invalid],
    "two content-lengths that agree": [bytes(`${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`), invalid],
    "a list of content-lengths": [bytes(`${ok}Content-Length: 2, 2\r\n\r\nok`), invalid],
    "a signed content-length": [bytes(`${ok}Content-Length: +2\r\n\r\nok`), invalid],
    "chunked twice": [bytes(`${ok}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`), invalid],
    "chunked that is not understood": [bytes(`${ok}Transfer-Encoding: chunked,\r\n\r\n2\r\nok\r\n0\r\n\r\n`), invalid],
    "a chunk longer than it says": [bytes(`${chunked}1\r\nok\r\n0\r\n\r\n`), invalid],
    "a chunk size that is none": [bytes(`${chunked}0x2\r\nok\r\n0\r\n\r\n`), invalid],
    "a chunk size beyond 64 bits": [bytes(`${chunked}10000000000000002\r\nok\r\n0\r\n\r\n`), invalid],
    "chunk extensions and trailers": [bytes(`${chunked}2;a=b;c="d"\r\nok\r\n0;e\r\nTrailer: x\r\n\r\n`), answered]
  },
  "syntax": {
    "bare LF": [bytes("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), invalid],
    "a bare LF behind a header": [bytes(`${ok}A: b\nContent-Length: 2\r\n\r\nok`), invalid],
    "a bare LF behind a chunk size": [bytes(`${chunked}2\nok\r\n0\r\n\r\n`), invalid],
    "a bare CR in a header": [bytes(`${ok}A: b\rC: d\r\nContent-Length: 2\r\n\r\nok`), invalid],
    "NUL in a header's name": [bytes(`${ok}A\0: b\r\nContent-Length: 2\r\n\r\nok`), invalid],
    "NUL in a header's value": [bytes(`${ok}A: \0\r\nContent-Length: 2\r\n\r\nok`), invalid],
    "a folded header": [bytes(`${ok}A: b\r\n c\r\nContent-Length: 2\r\n\r\nok`), invalid],
    "a blank before a colon": [bytes(`${ok}Content-Length : 2\r\n\r\nok`), invalid],
    "a page without a head, as of HTTP/0.9": [bytesAndEnd("<html>ok</html>"), invalid],
    "HTTP/0.9 that calls itself so": [bytes("HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok"), invalid],
    "HTTP/2": [bytes("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok"), invalid],
    "another protocol": [bytes("SSH-2.0-OpenSSH_9.6\r\n"), invalid],
    "a request": [bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), invalid],
    "TLS": [bytes("\x15\x03\x01\0\x02\x02\x0a"), invalid]
  },
  "HTTP/1.0": {
    "a body with a length": [bytes("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), last],
    "a body that ends with the connection": [bytesAndEnd("HTTP/1.0 200 OK\r\n\r\nok"), last],
    "a connection that is to be kept": [
      bytes("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
      answered
    ],
    "a connection that is to be kept and closed": [
      bytes("HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok"),
      last
    ],
    "chunks, which it does not have": [
      bytes("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
      last
    ]
  },
  "answers that end too early": {
    "before the first byte": [bytesAndEnd(""), { sees: "ConnectionLost closed, maybe-sent", then: "closed" }],
    "in the head": [bytesAndEnd(`${ok}Content-Le`), lost],
    "in the body": [bytesAndEnd(`${ok}Content-Length: 3\r\n\r\nok`), lost],
    "in the body, on a connection that was to be closed": [
      bytesAndEnd(`${ok}Connection: close\r\nContent-Length: 3\r\n\r\nok`),
      lost
    ],
    "in a chunk": [bytesAndEnd(`${chunked}3\r\nok`), lost],
    "before the last chunk": [bytesAndEnd(`${chunked}2\r\nok\r\n`), lost],
    "in the trailers": [bytesAndEnd(`${chunked}2\r\nok\r\n0\r\nA: b\r\n`), lost],
    "in a coded body": [bytesAndEnd(encoded("gzip", zlib.gzipSync("text")).subarray(0, -1).toString("latin1")), lost],
    "by a reset": [
      (socket) => void socket.resetAndDestroy(),
      { sees: "ConnectionLost reset, maybe-sent", then: "closed" }
    ]
  },
  "connections that are not clean": {
    "bytes behind the body": [bytes(`${good}!`), last],
    "an empty line behind the body": [bytes(`${good}\r\n`), last],
    "C12 an answer behind the answer": [bytes(`${good}${evil}`), last],
    "C12 an answer behind the last chunk": [bytes(`${chunked}2\r\nok\r\n0\r\n\r\n${evil}`), last],
    "C12 an interim answer behind the answer": [bytes(`${good}HTTP/1.1 103 Early Hints\r\n\r\n`), last],
    "C12 a 408 behind the answer": [
      bytes(`${good}HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`),
      last
    ],
    "an answer that is the last": [bytes(`${ok}Connection: close\r\nContent-Length: 2\r\n\r\nok`), last],
    "a body that ends with the connection": [bytesAndEnd(`${ok}\r\nok`), last],
    "an answer behind which the server closes": [
      bytesAndEnd(`${ok}Connection: close\r\nContent-Length: 2\r\n\r\nok`),
      last
    ]
  },
  "answers without a body": {
    "HEAD with a content-length": [bytes(`${ok}Content-Length: 5\r\n\r\n`), {
      method: "HEAD",
      sees: "200",
      then: "kept"
    }],
    "HEAD with a content-length beyond the limit": [bytes(`${ok}Content-Length: 99999\r\n\r\n`), {
      method: "HEAD",
      sees: "200",
      then: "kept"
    }],
    "HEAD with chunks that do not come": [bytes(chunked), { method: "HEAD", sees: "200", then: "kept" }],
    "HEAD with a body": [bytes(good), { method: "HEAD", sees: "200", then: "closed" }],
    "C12 HEAD with an answer as its body": [bytes(`${ok}Content-Length: ${evil.length}\r\n\r\n${evil}`), {
      method: "HEAD",
      sees: "200",
      then: "closed"
    }],
    "304 with a content-length": [bytes("HTTP/1.1 304 A\r\nContent-Length: 5\r\n\r\n"), { sees: "304", then: "kept" }],
    "304 with chunks that do not come": [
      bytes("HTTP/1.1 304 A\r\nTransfer-Encoding: chunked\r\n\r\n"),
      { sees: "304", then: "kept" }
    ],
    "C12 304 with an answer as its body": [
      bytes(`HTTP/1.1 304 A\r\nContent-Length: ${evil.length}\r\n\r\n${evil}`),
      { sees: "304", then: "closed" }
    ],
    "204": [bytes("HTTP/1.1 204 A\r\n\r\n"), { sees: "204", then: "kept" }],
    "204 with a content-length": [bytes("HTTP/1.1 204 A\r\nContent-Length: 5\r\n\r\n"), {
      sees: "204",
      then: "closed"
    }],
    "C12 204 with an answer behind it": [bytes(`HTTP/1.1 204 A\r\n\r\n${evil}`), { sees: "204", then: "closed" }]
  }
}

/** What is seen of the first request, and of one that has waited for its connection. */
const observe = (send: Send, { method = "GET" }: Case, way: keyof typeof ways) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* hostileServer
    const seen = yield* withPool({ decompress: true }, (pool, client) =>
      Effect.gen(function*() {
        const first = yield* Effect.fork(ways[way]!(pool, client, { url: server.url, method }))
        const socket = yield* server.first
        const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()))
        const next = yield* Effect.fork(pool.execute({ method: "POST", url: `${server.url}next`, body: "a" }))
        yield* until(Effect.map(pool.stats, ({ waiting }) => waiting === 1))
        send(socket)
        const sees = yield* Fiber.join(first)
        const { attempts, reused, text } = yield* Fiber.join(next)
        if (!reused) yield* Effect.promise(() => closed)
        yield* assertAtRest(pool, reused ? 1 : 2)
        return { way, sees, then: reused ? "kept" : "closed", next: text, attempts }
      }))
    yield* Effect.promise(server.allClosed)
    return { ...seen, requests: server.requests.slice(1), connections: server.accepted() }
  }))

for (const [theme, table] of Object.entries(tables)) {
  describe(`an answer of a server that misbehaves: ${theme}`, () => {
    it.live.each(Object.entries(table))("%s", ([, [send, expected]]) =>
      Effect.gen(function*() {
        const seen = yield* Effect.forEach(Object.keys(ways), (way) => observe(send, expected, way), { concurrency: 5 })
        deepStrictEqual(
          seen,
          Object.keys(ways).map((way) => ({
            way,
            sees: expected.sees,
            then: expected.then,
            next: "answer to /next",
            attempts: 1,
            requests: ["POST /next"],
            connections: expected.then === "kept" ? 1 : 2
          }))
        )
      }))
  })
}
