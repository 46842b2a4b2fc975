import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { Patience, run } from "./conformance/case.js"
import { themes } from "./conformance/cases.js"
import { ours } from "./conformance/contenders.js"

for (const { cases, name } of themes) {
  describe(`PooledHttpClient: ${name}`, () => {
    for (const testCase of cases) {
      it.live(testCase.name, () => Effect.provideService(run(ours, testCase), Patience, 10_000), 20_000)
    }
  })
}
