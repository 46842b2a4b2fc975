// The nine variables of the environment.
import type { Measure } from "../row.js"
import { fromEnvironment } from "../variables/environment.js"
import { prove } from "../variables/proof.js"
import { proofs } from "../variables/proofs.js"

export const measure: Measure = {
  name: "variables",
  lasts: () => 4,
  run: async ({ servers }) => Promise.all(proofs.map((proof) => prove(proof, servers, fromEnvironment)))
}
