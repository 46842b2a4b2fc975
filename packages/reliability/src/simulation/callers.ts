// The callers of a run: each sends its requests, looks whether the answers are its own, and says how it ended.
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as PoolError from "@connection-pool/core/PoolError"
import type { PoolRequest } from "@connection-pool/core/PoolRequest"
import type { Exchange, PoolStreamResponse, ResponseInfo } from "@connection-pool/core/PoolResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { belongsTo, bodyOf, cut, joined } from "./bodies.js"
import type { Ledger, Moment } from "./ledger.js"
import { SimulatedRequest } from "./ledger.js"
import type { CallPlan, RequestPlan } from "./plan.js"
import type { World } from "./world.js"

interface Prepared {
  readonly known: SimulatedRequest
  readonly asked: PoolRequest
}

export class Caller {
  ended = false
  /** Of a bare lease: how it ended itself. */
  outcome: "answered" | "failed" | "interrupted" | undefined = undefined
  private fiber: Fiber.RuntimeFiber<void, PoolError.PoolError> | undefined = undefined
  private interrupted = false
  private startedAt = 0
  readonly name: string
  readonly plan: CallPlan
  private readonly pool: ConnectionPool.Service
  private readonly world: World
  private readonly ledger: Ledger

  /** Of the pool's options, in milliseconds. */
  private readonly acquireTimeout: number

  constructor(
    name: string,
    plan: CallPlan,
    pool: ConnectionPool.Service,
    world: World,
    ledger: Ledger,
    acquireTimeout: number
  ) {
    this.name = name
    this.plan = plan
    this.pool = pool
    this.world = world
    this.ledger = ledger
    this.acquireTimeout = acquireTimeout
  }

  start(): void {
    const { interruption, kind } = this.plan
    this.startedAt = this.world.now
    if (interruption !== undefined && "after" in interruption) {
      this.world.after(interruption.after, () => this.interrupt())
    }
    this.world.note(`${this.name} starts: ${kind} ${this.plan.origin}`)
    this.fiber = this.world.forkUser(this.call())
    this.fiber.addObserver((exit) => this.onEnd(exit))
  }

  private interrupt(): void {
    if (this.ended || this.interrupted) return
    this.interrupted = true
    this.world.note(`${this.name} is interrupted`)
    // In the middle of its own start there is no fiber yet.
    if (this.fiber === undefined) this.world.soon(() => this.fiber!.unsafeInterruptAsFork(FiberId.none))
    else this.fiber.unsafeInterruptAsFork(FiberId.none)
  }

  private onMoment(moment: Moment): void {
    const { interruption } = this.plan
    if (interruption === undefined || !("moment" in interruption) || interruption.moment !== moment) return
    if (interruption.within) this.interrupt()
    else this.world.soon(() => this.interrupt())
  }

  private onEnd(exit: Exit.Exit<void, PoolError.PoolError>): void {
    this.ended = true
    if (this.plan.kind !== "lease") return
    this.outcome = this.outcomeOf(this.name, exit)
    if (Exit.isFailure(exit)) {
      this.world.note(`${this.name} ${this.outcome}`)
    }
  }

  // --- what it does -------------------------------------------------------------------------------------------------------------

  private call(): Effect.Effect<void, PoolError.PoolError> {
    const { kind, requests } = this.plan
    switch (kind) {
      case "execute":
        return this.execute(this.prepare(requests[0]!, this.name))
      case "stream":
        return this.stream(this.prepare(requests[0]!, this.name))
      case "open":
        return this.open(this.prepare(requests[0]!, this.name))
      case "lease":
        return Effect.scoped(this.lease(requests.map((request, i) => this.prepare(request, `${this.name}.${i}`))))
    }
  }

  private execute({ asked, known }: Prepared): Effect.Effect<void, PoolError.PoolError> {
    return this.counted(
      known,
      Effect.map(this.pool.execute(asked), (answer) => this.verify(known, answer, answer.body, true))
    )
  }

  private stream({ asked, known }: Prepared): Effect.Effect<void, PoolError.PoolError> {
    return this.counted(
      known,
      Effect.scoped(Effect.flatMap(this.pool.stream(asked), (answer) => this.read(known, answer)))
    )
  }

