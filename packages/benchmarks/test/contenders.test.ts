import { expect, it } from "vitest"
import { contenders } from "../src/contenders/all.js"

it("every contender has a name of its own", () => {
  const names = contenders.map(({ name }) => name)
  expect(names).toEqual([...new Set(names)])
})
