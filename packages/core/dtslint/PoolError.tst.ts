import { PoolError } from "@connection-pool/core"
import { Effect } from "effect"
import { describe, expect, it } from "tstyche"

declare const value: unknown
declare const error: PoolError.PoolError
declare const failing: Effect.Effect<number, PoolError.PoolError>

describe("PoolError", () => {
  it("has these members", () => {
    expect<PoolError.PoolError["_tag"]>().type.toBe<
      | "InvalidRequest"
      | "QueueFull"
      | "AcquireTimeout"
      | "ConnectTimeout"
      | "ConnectFailed"
      | "RequestTimeout"
      | "ResponseTooLarge"
      | "ConnectionLost"
      | "RequestBodyFailed"
      | "ProtocolError"
      | "PoolClosed"
    >()
  })

  it("says where, how far and in words what, whichever it is", () => {
    expect(error.origin).type.toBe<string>()
    expect(error.message).type.toBe<string>()
    expect(error.progress).type.toBe<"not-sent" | "maybe-sent" | "response-started">()
  })

  it("knows more by its tag", () => {
    if (error._tag === "RequestTimeout") {
      expect(error.phase).type.toBe<"waiting" | "connecting" | "headers" | "body">()
    }
    if (error._tag === "ConnectTimeout") {
      expect(error.progress).type.toBe<"not-sent">()
    }
    expect(error).type.not.toHaveProperty("timeout")
  })

  it("is narrowed by isPoolError", () => {
    if (PoolError.isPoolError(value)) {
      expect(value).type.toBe<PoolError.PoolError>()
    } else {
      expect(value).type.toBe<unknown>()
    }
  })

  it("is caught by its tag, and only that", () => {
    const rest = failing.pipe(Effect.catchTag("QueueFull", (full) => Effect.succeed(full.stats.waiting)))
    expect(rest).type.toBe<Effect.Effect<number, Exclude<PoolError.PoolError, PoolError.QueueFull>>>()
    expect(Effect.catchTag).type.not.toBeCallableWith(failing, "InvalidOptions", () => Effect.void)
  })
})

describe("isSafeToRepeat", () => {
  it("takes the request's own words and nothing else of it", () => {
    expect(PoolError.isSafeToRepeat).type.toBeCallableWith(error, {})
    expect(PoolError.isSafeToRepeat).type.toBeCallableWith(error, { method: "PUT", idempotent: undefined })
    expect(PoolError.isSafeToRepeat).type.not.toBeCallableWith(error, { method: 1 })
    expect(PoolError.isSafeToRepeat).type.not.toBeCallableWith(new Error(), {})
  })
})