  private open({ asked, known }: Prepared): Effect.Effect<void, PoolError.PoolError> {
    return this.counted(
      known,
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(this.pool.open({ ...asked, restore }), (exchange) => {
          switch (this.plan.reading) {
            case "dropped":
              return Effect.sync(() => this.verify(known, exchange, nothing, false))
            case "bytes":
              return Effect.ensuring(restore(this.readBytes(known, exchange)), Effect.sync(exchange.abort))
            default:
              return Effect.ensuring(restore(this.read(known, exchange)), Effect.sync(exchange.abort))
          }
        })
      )
    )
  }

  private lease(prepared: ReadonlyArray<Prepared>): Effect.Effect<void, PoolError.PoolError, Scope.Scope> {
    const { atOnce, origin, outlive, pause, setReusable } = this.plan
    return Effect.gen(this, function*() {
      const lease = yield* this.pool.lease(origin)
      yield* Effect.forEach(prepared, ({ asked, known }) => {
        const sent = Effect.map(lease.send(asked), (answer) => {
          this.verify(known, answer, answer.body, true)
          if (answer.connectionId !== lease.id) this.world.broken(`${known.id} did not go out on its lease`)
        })
        // The next one is tried whatever became of this one.
        const tried = Effect.ignore(this.counted(known, sent))
        if (outlive) return Effect.forkDaemon(tried)
        return atOnce ? tried : Effect.zipRight(Effect.sleep(pause), tried)
      }, { concurrency: atOnce ? "unbounded" : 1, discard: true })
      yield* Effect.sleep(pause)
      if (setReusable !== undefined) lease.setReusable(setReusable)
    })
  }

  private readBytes(known: SimulatedRequest, exchange: Exchange): Effect.Effect<void, PoolError.PoolError> {
    return Effect.map(exchange.bytes, (bytes) => this.verify(known, exchange, bytes, true))
  }

  private read(known: SimulatedRequest, answer: PoolStreamResponse): Effect.Effect<void, PoolError.PoolError> {
    const { pause, reading } = this.plan
    const rest = Effect.sleep(pause)
    const collect = (body: PoolStreamResponse["body"], whole: boolean) =>
      Effect.map(
        Stream.runCollect(body),
        (pieces) => this.verify(known, answer, joined(Chunk.toReadonlyArray(pieces)), whole)
      )
    switch (reading) {
      case "slowly":
        return collect(Stream.tap(answer.body, () => rest), true)
      case "late":
        return Effect.zipRight(rest, collect(answer.body, true))
      case "some":
        return collect(Stream.take(answer.body, 1), false)
      case "nothing":
        return Effect.map(rest, () => this.verify(known, answer, nothing, false))
      default:
        return collect(answer.body, true)
    }
  }

  // --- books --------------------------------------------------------------------------------------------------------------------

  /** Who is interrupted before he has asked has asked nothing. */
  private counted<E extends PoolError.PoolError>(
    known: SimulatedRequest,
    effect: Effect.Effect<void, E>
  ): Effect.Effect<void, E> {
    return Effect.uninterruptibleMask((restore) => {
      this.ledger.begin(known)
      return Effect.onExit(restore(effect), (exit) =>
        Effect.sync(() => {
          const outcome = this.outcomeOf(known.id, exit)
          const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
          this.ledger.end(known, outcome, error)
          if (error?._tag === "ConnectionLost") this.checkLost(known, error)
        }))
    })
  }

  /** What may be sent again is, unless there was no other connection in time (C6). */
  private checkLost(known: SimulatedRequest, error: PoolError.ConnectionLost): void {
    const [only, second] = known.attempts
    if (only === undefined || second !== undefined || this.plan.kind === "lease") return
    const stale = only.lost && only.reused && !only.answered
    if (!stale || known.streamed || (only.written && !known.idempotent)) return
    const inTime = this.world.now - this.startedAt < (this.plan.requests[0]!.acquireTimeout ?? this.acquireTimeout)
    if (inTime && !PoolError.isPoolError(error.cause)) this.world.broken(`${known.id} was not sent again`)
  }

  private outcomeOf(name: string, exit: Exit.Exit<void, unknown>): "answered" | "failed" | "interrupted" {
    if (Exit.isSuccess(exit)) return "answered"
    const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
    if (error !== undefined) {
      if (!PoolError.isPoolError(error)) {
        this.world.broken(`${name} failed with ${String(error)}, which is no PoolError`)
      }
      return "failed"
    }
    if (!this.interrupted || !Cause.isInterruptedOnly(exit.cause)) {
      this.world.broken(`${name} was interrupted by nobody: ${Cause.pretty(exit.cause)}`)
    }
    return "interrupted"
  }

  /** The answer is that of the request and of nobody else (C12), and says how it came. */
  private verify(known: SimulatedRequest, answer: ResponseInfo, body: Uint8Array, whole: boolean): void {
    const { broken } = this
    const { id } = known
    if (answer.headers["x-id"] !== id) return broken(`${id} got the answer of ${answer.headers["x-id"]}`)
    if (!belongsTo(id, body)) return broken(`${id} got a body that is not its own`)
    const size = Number(answer.headers["x-size"])
    if (whole ? body.length !== size : body.length > size) {
      return broken(`${id} got ${body.length} bytes of a body of ${size}`)
    }
    const { attempts } = known
    if (answer.attempts !== attempts.length) {
      broken(`${id} is said to have been sent ${answer.attempts} times, and was ${attempts.length} times`)
    }
    const last = attempts.at(-1)!
    if (answer.remoteAddress !== `10.0.0.1:${last.connection}`) broken(`${id} is said to have come from elsewhere`)
    if (answer.reused !== last.reused) broken(`${id} is said to have had a reused connection: ${answer.reused}`)
    const { timeout } = this.plan.requests[0]!
    const took = this.world.now - this.startedAt
    if (this.plan.kind === "execute" && timeout !== undefined && took > timeout) {
      broken(`${id} was answered after ${took} ms, and its timeout was ${timeout} ms`)
    }
  }

  private readonly broken = (problem: string): void => this.world.broken(problem)

  private prepare(plan: RequestPlan, id: string): Prepared {
    const body = bodyOf(id, plan.size)
    const streamed = streams.includes(plan.upload)
    const known = new SimulatedRequest({
      id,
      method: plan.method,
      idempotent: plan.idempotent ?? PoolError.isIdempotentMethod(plan.method),
      streamed,
      size: plan.size,
      holder: this.name,
      onMoment: (moment) => this.onMoment(moment)
    })
    const { acquireTimeout, bodyTimeout, headersTimeout, idempotent, maxResponseSize, method, timeout, upload } = plan
    const asked: PoolRequest = {
      url: `${this.plan.origin}/${id}`,
      method,
      headers: {
        "x-id": id,
        "x-turn": known.turn,
        ...(upload in declared ? { "content-length": String(plan.size + declared[upload]!) } : {})
      },
      body: this.uploadOf(plan, body),
      acquireTimeout,
      bodyTimeout,
      headersTimeout,
      idempotent,
      maxResponseSize,
      timeout,
      observer: plan.watched ? this.observerOf(known) : undefined
    }
    return { known, asked }
  }

  /** It changes a header when the request is sent again. */
  private observerOf(known: SimulatedRequest): PoolRequest["observer"] {
    return {
      onPhase: (phase) => this.onMoment(phase),
      onRepeat: () => {
        known.turn = "second"
        return { "x-turn": known.turn }
      }
    }
  }

  private uploadOf({ gap, upload }: RequestPlan, body: Uint8Array): PoolRequest["body"] {
    if (upload === "none") return undefined
    if (upload === "text") return Buffer.from(body).toString()
    if (upload === "bytes") return body
    const pieces = Stream.fromIterable(cut(body, 500))
    const slow = gap === 0 ? pieces : Stream.tap(pieces, () => Effect.sleep(gap))
    return upload === "fails" ? Stream.concat(slow, Stream.fail("the source has failed")) : slow
  }
}

const nothing = new Uint8Array()

const streams: ReadonlyArray<RequestPlan["upload"]> = ["stream", "declared", "wrong", "fails"]

/** Of uploads with a content-length: by how much it is wrong. */
const declared: Partial<Record<RequestPlan["upload"], number>> = { declared: 0, wrong: 7 }
