// Many callers that send requests through the pool until their number is reached, and the tally of what came of it.
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { PoolError } from "@connection-pool/core/PoolError"
import type { PoolResponse } from "@connection-pool/core/PoolResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { Durations } from "./percentiles.js"

/** Whom to ask. */
export interface Target {
  readonly name: string
  readonly url: URL
  /** One of the demo's own servers: its answers are known, so they are checked. */
  readonly embedded: boolean
}

/** The answer of an embedded server is not the answer to this request. */
export class WrongAnswer extends Data.TaggedError("WrongAnswer")<{ readonly id: number; readonly status: number }> {
  override get message(): string {
    return `request ${this.id} was answered with status ${this.status} and something else than its block number`
  }
}

/** Failures of one kind. */
export interface Failures {
  /** The error's tag, with its reason where it has one, such as `ConnectFailed (Refused)`. */
  readonly kind: string
  readonly count: number
  /** The message of the first of them. */
  readonly message: string
}

const kindOf = (error: PoolError | WrongAnswer): string =>
  "reason" in error ? `${error._tag} (${error.reason})` : error._tag

export class Tally {
  readonly planned: number
  readonly connectTimes = new Durations()
  readonly latencies = new Durations()
  readonly statuses = new Map<number, number>()
  readonly failures = new Map<string, Failures>()
  started = 0
  answered = 0
  failed = 0
  /** Never sent, because the pool was drained first. */
  withdrawn = 0
  inFlight = 0
  mostInFlight = 0
  stopped = false
  /** Nothing but failures any more: it makes no sense to go on. */
  gaveUp = false
  readonly #callers: number
  #failuresInARow = 0

  constructor(planned: number, callers: number) {
    this.planned = planned
    this.#callers = callers
  }

  /** How many failures in a row are enough. Where an answer has come, what runs may fail together and the next succeed. */
  get #patience(): number {
    return this.answered === 0 ? 10 : 10 + 2 * this.#callers
  }

  get goesOn(): boolean {
    return this.started < this.planned && !this.stopped && !this.gaveUp
  }

  /** Returns the request's number. */
  start(): number {
    this.inFlight += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    return ++this.started
  }

  succeeded(response: PoolResponse): void {
    this.inFlight -= 1
    this.answered += 1
    this.#failuresInARow = 0
    this.statuses.set(response.status, (this.statuses.get(response.status) ?? 0) + 1)
    this.latencies.record(response.latency)
    if (!response.reused) this.connectTimes.record(response.timings.connect)
  }

  failedWith(error: PoolError | WrongAnswer): void {
    this.inFlight -= 1
    if (this.stopped && error._tag === "PoolClosed" && error.progress === "not-sent") {
      this.withdrawn += 1
      return
    }
    this.failed += 1
    this.#failuresInARow += 1
    if (this.#failuresInARow >= this.#patience && !this.stopped) this.gaveUp = this.started < this.planned
    const kind = kindOf(error)
    const { count, message } = this.failures.get(kind) ?? { count: 0, message: error.message }
    this.failures.set(kind, { kind, count: count + 1, message })
  }
}

const headers = { "content-type": "application/json", accept: "application/json" }

const isAnswerTo = (id: number) => (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null && "id" in answer && answer.id === id && "result" in answer

const send = (
  pool: ConnectionPool.Service,
  target: Target,
  id: number
): Effect.Effect<PoolResponse, PoolError | WrongAnswer> =>
  Effect.gen(function*() {
    const response = yield* pool.execute({
      method: "POST",
      url: target.url,
      headers,
      body: JSON.stringify({ jsonrpc: "2.0", id, method: "eth_blockNumber", params: [] })
    })
    if (target.embedded && !isAnswerTo(id)(yield* response.json)) {
      return yield* new WrongAnswer({ id, status: response.status })
    }
    return response
  })

const caller = (pool: ConnectionPool.Service, target: Target, tally: Tally): Effect.Effect<void> =>
  Effect.gen(function*() {
    while (tally.goesOn) {
      yield* Effect.match(send(pool, target, tally.start()), {
        onSuccess: (response) => tally.succeeded(response),
        onFailure: (error) => tally.failedWith(error)
      })
    }
  })

/** Runs until every request has ended. Once `tally.stopped` is set no further one is started. */
export const run = (
  pool: ConnectionPool.Service,
  target: Target,
  callers: number,
  tally: Tally
): Effect.Effect<void> =>
  Effect.forEach(Array.from({ length: callers }), () => caller(pool, target, tally), {
    concurrency: "unbounded",
    discard: true
  })
