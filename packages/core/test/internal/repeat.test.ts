import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { describe, it } from "vitest"
import type { LostAttempt } from "../../src/internal/repeat.js"
import { mayRepeat } from "../../src/internal/repeat.js"

const stale: LostAttempt = {
  repeated: false,
  reused: true,
  progress: "not-sent",
  idempotent: false,
  bodyAtHand: true,
  inTime: true
}

const both = [false, true]

/** Every attempt there can be. */
const attempts: ReadonlyArray<LostAttempt> = both.flatMap((repeated) =>
  both.flatMap((reused) =>
    (["not-sent", "maybe-sent", "response-started"] as const).flatMap((progress) =>
      both.flatMap((idempotent) =>
        both.flatMap((bodyAtHand) =>
          both.map((inTime): LostAttempt => ({ repeated, reused, progress, idempotent, bodyAtHand, inTime }))
        )
      )
    )
  )
)

describe("the rule of the safe repeat (C6)", () => {
  for (
    const [fact, attempt, repeats] of [
      ["nothing was written, and twice would do harm", { progress: "not-sent", idempotent: false }, true],
      ["nothing was written, and twice would do no harm", { progress: "not-sent", idempotent: true }, true],
      [
        "something may have been written, and twice would do harm",
        { progress: "maybe-sent", idempotent: false },
        false
      ],
      [
        "something may have been written, and twice would do no harm",
        { progress: "maybe-sent", idempotent: true },
        true
      ],
      ["the answer had begun", { progress: "response-started", idempotent: true }, false],
      ["the connection was fresh", { reused: false, idempotent: true }, false],
      ["it was sent again already", { repeated: true, idempotent: true }, false],
      ["its body is a stream", { bodyAtHand: false, idempotent: true }, false],
      ["its time to wait for a connection is over", { inTime: false, idempotent: true }, false]
    ] as const
  ) {
    it(`${fact}: it is ${repeats ? "" : "not "}sent again`, () => {
      strictEqual(mayRepeat({ ...stale, ...attempt }), repeats)
    })
  }

  it("of the 96 attempts there can be, three are sent again", () => {
    strictEqual(attempts.length, 96)
    deepStrictEqual(attempts.filter(mayRepeat), [
      { ...stale, idempotent: false },
      { ...stale, idempotent: true },
      { ...stale, progress: "maybe-sent", idempotent: true }
    ])
  })
})
