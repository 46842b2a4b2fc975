import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Clock, Effect } from "effect"
import type { Connection } from "../../src/Connection.js"
import { Closings } from "../../src/internal/closings.js"
import { Deadlines } from "../../src/internal/deadlines.js"

describe("C8 closing connections whose time is over", () => {
  it("C8 stops after a millisecond where closing takes long, and goes on with those that are left", () => {
    let microseconds = 0n
    const clock: Clock.Clock = { ...Clock.make(), unsafeCurrentTimeNanos: () => 1_000n * microseconds }
    // Nothing rings by itself.
    const deadlines = new Deadlines(clock, () => Effect.runFork(Effect.void))
    const closings = new Closings(deadlines)
    const closed: Array<number> = []
    const connection = (id: number): Connection =>
      ({
        close: () => {
          microseconds += 300n
          closed.push(id)
        }
      }) as Partial<Connection> as Connection
    closings.inPortions(deadlines.now(), () => {
      for (let id = 0; id < 9; id++) closings.close(connection(id))
    })
    deepStrictEqual(closed, [0, 1, 2, 3])
    closings.onDue(deadlines.now())
    deepStrictEqual(closed, [0, 1, 2, 3, 4, 5, 6, 7])
    closings.close(connection(9))
    deepStrictEqual(closed.slice(8), [9])
    closings.onDue(deadlines.now())
    deepStrictEqual(closed.slice(8), [9, 8])
  })
})
