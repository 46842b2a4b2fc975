import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { main } from "../src/twoPools.js"

it.live("an export that fills its pool keeps no page waiting, and each pool counts its own", () =>
  Effect.gen(function*() {
    // The server answers no row before the page: with one pool of two connections for both, this would never end.
    expect(yield* main).toEqual({
      page: "welcome",
      rows: Array(10).fill("a row"),
      metrics: [{ pool: "front", opened: 1, requests: 1 }, { pool: "export", opened: 2, requests: 10 }]
    })
  }))
