import { it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import * as net from "node:net"
import { describe, vi } from "vitest"
import { TcpRace } from "../../src/internal/tcpRace.js"
import { addresses, lookupFails, names } from "../support/names.js"

const nextTurn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** A race to addresses none of which does anything by itself, on timers that the test moves. */
const race = (...list: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const dns = yield* names
    dns.set("server.test", addresses(...list))
    const tried: Array<{ readonly host: string; readonly socket: net.Socket }> = []
    const { connect } = net.Socket.prototype
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
        net.Socket.prototype.connect = function(this: net.Socket, ...args: ReadonlyArray<never>) {
          const [options] = args[0] as unknown as ReadonlyArray<net.TcpNetConnectOpts>
          tried.push({ host: options!.host!, socket: this })
          return this
        }
      }),
      () =>
        Effect.sync(() => {
          net.Socket.prototype.connect = connect
          vi.useRealTimers()
        })
    )
    const outcomes: Array<net.Socket | string> = []
    const running = new TcpRace(
      { host: "server.test", port: 1, highWaterMark: 1, connect: net.connect },
      (socket) => outcomes.push(socket),
      (error) => outcomes.push(error instanceof AggregateError ? error.errors.map(String).join() : String(error))
    )
    return { dns, outcomes, running, tried }
  })

const eight = Array.from({ length: 8 }, (_, i) => `10.0.0.${i}`)

describe("a race of addresses", () => {
  it.scopedLive("has one more of them every 250 ms, six at once, and the next as soon as one fails", () =>
    Effect.gen(function*() {
      const { outcomes, tried } = yield* race(...eight)
      yield* nextTurn
      const counts = [tried.length]
      for (const delay of [249, 1, 250, 250, 250, 250, 250, 10_000]) {
        vi.advanceTimersByTime(delay)
        counts.push(tried.length)
      }
      deepStrictEqual(counts, [1, 1, 2, 3, 4, 5, 6, 6, 6])
      deepStrictEqual(tried.map(({ socket }) => socket.destroyed), Array.from({ length: 6 }, () => false))
      for (const { socket } of tried.slice(2, 4)) socket.destroy(new Error("refused"))
      yield* nextTurn
      deepStrictEqual(tried.map(({ host }) => host), eight)
      for (const { host, socket } of tried) socket.destroy(new Error(host))
      yield* nextTurn
      deepStrictEqual(outcomes, [
        ["refused", "refused", ...eight.filter((_, i) => i < 2 || i > 3)].map((name) => `Error: ${name}`).join()
      ])
      strictEqual(vi.getTimerCount(), 0)
    }))

  it.scopedLive("is won by the first that answers, which keeps nothing of it; the others are given up", () =>
    Effect.gen(function*() {
      const { outcomes, tried } = yield* race(...eight)
      yield* nextTurn
      vi.advanceTimersByTime(500)
      const [first, second, third] = tried.map(({ socket }) => socket)
      second!.emit("connect")
      strictEqual(outcomes[0], second)
      deepStrictEqual([first!.destroyed, second!.destroyed, third!.destroyed], [true, false, true])
      deepStrictEqual([second!.listenerCount("connect"), second!.listenerCount("error")], [0, 0])
      strictEqual(vi.getTimerCount(), 0)
      yield* nextTurn
      strictEqual(outcomes.length, 1)
      second!.destroy()
    }))

  it.scopedLive("goes through the families in turns, and tries no address twice", () =>
    Effect.gen(function*() {
      const { running, tried } = yield* race("::1", "::2", "::1", "10.0.0.1", "10.0.0.2", "::3", "10.0.0.1")
      yield* nextTurn
      vi.advanceTimersByTime(10_000)
      deepStrictEqual(tried.map(({ host }) => host), ["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"])
      running.cancel()
    }))

  it.scopedLive("that is cancelled leaves no socket, no timer, and calls nobody", () =>
    Effect.gen(function*() {
      const { outcomes, running, tried } = yield* race(...eight)
      yield* nextTurn
      vi.advanceTimersByTime(250)
      running.cancel()
      running.cancel()
      strictEqual(vi.getTimerCount(), 0)
      yield* nextTurn
      deepStrictEqual(tried.map(({ socket }) => socket.destroyed), [true, true])
      deepStrictEqual(outcomes, [])
    }))

  it.scopedLive("that is cancelled while the name is looked up does not begin", () =>
    Effect.gen(function*() {
      const { outcomes, running, tried } = yield* race(...eight)
      running.cancel()
      yield* nextTurn
      deepStrictEqual([tried, outcomes], [[], []])
    }))

  it.scopedLive("of a name that cannot be looked up fails", () =>
    Effect.gen(function*() {
      const { dns, outcomes } = yield* race()
      yield* nextTurn
      dns.set("server.test", lookupFails("ENOTFOUND"))
      new TcpRace({ host: "server.test", port: 1, highWaterMark: 1, connect: net.connect }, () => {}, ({ message }) =>
        outcomes.push(message))
      yield* nextTurn
      deepStrictEqual(outcomes, ["Error: server.test has no address", "getaddrinfo ENOTFOUND"])
    }))
})
