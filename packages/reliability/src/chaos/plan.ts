// What one caller does next; the seed decides.
import * as PoolError from "@connection-pool/core/PoolError"
import type { Random } from "../simulation/random.js"
import { noFault } from "./faults.js"
import type { Fault, Tag } from "./faults/fault.js"
import type { Target } from "./targets.js"

export const kinds = ["execute", "stream", "open", "client", "lease"] as const
export type Kind = (typeof kinds)[number]

export interface Call {
  readonly target: Target
  readonly fault: Fault
  readonly kind: Kind
  /** The pool that lives as long as the run, or the one that is drained and built anew. */
  readonly pool: "lasting" | "rebuilt"
  readonly method: string
  readonly idempotent: boolean | undefined
  readonly upload: "none" | "text" | "bytes" | "stream" | "declared" | "fails"
  /** Bytes of the request's body. */
  readonly uploadSize: number
  /** Bytes of the answer's body. */
  readonly size: number
  readonly reading: "all" | "slowly" | "some" | "nothing"
  /** Milliseconds. */
  readonly timeout: number | undefined
  /** Interrupted after so many milliseconds; 0: as soon as it has begun. */
  readonly interruptedAfter: number | undefined
  /** Requests on a lease. */
  readonly sends: number
}

const sizes = (random: Random): number => {
  switch (random.weighted({ none: 1, small: 12, medium: 4, large: 1 })) {
    case "none":
      return 0
    case "small":
      return random.between(1, 2_000)
    case "medium":
      return random.between(2_000, 100_000)
    case "large":
      return random.between(100_000, 700_000)
  }
}

const targetOf = (random: Random, targets: ReadonlyArray<Target>): Target => {
  let rest = random.fraction() * targets.reduce((sum, { weight }) => sum + weight, 0)
  return targets.find(({ weight }) => (rest -= weight) < 0) ?? targets[0]!
}

const streams: ReadonlyArray<Call["upload"]> = ["stream", "declared", "fails"]

/** Whether the pool may send it twice, where the first time something may have left. */
export const mayBeSentTwice = ({ idempotent, kind, method, upload }: Call): boolean =>
  kind !== "lease" && !streams.includes(upload) && (idempotent ?? PoolError.isIdempotentMethod(method))

/** A fault may send a part of the body, which has to be told from another's. */
const leastOfFaults = 20

export const plan = (random: Random, targets: ReadonlyArray<Target>): Call => {
  const target = targetOf(random, targets)
  const fault = random.chance(0.35) ? random.pick(target.faults) : noFault
  const kind = random.weighted({ execute: 5, stream: 2, open: 2, client: 2, lease: 1 })
  const plainMethods = { GET: 6, POST: 4, PUT: 1, DELETE: 1 }
  const method = random.weighted(fault === noFault ? { ...plainMethods, HEAD: 0.5 } : { ...plainMethods, HEAD: 0 })
  const hasBody = method === "POST" || method === "PUT"
  const upload = hasBody ? random.weighted({ none: 1, text: 3, bytes: 3, stream: 2, declared: 1, fails: 0.3 }) : "none"
  const ending = random.weighted({ none: 8, interrupted: 1, timeout: 1 })
  // Nothing more comes: who has no patience of his own gets some.
  const stalls = fault.stalls === true || target.suspends
  const timeout = ending === "timeout" ? random.between(1, 60) : stalls ? random.between(50, 400) : undefined
  return {
    target,
    fault,
    kind,
    pool: random.chance(0.5) ? "lasting" : "rebuilt",
    method,
    idempotent: method === "POST" && random.chance(0.2) ? true : undefined,
    upload,
    uploadSize: upload === "none" ? 0 : Math.max(1, sizes(random)),
    size: method === "HEAD" ? 0 : Math.max(fault === noFault ? 0 : leastOfFaults, sizes(random)),
    reading: random.weighted({ all: 8, slowly: 1, some: 1, nothing: 1 }),
    timeout,
    interruptedAfter: ending === "interrupted" ? random.below(30) : undefined,
    sends: random.between(1, 3)
  }
}

/** Bytes of a body that have left, for certain, when the server has written them. */
const inOnePiece = 10_000

/** Any request may have to wait until it is too late: the limits are small. */
const always: ReadonlyArray<Tag> = ["AcquireTimeout", "QueueFull"]

/** Errors that may come of it; any other is a failure of the pool. */
export const allowedOf = (call: Call): ReadonlySet<Tag> => {
  const { fault, kind, pool, size, target, timeout, upload } = call
  const allowed = new Set<Tag>([...always, ...target.allows, ...fault.allows])
  if (timeout !== undefined) allowed.add("RequestTimeout")
  if (pool === "rebuilt") allowed.add("PoolClosed")
  if (upload === "fails") allowed.add("RequestBodyFailed")
  // The request before may have ended its connection, and what cannot be sent again fails with it.
  if (!mayBeSentTwice(call)) allowed.add("ConnectionLost")
  if (target.resets && size > inOnePiece) allowed.add("ConnectionLost")
  // So does a body that nobody has begun to read when its connection is needed (C4).
  if (kind === "open" || kind === "client") allowed.add("ConnectionLost")
  return allowed
}
