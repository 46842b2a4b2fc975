/**
 * One request and its answer, from the call to the last byte. It is the holder of its lease, the observer of its connection,
 * the source of its body, and the deadline of whatever it waits for.
 *
 * @internal
 */
import type { ExchangeFailure, ExchangeObserver, Progress, ResponseHead } from "../Connection.js"
import type { PoolError, RequestPhase } from "../PoolError.js"
import {
  ConnectionLost,
  InvalidRequest,
  PoolClosed,
  ProtocolError,
  RequestBodyFailed,
  RequestTimeout,
  ResponseTooLarge
} from "../PoolError.js"
import type { Timings } from "../PoolResponse.js"
import type { ConnectionInfo } from "../PoolStats.js"
import type { BodySource } from "./bodyBuffer.js"
import { BodyBuffer, bodyHighWater } from "./bodyBuffer.js"
import type { CheckedRequest } from "./checkRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Deadline } from "./deadlines.js"
import type { BodyMode, ExchangeCaller, ExchangeLease, Fork } from "./exchangeCaller.js"
import type { HeldConnection } from "./heldConnection.js"
import type { LeaseHolder } from "./lease.js"
import { Lease } from "./lease.js"
import type { OriginState } from "./originState.js"
import type { UploadFailure } from "./upload.js"
import { Upload } from "./upload.js"

export class RunningExchange implements LeaseHolder, ExchangeObserver, BodySource, Deadline {
  at = Infinity
  slot = -1
  readonly body = new BodyBuffer(this)
  lease: ExchangeLease | undefined = undefined
  held: HeldConnection | undefined = undefined
  head: ResponseHead | undefined = undefined
  private phase: "waiting" | "sending" | "headers" | "body" | "done" = "waiting"
  /** The caller has the headers: what goes wrong from here on is told by the body. */
  private answered = false
  private progressAtEnd: Progress = "not-sent"
  private upload: Upload | undefined = undefined
  private total: Deadline | undefined = undefined
  private paused = false
  private deliveredAt = 0
  private firstByteAt = 0
  private endedAt = 0
  /** Since when the peer owes us something. */
  private owedSince = 0
  private bodyTimeout: number
  private maxBody: number
  readonly startedAt: number
  readonly pool: ConnectionPool
  readonly origin: OriginState
  readonly request: CheckedRequest
  private readonly mode: BodyMode
  private readonly caller: ExchangeCaller
  private readonly fork: Fork

  constructor(
    pool: ConnectionPool,
    origin: OriginState,
    request: CheckedRequest,
    mode: BodyMode,
    caller: ExchangeCaller,
    fork: Fork
  ) {
    this.pool = pool
    this.origin = origin
    this.request = request
    this.mode = mode
    this.caller = caller
    this.fork = fork
    this.startedAt = pool.now
    const { settings } = origin
    const whole = mode === "collect"
    this.bodyTimeout = request.bodyTimeout ?? (whole ? settings.bodyTimeout : Infinity)
    this.maxBody = request.maxResponseSize ?? (whole ? settings.maxResponseSize : Infinity)
  }

  /** Asks the pool for a connection and goes on from there. */
  start(): void {
    const { origin, pool, request } = this
    this.startTotal()
    const lease = new Lease(pool, origin, this, this.startedAt)
    this.lease = lease
    pool.ask(lease, request.acquireTimeout ?? origin.settings.acquireTimeout)
  }

  /** Goes out on a connection that somebody else has a lease of. */
  startOn(held: HeldConnection, lease: ExchangeLease): void {
    this.startTotal()
    this.lease = lease
    this.send(held, lease)
  }

  /** Gives up: the connection is closed unless the answer is complete. */
  abort(): void {
    if (this.phase === "done") return
    this.finish(false, Infinity)
    this.body.fail(this.lost("released"))
  }

  /** Gives up because the lease that it runs on has ended; its caller is told. */
  onLeaseEnded(): void {
    this.fail(this.lost("released"))
  }

  get attempts(): number {
    return 1
  }

  get complete(): boolean {
    return this.phase === "done"
  }

  get timings(): Timings {
    const end = this.phase === "done" ? this.endedAt : this.pool.now
    const { connectTime, since } = this.held!
    return {
      queued: this.deliveredAt - this.startedAt,
      connect: since + connectTime > this.startedAt ? connectTime : 0,
      firstByte: this.firstByteAt - this.startedAt,
      total: end - this.startedAt
    }
  }

