import type { CloseCause } from "@connection-pool/core/Connection"
import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { once } from "node:events"
import { describe } from "vitest"
import { connectSharingInput, Http1Connection } from "../../src/internal/http1Connection.js"
import { scopedServer } from "../support/rawServer.js"
import { pausedAtHead, Recorder, request } from "../support/recorder.js"
import { ok } from "../support/wiredConnection.js"

/** A connection whose socket shares its input, and the server's end of it. */
const connected = Effect.gen(function*() {
  const server = yield* scopedServer()
  return yield* Effect.promise(async () => {
    const socket = connectSharingInput({ host: "127.0.0.1", port: server.port })
    const accepted = server.accept()
    const closes: Array<CloseCause> = []
    const connection = await new Promise<Http1Connection>((resolve) =>
      socket.once("connect", () => resolve(new Http1Connection(socket, 16 * 1024, undefined)))
    )
    connection.onClose((cause) => closes.push(cause))
    const { socket: peer } = await accepted
    /** When it is in the client's kernel. */
    const arrive = (text: string) => Effect.promise(() => new Promise<void>((done) => peer.write(text, () => done())))
    return { arrive, closes, connection, socket }
  })
})

const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe("sockets that read to the same memory", () => {
  it.scopedLive("what one of them has not delivered yet outlives what another reads", () =>
    Effect.gen(function*() {
      const one = yield* connected
      const other = yield* connected
      const { paused, recorder: first } = pausedAtHead(one.connection)
      one.connection.send(request(), first)
      yield* one.arrive(answer("one".repeat(20)))
      yield* Effect.promise(() => paused)
      const second = new Recorder()
      other.connection.send(request(), second)
      yield* other.arrive(answer("other".repeat(100)))
      yield* Effect.promise(() => second.done)
      one.connection.resume()
      yield* Effect.promise(() => first.done)
      deepStrictEqual([first.body, second.body], ["one".repeat(20), "other".repeat(100)])
    }))

  it.scopedLive("C12 what came behind an answer while its reader held back is no answer to the next request", () =>
    Effect.gen(function*() {
      const { arrive, closes, connection, socket } = yield* connected
      const { paused, recorder } = pausedAtHead(connection)
      connection.send(request(), recorder)
      yield* arrive(ok)
      yield* Effect.promise(() => paused)
      yield* arrive("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
      const usable = new Promise<boolean>((resolve) => {
        recorder.onEndDo = () => connection.checkIdle(resolve)
      })
      connection.resume()
      strictEqual(yield* Effect.promise(() => usable), false)
      deepStrictEqual([recorder.calls, closes], ["hbe", ["poisoned"]])
      yield* Effect.promise(() => once(socket, "close"))
    }))
})
