// Where requests go: the doors of our servers, and the proxies in front of one of them.
import type { Door } from "./doors.js"
import { faults, mildFaults, noFault } from "./faults.js"
import type { Fault, Tag } from "./faults/fault.js"

export interface Target {
  readonly name: string
  readonly origin: string
  /** Errors that any request may get here. */
  readonly allows: ReadonlyArray<Tag>
  /** What the server behind may be asked to do. */
  readonly faults: ReadonlyArray<Fault>
  /** How often it is asked, compared with others. */
  readonly weight: number
  /** Nobody may be answered here. */
  readonly deadEnd: boolean
  /** Besides the right answer there may be one of these, from somebody who does not know whose request it is. */
  readonly ownStatuses: ReadonlyArray<number>
  /** Some dials never end. */
  readonly stallsDials: boolean
  /** A long answer may lose its end. */
  readonly resets: boolean
  /** A request may be held up here for longer than a moment. */
  readonly suspends: boolean
}

const plain = {
  allows: [],
  faults,
  weight: 1,
  deadEnd: false,
  ownStatuses: [],
  stallsDials: false,
  resets: false,
  suspends: false
} satisfies Partial<Target>

const originOf = (secure: boolean, port: number, host = "127.0.0.1"): string =>
  `${secure ? "https" : "http"}://${host}:${port}`

export const atDoor = ({ allows, deadEnd, name, resets, secure, stalls, talks }: Door, port: number): Target => ({
  ...plain,
  name,
  origin: originOf(secure === true, port),
  allows,
  faults: deadEnd === true ? [noFault] : faults,
  weight: name === "steady" ? 3 : deadEnd === true ? 0.2 : 1,
  deadEnd: deadEnd === true,
  stallsDials: stalls === true,
  resets: resets === true,
  ownStatuses: talks === true ? [408] : []
})

/** The same server under a name that has to be looked up. */
export const byName = (port: number): Target => ({
  ...plain,
  name: "by name",
  origin: originOf(false, port, "localhost")
})

export const atSuspended = ({ allows, name }: Door, port: number): Target => ({
  ...plain,
  name,
  origin: originOf(false, port),
  allows,
  faults: mildFaults,
  suspends: true
})

export const behindRelay = (port: number): Target => ({
  ...plain,
  name: "behind a relay that is killed",
  origin: originOf(false, port),
  allows: ["ConnectionLost", "ConnectFailed"],
  faults: mildFaults
})

export const behindProxy = (name: string, scheme: "http" | "https", port: number): Target => ({
  ...plain,
  name: `${name}, ${scheme}`,
  origin: originOf(scheme === "https", port),
  allows: ["ConnectionLost", "ConnectFailed", "ConnectTimeout"],
  faults: mildFaults,
  ownStatuses: [400, 408, 500, 502, 503, 504],
  weight: 1.5
})