  /**
   * The caller wants the whole body after all: the limits of a body that is read whole hold from here on. Says what is wrong if
   * they are passed already.
   */
  readWhole(): ResponseTooLarge | undefined {
    const { settings } = this.origin
    this.bodyTimeout = this.request.bodyTimeout ?? settings.bodyTimeout
    this.maxBody = this.request.maxResponseSize ?? settings.maxResponseSize
    return this.checkSize(this.head!.contentLength ?? 0, true) ?? this.checkSize(this.body.received, false)
  }

  // --- the lease --------------------------------------------------------------------------------------------------------------

  onDelivered(held: HeldConnection): void {
    this.send(held, this.lease!)
  }

  private send(held: HeldConnection, lease: ExchangeLease): void {
    const { request } = this
    const connection = held.connection!
    this.held = held
    this.deliveredAt = this.pool.now
    this.pool.books.requested(held, lease.reused)
    this.phase = request.stream === undefined ? "headers" : "sending"
    if (request.stream === undefined) this.awaitHeaders(this.deliveredAt)
    try {
      connection.send(request.wire, this)
    } catch (defect) {
      return this.broke(defect)
    }
    if (request.stream === undefined || this.complete) return
    this.upload = new Upload(connection, this.declaredLength, (failure) => this.onUploadDone(failure))
    this.upload.start(request.stream, this.fork)
  }

  onRejected(error: PoolError): void {
    this.lease = undefined
    this.fail(error)
  }

  get connectionPhase(): ConnectionInfo["phase"] {
    return this.phase === "waiting" || this.phase === "done" ? undefined : this.phase
  }

  get resting(): boolean {
    return this.phase === "body" && this.mode === "open" && !this.body.reading
  }

  onTakenAway(): void {
    this.fail(new PoolClosed({ origin: this.origin.origin.href, progress: this.progress }))
  }

  // --- the connection -----------------------------------------------------------------------------------------------------------

  onHead(head: ResponseHead): void {
    this.head = head
    this.firstByteAt = this.pool.now
    this.phase = "body"
    if (head.contentLength !== undefined && this.checkSize(head.contentLength, true) !== undefined) return
    if (this.mode === "collect") {
      this.awaitBody(this.firstByteAt)
    } else {
      this.pool.deadlines.clear(this)
      this.answered = true
      this.caller.onAnswer(this)
    }
  }

  onBody(piece: Uint8Array): void {
    this.pool.books.received(this.origin, piece.length)
    if (this.checkSize(this.body.received + piece.length, false) !== undefined) return
    if (this.bodyTimeout !== Infinity) this.owedSince = this.pool.now
    this.body.push(piece)
    if (this.mode !== "collect" && !this.paused && this.body.unread > bodyHighWater) {
      this.paused = true
      this.held!.connection!.pause()
    }
  }

  onEnd(reusable: boolean, idleLimit: number | undefined): void {
    // Whoever answers before the request is whole may still read it as something else.
    const clean = reusable && this.upload === undefined
    this.finish(clean, idleLimit === undefined ? Infinity : Math.max(0, idleLimit - serverIdleMargin))
    this.pool.books.completed(this.held!, this.head!.status, this.endedAt - this.startedAt, this.endedAt)
    this.body.end()
    if (this.mode === "collect") this.caller.onAnswer(this)
  }

  onFailure(failure: ExchangeFailure): void {
    this.fail(
      failure.kind === "Lost"
        ? this.lost(failure.reason, failure.cause)
        : new ProtocolError({
          origin: this.origin.origin.href,
          progress: "response-started",
          reason: failure.reason,
          description: failure.description,
          ...causeOf(failure.cause)
        })
    )
  }

  onDrain(): void {
    this.upload?.onDrain()
  }

  // --- the body -----------------------------------------------------------------------------------------------------------------

  onWanted(): void {
    if (this.phase === "body") this.awaitBody(this.pool.now)
  }

  onTaken(): void {
    if (this.phase === "body") this.pool.deadlines.clear(this)
    if (!this.paused || this.phase === "done") return
    this.paused = false
    this.held!.connection!.resume()
  }

  private onUploadDone(failure: UploadFailure | undefined): void {
    this.upload = undefined
    if (failure === undefined) {
      if (this.phase === "sending") {
        this.phase = "headers"
        this.awaitHeaders(this.pool.now)
      }
      return
    }
    if (failure.kind === "transport") return this.broke(failure.defect)
    const where = { origin: this.origin.origin.href, progress: this.progress }
    this.fail(
      failure.kind === "source"
        ? new RequestBodyFailed({ ...where, cause: failure.cause })
        : new InvalidRequest({ ...where, field: "body", description: failure.description })
    )
  }

