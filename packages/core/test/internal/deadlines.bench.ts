// What it costs to set a deadline and to clear it again, beside few others and beside many.
import { Effect } from "effect"
import { bench, describe } from "vitest"
import type { Deadline } from "../../src/internal/deadlines.js"
import { Deadlines } from "../../src/internal/deadlines.js"

const deadline = (): Deadline => ({ at: Infinity, slot: -1, onDue: () => {} })

const clock = Effect.runSync(Effect.clock)

describe("a deadline is set and cleared beside", () => {
  for (const others of [0, 1_000, 100_000]) {
    const deadlines = new Deadlines(clock, Effect.runFork)
    const far = deadlines.now() + 3_600_000
    for (let i = 0; i < others; i++) deadlines.set(deadline(), far + i)
    const one = deadline()
    bench(`${others} others`, () => {
      deadlines.set(one, far)
      deadlines.clear(one)
    })
  }
})
