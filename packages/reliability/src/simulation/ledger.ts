// What the simulation knows of every request, apart from what the pool says: who sent it, which servers saw it, how it ended.
import type * as PoolError from "@connection-pool/core/PoolError"
import type { World } from "./world.js"

/** One time that a request went out on a connection. */
export interface Attempt {
  readonly connection: number
  /** The connection had carried a request before. */
  readonly reused: boolean
  /** Bytes of the request left. */
  written: boolean
  /** Bytes of an answer came. */
  answered: boolean
  /** The connection was lost before the answer was complete. */
  lost: boolean
}

/** At these a caller may be interrupted, besides at any time. */
export const moments = ["queued", "connecting", "connected", "reused", "sent", "head", "piece", "end", "lost"] as const
export type Moment = (typeof moments)[number]

export type Outcome = "running" | "answered" | "failed" | "interrupted"

export class SimulatedRequest {
  outcome: Outcome = "running"
  /** What its header says that its observer may change when it is sent again. */
  turn = "first"
  readonly attempts: Array<Attempt> = []
  readonly id: string
  readonly method: string
  /** Whether it may be sent twice though it may have been seen. */
  readonly idempotent: boolean
  readonly streamed: boolean
  /** Bytes of its body. */
  readonly size: number
  /** Whose lease it goes out on: its own, or that of several requests. */
  readonly holder: string
  /** Called at such a moment. */
  readonly onMoment: (moment: Moment) => void

  constructor(
    given: Pick<SimulatedRequest, "id" | "method" | "idempotent" | "streamed" | "size" | "holder" | "onMoment">
  ) {
    this.id = given.id
    this.method = given.method
    this.idempotent = given.idempotent
    this.streamed = given.streamed
    this.size = given.size
    this.holder = given.holder
    this.onMoment = given.onMoment
  }
}

const countIn = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

export class Ledger {
  readonly requests = new Map<string, SimulatedRequest>()
  /** Errors that callers got, by tag. */
  readonly errors = new Map<string, number>()
  /** What the network did to the pool. */
  readonly faults = new Map<string, number>()
  readonly outcomes = new Map<Outcome, number>()
  /** Requests that were sent a second time. */
  repeats = 0
  drains = 0
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  begin(request: SimulatedRequest): void {
    this.requests.set(request.id, request)
    this.world.note(`${request.id} asks: ${request.method}`)
  }

  end(request: SimulatedRequest, outcome: Exclude<Outcome, "running">, error?: PoolError.PoolError): void {
    if (request.outcome !== "running") this.world.broken(`${request.id} ended twice`)
    request.outcome = outcome
    countIn(this.outcomes, outcome)
    if (error !== undefined) countIn(this.errors, error._tag)
    this.world.note(`${request.id} ${outcome}${error === undefined ? "" : ` ${error._tag} ${error.progress}`}`)
  }

  fault(kind: string, where: string): void {
    countIn(this.faults, kind)
    this.world.note(`${where} fault: ${kind}`)
  }

  count(outcome: Outcome): number {
    return this.outcomes.get(outcome) ?? 0
  }
}
