// V8's compilers, from the quick one to the optimizing ones.
import * as v8 from "node:v8"

/** Maglev is on by default since V8 12; before, not every build knows its flag. */
const compilers = Number.parseInt(process.versions.v8, 10) < 12 ? ["sparkplug", "opt"] : ["sparkplug", "maglev", "opt"]

/**
 * Compiles nothing further meanwhile: what they make lives in the heap, too, and grows for minutes, under little load
 * for ten (docs/DESIGN.md, 13.37).
 */
export const standingStill = async <A>(use: () => Promise<A>): Promise<A> => {
  for (const compiler of compilers) v8.setFlagsFromString(`--no-${compiler}`)
  try {
    return await use()
  } finally {
    for (const compiler of compilers) v8.setFlagsFromString(`--${compiler}`)
  }
}
