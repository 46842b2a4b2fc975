// The proof of each variable fails where the variable has no effect.
import { describe, expect, it } from "vitest"
import * as Desk from "../src/server/desk.js"
import { over } from "../src/server/servers.js"
import { fromEnvironment } from "../src/variables/environment.js"
import { prove } from "../src/variables/proof.js"
import { proofs } from "../src/variables/proofs.js"

const servers = over(Desk.make())

describe.concurrent("a variable that stands still at its first value", () => {
  it.each(proofs)("$variable is missed", { timeout: 20_000 }, async (proof) => {
    const open = () => fromEnvironment({ ...proof.beside, [proof.variable]: proof.values[0] })
    expect(await prove(proof, servers, open)).toMatchObject({ name: proof.variable, good: false })
  })
})
