import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as net from "node:net"
import { httpServer } from "../support/httpServer.js"
import { check, holds, same, type Theme, until } from "./case.js"
import { atRest, bigAnswer, deafServer, mebi, scripted } from "./servers.js"

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"

const kibibytes = 64
const piece = new Uint8Array(kibibytes * 1024)

/** An endless body that says how much was taken, and when it was ended. */
const endlessBody = Effect.gen(function*() {
  const ended = yield* Deferred.make<void>()
  let taken = 0
  const stream = Stream.repeatEffect(Effect.zipRight(
    Effect.yieldNow(),
    Effect.sync(() => {
      taken += piece.length
      return piece
    })
  ))
  return {
    body: HttpBody.stream(Stream.ensuring(stream, Deferred.succeed(ended, undefined))),
    taken: () => taken,
    ended: () => Effect.runPromise(Deferred.await(ended))
  }
})

/** How much the system takes on the way to a peer that does not read. */
const takenByTheSystem = (port: number) =>
  Effect.gen(function*() {
    const socket = net.connect(port, "127.0.0.1").on("error", () => {})
    let taken = 0
    const pump = () => {
      do taken += piece.length
      while (socket.write(piece))
      socket.once("drain", pump)
    }
    pump()
    yield* atRest(() => taken, 64 * mebi)
    socket.destroy()
    return taken
  })

export const streaming: Theme = {
  name: "streaming",
  cases: [
    check("pieces of one byte are given as they come, each before the next is sent", function*(client) {
      let sendNext = () => {}
      const server = yield* httpServer((_request, response) => {
        let sent = 0
        sendNext = () => void (sent < 10 ? response.write(String(sent++)) : response.end())
        sendNext()
      })
      const pieces = yield* HttpClientResponse.stream(client.get(server.url)).pipe(
        Stream.tap(() => Effect.sync(sendNext)),
        Stream.runCollect
      )
      same("the pieces", [...pieces].map((bytes) => String(Buffer.from(bytes))), [..."0123456789"])
    }),
    check("an event stream whose every event is confirmed by a request of its own", function*(client) {
      let sendNext = () => {}
      const server = yield* httpServer((request, response) => {
        if (request.method === "POST") {
          response.end()
          return sendNext()
        }
        let sent = 0
        response.writeHead(200, { "content-type": "text/event-stream" })
        sendNext = () => void (sent < 5 ? response.write(`data: ${sent++}\n\n`) : response.end())
        sendNext()
      })
      const events = yield* HttpClientResponse.stream(client.get(server.url)).pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.filter((line) => line !== ""),
        Stream.tap(() => Effect.flatMap(client.post(server.url), ({ text }) => text)),
        Stream.runCollect
      )
      same("the events", [...events], ["data: 0", "data: 1", "data: 2", "data: 3", "data: 4"])
    }),
    check("a stream of 8 MiB comes whole", function*(client) {
      const { url } = yield* bigAnswer(8 * mebi)
      const length = yield* HttpClientResponse.stream(client.get(url)).pipe(
        Stream.runFold(0, (sum, bytes) => sum + bytes.length)
      )
      same("bytes", length, 8 * mebi)
    }),
    check("a stream that is dropped half-way closes its connection", function*(client) {
      const server = yield* bigAnswer(64 * mebi)
      yield* Stream.runDrain(Stream.take(HttpClientResponse.stream(client.get(server.url)), 1))
      yield* until("the server sees the close", server.allClosed)
      holds("the server did not have to send all", server.sent() < 64 * mebi)
    }),
    check("a reader of a stream who is interrupted closes its connection", function*(client) {
      const server = yield* scripted((socket) => socket.write(hello))
      const begun = yield* Deferred.make<void>()
      const response = yield* client.get(server.url)
      const peer = yield* Effect.promise(server.accept)
      const reader = yield* response.stream.pipe(
        Stream.tap(() => Deferred.succeed(begun, undefined)),
        Stream.runDrain,
        Effect.fork
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(reader)
      yield* until("the server sees the close", () => peer.closed)
    }),
    check("a reader of a text who is interrupted closes its connection", function*(client) {
      const server = yield* scripted((socket) => socket.write(hello))
      const response = yield* client.get(server.url)
      const peer = yield* Effect.promise(server.accept)
      const begun = yield* Deferred.make<void>()
      const reader = yield* Effect.fork(Effect.zipRight(Deferred.succeed(begun, undefined), response.text))
      yield* Deferred.await(begun)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(reader)
      yield* until("the server sees the close", () => peer.closed)
    }),
    check("a body that nobody reads holds the server back", function*(client) {
      const server = yield* bigAnswer(256 * mebi)
      const response = yield* client.get(server.url)
      yield* atRest(server.sent, 64 * mebi)
      holds(`${server.sent() / mebi} MiB sent is far from all`, server.sent() < 64 * mebi)
      same("the status", response.status, 200)
    }),
    check("a reader who stops in the middle holds the server back, and can go on", function*(client) {
      const server = yield* bigAnswer(256 * mebi)
      let length = 0
      yield* HttpClientResponse.stream(client.get(server.url)).pipe(
        Stream.takeUntilEffect((bytes) => {
          const stops = length < mebi && length + bytes.length >= mebi
          length += bytes.length
          if (!stops) return Effect.succeed(length >= 2 * mebi)
          return Effect.as(atRest(server.sent, 64 * mebi), false)
        }),
        Stream.runDrain
      )
      holds("the reader went on", length >= 2 * mebi)
      holds(`${server.sent() / mebi} MiB sent is far from all`, server.sent() < 64 * mebi)
    }),
    check("a server that does not read holds the upload back", function*(client) {
      const server = yield* deafServer
      const { body, ended, taken } = yield* endlessBody
      const system = yield* takenByTheSystem(server.port)
      const upload = yield* Effect.fork(client.execute(HttpClientRequest.post(server.url, { body })))
      yield* atRest(taken, 64 * mebi)
      const [mine, bare] = [taken() / mebi, system / mebi]
      holds(`${mine} MiB are taken, of which the system can hold ${bare}, and 2 more`, mine > 0 && mine <= bare + 2)
      yield* Fiber.interrupt(upload)
      yield* until("the source is ended", ended)
    }),
    check("an answer before the upload's end is given at once, and ends the source", function*(client) {
      const server = yield* httpServer((request, response) => {
        request.once("data", () => response.writeHead(413).end("too much"))
        request.resume()
      })
      const { body, ended } = yield* endlessBody
      const response = yield* client.execute(HttpClientRequest.post(server.url, { body }))
      same("the answer", [response.status, yield* response.text], [413, "too much"])
      yield* until("the source is ended", ended)
    }),
    check("what is asked and what is answered can flow at the same time", function*(client) {
      const server = yield* httpServer((request, response) => {
        response.flushHeaders()
        request.pipe(response)
      })
      const received = yield* Deferred.make<void>()
      const body = HttpBody.stream(Stream.concat(
        Stream.encodeText(Stream.make("ping ")),
        Stream.fromEffect(Effect.as(Deferred.await(received), new TextEncoder().encode("pong")))
      ))
      const text = yield* HttpClientResponse.stream(client.execute(HttpClientRequest.post(server.url, { body }))).pipe(
        Stream.tap(() => Deferred.succeed(received, undefined)),
        Stream.decodeText(),
        Stream.mkString
      )
      same("the echo", text, "ping pong")
    })
  ]
}
