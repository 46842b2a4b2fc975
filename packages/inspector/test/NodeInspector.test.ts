import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import * as net from "node:net"
import * as os from "node:os"
import { ask, listen } from "./support/ask.js"
import { inspected } from "./support/inspected.js"

/** Addresses of this machine that are not loopback. */
const elsewhere = Object.values(os.networkInterfaces()).flatMap((all) => all ?? [])
  .filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address)

const refused = (port: number, host: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const socket = net.connect({ port, host, timeout: 1_000 })
    const say = (answer: boolean) => () => {
      socket.destroy()
      resume(Effect.succeed(answer))
    }
    socket.once("connect", say(false)).once("error", say(true)).once("timeout", say(true))
  })

describe("the inspector on a port", () => {
  it.scopedLive("listens on loopback only", () =>
    Effect.gen(function*() {
      const { port } = yield* inspected()
      expect((yield* ask(port, "/stats")).status).toBe(200)
      for (const address of elsewhere) expect(yield* refused(port, address)).toBe(true)
    }))

  it.scopedLive("answers by names of this machine, whatever the port", () =>
    Effect.gen(function*() {
      const { port } = yield* inspected()
      for (const host of ["localhost", `localhost:${port}`, "127.0.0.1:1", "[::1]:80", "LOCALHOST"]) {
        expect((yield* ask(port, "/stats", { host })).status, host).toBe(200)
      }
    }))

  it.scopedLive("refuses other names, so that no site can point its own name here", () =>
    Effect.gen(function*() {
      const { port } = yield* inspected({ allowedHosts: ["Ops.example.com"] })
      for (
        const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "::1", "localhost:1:2"]
      ) {
        const answer = yield* ask(port, "/stats", { host })
        expect([host, answer.status]).toEqual([host, 421])
        expect(answer.text).toContain("allowedHosts")
      }
      expect((yield* ask(port, "/stats", { host: "ops.example.com:9091" })).status).toBe(200)
    }))

  it.scopedLive("closes though somebody reads a stream of it", () =>
    Effect.gen(function*() {
      const { close, pool, port } = yield* inspected()
      const events = yield* listen(port, "/events")
      yield* pool.execute({ url: "http://a.test/" })
      yield* Effect.promise(() => events.until("Completed"))
      yield* close
      expect(yield* Effect.promise(() => events.ended)).toEqual({
        text: expect.stringMatching(/event: Completed\ndata: {.*}\n\n$/),
        complete: true
      })
    }))

  it.scopedLive("closes though a request to it never comes to its end", () =>
    Effect.gen(function*() {
      const { close, port } = yield* inspected()
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => net.connect(port, "127.0.0.1")),
        (socket) => Effect.sync(() => socket.destroy())
      )
      socket.write("GET /stats HTTP/1.1\r\nhost: localhost\r\n")
      const { status } = yield* ask(port, "/stats") // it is behind the other at the server
      expect(status).toBe(200)
      const closed = once(socket, "close")
      yield* close
      yield* Effect.promise(() => closed)
    }))
})