  private get declaredLength(): number | undefined {
    const { body } = this.request.wire
    return typeof body === "object" && "contentLength" in body ? body.contentLength : undefined
  }

  // --- time ---------------------------------------------------------------------------------------------------------------------

  private awaitHeaders(now: number): void {
    this.owedSince = now
    this.pool.deadlines.set(this, now + this.headersTimeout)
  }

  /** Only ever moves the alarm to an earlier time: one that rings too early is set again. */
  private awaitBody(now: number): void {
    this.owedSince = now
    const due = now + this.bodyTimeout
    if (this.slot < 0 || due < this.at) this.pool.deadlines.set(this, due)
  }

  private get headersTimeout(): number {
    return this.request.headersTimeout ?? this.origin.settings.headersTimeout
  }

  onDue(now: number): void {
    const inBody = this.phase === "body"
    const timeout = inBody ? this.bodyTimeout : this.headersTimeout
    if (this.owedSince + timeout > now) return this.pool.deadlines.set(this, this.owedSince + timeout)
    this.timedOut(inBody ? "body" : "headers", inBody ? "bodyTimeout" : "headersTimeout", timeout)
  }

  private startTotal(): void {
    const timeout = this.request.timeout ?? this.origin.settings.requestTimeout
    if (timeout === Infinity) return
    this.total = {
      at: Infinity,
      slot: -1,
      onDue: () => this.timedOut(this.requestPhase, "requestTimeout", timeout)
    }
    this.pool.deadlines.set(this.total, this.startedAt + timeout)
  }

  private get requestPhase(): RequestPhase {
    if (this.phase === "body") return "body"
    if (this.phase !== "waiting") return "headers"
    const { active, connecting, idle } = this.pool.countsOf(this.origin)
    return connecting > 0 && active + idle === 0 ? "connecting" : "waiting"
  }

  private timedOut(phase: RequestPhase, option: RequestTimeout["option"], timeout: number): void {
    const early = phase === "waiting" || phase === "connecting"
    this.fail(
      new RequestTimeout({
        origin: this.origin.origin.href,
        progress: this.progress,
        phase,
        option,
        timeout,
        stats: early ? this.pool.countsOf(this.origin) : undefined
      })
    )
  }

  // --- the end ------------------------------------------------------------------------------------------------------------------

  private get progress(): Progress {
    if (this.phase === "waiting") return "not-sent"
    return this.phase === "done" ? this.progressAtEnd : this.held!.connection!.progress
  }

  private lost(reason: ConnectionLost["reason"], cause?: unknown): ConnectionLost {
    return new ConnectionLost({
      origin: this.origin.origin.href,
      progress: this.progress,
      reason,
      reused: this.lease?.reused ?? false,
      bytesReceived: this.body.received,
      ...causeOf(cause)
    })
  }

  /** Fails an answer that is too large. */
  private checkSize(received: number, declared: boolean): ResponseTooLarge | undefined {
    const limit = this.maxBody
    if (received <= limit) return undefined
    const origin = this.origin.origin.href
    const error = new ResponseTooLarge({ origin, progress: "response-started", limit, received, declared })
    this.fail(error)
    return error
  }

  private fail(error: PoolError): void {
    if (this.phase === "done") return
    this.finish(false, Infinity)
    this.pool.books.failed(this.origin, error, this.endedAt)
    this.body.fail(error)
    if (!this.answered) this.caller.onFailure(error)
  }

  /** The transport threw. */
  private broke(defect: unknown): void {
    if (this.phase === "done") return
    this.finish(false, Infinity)
    this.body.fail(this.lost("closed", defect))
    if (!this.answered) this.caller.onDefect(defect)
  }

  /** Nothing goes on after this; the lease ends here and nowhere else. */
  private finish(reusable: boolean, idleLimit: number): void {
    const { deadlines } = this.pool
    this.progressAtEnd = this.progress
    this.phase = "done"
    this.endedAt = this.pool.now
    deadlines.clear(this)
    if (this.total !== undefined) deadlines.clear(this.total)
    this.upload?.stop()
    this.lease?.end(reusable, idleLimit)
  }
}

/** A server closes an idle connection when its own time is over; ours has to be over before, the way to it included. */
const serverIdleMargin = 1_000

const causeOf = (cause: unknown): { readonly cause?: unknown } => cause === undefined ? {} : { cause }
