// How a server answers a request: drawn when the request has come.
import { bodyOf, cut } from "./bodies.js"
import type { SimulatedRequest } from "./ledger.js"
import type { Random } from "./random.js"

/** When an answer breaks off. */
export type Break =
  | { readonly kind: "lost"; readonly reason: "reset" | "closed"; readonly before: "head" | number }
  | { readonly kind: "garbage"; readonly before: "head" | number }

/** What a server does when it has answered. */
export type After = "keeps" | "closes" | "closes at once" | "closes later" | "sends more" | "poisons later"

export interface Answer {
  readonly status: number
  readonly rawHeaders: ReadonlyArray<string>
  readonly contentLength: number | undefined
  readonly pieces: ReadonlyArray<Uint8Array>
  /** Milliseconds before the headers. */
  readonly delay: number
  /** Milliseconds before each piece; 0: it comes with what is before it. */
  readonly gaps: ReadonlyArray<number>
  readonly breaks: Break | undefined
  readonly after: After
  /** Milliseconds that the server promises to keep an idle connection. */
  readonly hint: number | undefined
  /** How it is named among the faults. */
  readonly fault: string | undefined
}

/** Headers, pieces and stalls that take longer than any sensible timeout end after so many milliseconds, by a reset. */
const stall = 30_000

const sizeOf = (random: Random): number => {
  switch (random.weighted({ nothing: 1, small: 6, some: 3, much: 1 })) {
    case "nothing":
      return 0
    case "small":
      return random.between(1, 300)
    case "some":
      return random.between(1_000, 60_000)
    case "much":
      return random.between(66_000, 300_000)
  }
}

type Fault =
  | "reset before the answer"
  | "closed before the answer"
  | "reset after the headers"
  | "reset within the body"
  | "closed within the body"
  | "garbage for an answer"
  | "garbage within the body"
  | "slow answer"
  | "slow body"
  | "no answer"
  | "body stalls"
  | "connection: close"
  | "close right after the answer"
  | "close while idle"
  | "bytes behind the answer"
  | "bytes while idle"
  | "keep-alive hint"

const faults: Readonly<Record<Fault, number>> = {
  "reset before the answer": 2,
  "closed before the answer": 2,
  "reset after the headers": 1,
  "reset within the body": 1,
  "closed within the body": 1,
  "garbage for an answer": 1,
  "garbage within the body": 1,
  "slow answer": 2,
  "slow body": 1,
  "no answer": 1,
  "body stalls": 1,
  "connection: close": 2,
  "close right after the answer": 3,
  "close while idle": 3,
  "bytes behind the answer": 1,
  "bytes while idle": 1,
  "keep-alive hint": 2
}

const afters: Partial<Record<Fault, After>> = {
  "connection: close": "closes",
  "close right after the answer": "closes at once",
  "close while idle": "closes later",
  "bytes behind the answer": "sends more",
  "bytes while idle": "poisons later"
}

const breakOf = (fault: Fault | undefined, pieces: number, random: Random): Break | undefined => {
  switch (fault) {
    case "reset before the answer":
    case "no answer":
      return { kind: "lost", reason: "reset", before: "head" }
    case "closed before the answer":
      return { kind: "lost", reason: "closed", before: "head" }
    case "reset after the headers":
      return { kind: "lost", reason: "reset", before: 0 }
    case "reset within the body":
    case "body stalls":
      return { kind: "lost", reason: "reset", before: random.below(pieces + 1) }
    case "closed within the body":
      return { kind: "lost", reason: "closed", before: random.below(pieces + 1) }
    case "garbage for an answer":
      return { kind: "garbage", before: "head" }
    case "garbage within the body":
      return { kind: "garbage", before: random.below(pieces + 1) }
    default:
      return undefined
  }
}

/** `rate`: how often something is not as it should be. `tick`: milliseconds that every time is a multiple of. */
export const draw = (random: Random, request: SimulatedRequest, rate: number, tick: number): Answer => {
  const fault = random.chance(rate) ? random.weighted(faults) : undefined
  const bodiless = request.method === "HEAD" || random.chance(0.03)
  const size = bodiless ? 0 : sizeOf(random)
  const pieces = cut(bodyOf(request.id, size), size > 65_536 ? 16_384 : random.pick([size || 1, 100 + (size >> 2)]))
  const breaks = breakOf(fault, pieces.length, random)
  const gap = random.chance(0.5) ? 0 : tick
  const gaps = Array.from({ length: pieces.length + 1 }, () => gap * random.below(3))
  if (fault === "slow body" || fault === "body stalls") {
    const stalled = typeof breaks?.before === "number" ? breaks.before : random.below(gaps.length)
    gaps[stalled] = fault === "slow body" ? tick * random.between(10, 200) : stall
  }
  const delay = fault === "no answer"
    ? stall
    : tick * (fault === "slow answer" ? random.between(10, 200) : random.below(5))
  return {
    status: request.method === "HEAD" ? 200 : bodiless ? 204 : random.pick([200, 200, 200, 404, 503]),
    rawHeaders: ["x-id", request.id, "x-size", String(size)],
    contentLength: bodiless ? 0 : random.chance(0.7) ? size : undefined,
    pieces,
    delay,
    gaps,
    breaks,
    after: (fault && afters[fault]) ?? "keeps",
    hint: fault === "keep-alive hint" ? random.pick([0, 900, 1_000, 1_000 + tick, 1_500, 5_000]) : undefined,
    fault
  }
}
