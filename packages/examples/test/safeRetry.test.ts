import { ConnectionPool, TestConnector } from "@connection-pool/core"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, TestClock } from "effect"
import { execute, main } from "../src/safeRetry.js"

const onNetwork = (script: TestConnector.TestScript) =>
  ConnectionPool.layer().pipe(Layer.provideMerge(TestConnector.layer(script)))

it.live("the server receives an idempotent request until it answers, and another POST once", () =>
  Effect.gen(function*() {
    expect(yield* main).toEqual({
      outcomes: {
        "GET /a": 204,
        "PUT /b": 204,
        "POST /c": "ConnectionLost",
        "POST /d": 204,
        "DELETE /e": 204,
        "POST /f": "RequestError",
        "POST /g": 204
      },
      received: {
        "GET /a": 3,
        "PUT /b": 3,
        "POST /c": 1,
        "POST /d": 3,
        "DELETE /e": 3,
        "POST /f": 1,
        "POST /g": 3
      }
    })
  }))

it.effect("a POST that was never sent is repeated", () =>
  Effect.gen(function*() {
    const network = yield* TestConnector.TestConnector
    const posted = yield* Effect.fork(execute({ method: "POST", url: "http://bank.test/payments", body: "pay 10" }))
    yield* TestClock.adjust("1 second")
    expect((yield* Fiber.join(posted)).status).toBe(200)
    expect(yield* network.dials).toBe(3)
    expect(yield* network.requests).toMatchObject([{ method: "POST", body: "pay 10" }])
  }).pipe(Effect.provide(onNetwork({ connect: (_, dial) => dial < 2 ? { fail: "Refused" } : {} }))))

it.effect("repeating comes to an end", () =>
  Effect.gen(function*() {
    const network = yield* TestConnector.TestConnector
    const failing = yield* Effect.fork(Effect.flip(execute({ url: "http://bank.test/balance" })))
    yield* TestClock.adjust("1 second")
    expect(yield* Fiber.join(failing)).toMatchObject({ _tag: "ConnectFailed", reason: "Refused" })
    expect(yield* network.dials).toBe(5)
  }).pipe(Effect.provide(onNetwork({ connect: () => ({ fail: "Refused" }) }))))
