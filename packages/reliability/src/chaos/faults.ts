// Everything that a server can do with a request.
import { cuts } from "./faults/cuts.js"
import { delays } from "./faults/delays.js"
import type { Fault } from "./faults/fault.js"
import { nonsense } from "./faults/nonsense.js"
import { oddities } from "./faults/oddities.js"
import { surplus } from "./faults/surplus.js"

export const noFault: Fault = { name: "none", allows: [], act: ({ answer }) => answer() }

/**
 * What a server does that behaves, but is slow or unusual: a proxy in front of it hands it through (but no
 * interim answers: nginx 1.22 loses the final one behind them). */
export const mildFaults: ReadonlyArray<Fault> = [
  ...delays.filter(({ stalls }) => stalls !== true),
  ...oddities.filter(({ name }) => name === "connection: close")
]

export const faults: ReadonlyArray<Fault> = [...cuts, ...delays, ...nonsense, ...surplus, ...oddities]

const byName = new Map([noFault, ...faults].map((fault) => [fault.name, fault]))

/** Undefined: nobody has asked for one, or for one that there is not. */
export const faultNamed = (name: string): Fault | undefined => byName.get(name)
