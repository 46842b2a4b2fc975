/**
 * One request and its answer, from the call to the last byte. It is the holder of its lease, the observer of its connection,
 * the source of its body, and the deadline of whatever it waits for.
 *
 * @internal
 */
import type { ExchangeFailure, ExchangeObserver, Progress, ResponseHead, WireRequest } from "../Connection.js"
import type { ConnectionLost, PoolError, RequestPhase, RequestTimeout, ResponseTooLarge } from "../PoolError.js"
import type { Timings } from "../PoolResponse.js"
import type { ConnectionInfo } from "../PoolStats.js"
import { AnswerBody } from "./answerBody.js"
import type { CheckedRequest } from "./checkRequest.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Deadline } from "./deadlines.js"
import type { BodyMode, ExchangeCaller, ExchangeLease, Fork } from "./exchangeCaller.js"
import * as Errors from "./exchangeErrors.js"
import type { HeldConnection } from "./heldConnection.js"
import type { LeaseAsker, LeaseHolder } from "./lease.js"
import { Lease } from "./lease.js"
import type { MethodMetrics } from "./originMetrics.js"
import type { OriginState } from "./originState.js"
import { PhaseReport } from "./phaseReport.js"
import { lostAttempt, mayRepeat } from "./repeat.js"
import { RequestDeadline } from "./requestDeadline.js"
import { timingsOf } from "./timings.js"
import type { UploadFailure, UploadObserver } from "./upload.js"
import { declaredLength, Upload } from "./upload.js"

export class RunningExchange implements LeaseHolder, ExchangeObserver, UploadObserver, Deadline {
  at = Infinity
  slot = -1
  private answerBody: AnswerBody | undefined = undefined
  lease: ExchangeLease | undefined = undefined
  held: HeldConnection | undefined = undefined
  head: ResponseHead | undefined = undefined
  private phase: "waiting" | "sending" | "headers" | "body" | "done" = "waiting"
  /** Who started it, until it has the headers: what goes wrong from there on is told by the body. */
  private caller: ExchangeCaller | undefined
  /** What becomes of the answer is decided: complete, failed or given up. */
  private settled = false
  private progressAtEnd: Progress = "not-sent"
  /** How the connection was lost on which it was sent first, once it is sent again. */
  private lostBefore: ConnectionLost | undefined = undefined
  /** Until when it may wait for a connection of its own. */
  private acquireBy = -Infinity
  private upload: Upload | undefined = undefined
  private total: Deadline | undefined = undefined
  /** From its start on. */
  private metrics: MethodMetrics | undefined = undefined
  /** Of who opened it, where that is known for nothing. */
  fiberId: LeaseAsker["fiberId"] = undefined
  span: LeaseAsker["span"] = undefined
  deliveredAt = 0
  firstByteAt = 0
  private endedAt = 0
  /** When something moved last, or the peer began to owe us something. */
  private lastMove = 0
  private bodyTimeout: number
  private wire: WireRequest
  private readonly phases: PhaseReport | undefined
  readonly startedAt: number
  readonly pool: ConnectionPool
  readonly origin: OriginState
  readonly request: CheckedRequest
  readonly mode: BodyMode
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
    this.wire = request.wire
    this.mode = mode
    this.caller = caller
    this.fork = fork
    this.startedAt = pool.now
    this.phases = request.observer === undefined ? undefined : new PhaseReport(pool, request.observer)
    this.bodyTimeout = request.bodyTimeout ?? (mode === "collect" ? origin.settings.bodyTimeout : Infinity)
  }

  /** Asks the pool for a connection and goes on from there. */
  start(): void {
    const { origin, pool, request } = this
    this.begin()
    this.acquireBy = this.startedAt + (request.acquireTimeout ?? origin.settings.acquireTimeout)
    const lease = new Lease(pool, origin, this, this.startedAt)
    this.lease = lease
    pool.ask(lease, this.acquireBy, false)
  }

  /** Goes out on a connection that somebody else has a lease of. */
  startOn(held: HeldConnection, lease: ExchangeLease): void {
    this.begin()
    this.lease = lease
    this.send(held, lease, this.pool.now)
  }

  /** Gives up: the connection is closed unless the answer is complete. */
  abort(): void {
    this.answerBody?.abandon()
    if (this.settled) return
    this.settled = true
    this.finish(false, Infinity)
    this.pool.books.abandoned(this.metrics, "Interrupted", this.head?.status, this.duration)
    if (this.mode !== "collect") this.answerBody?.fail(Errors.connectionLost(this, "released"))
  }

  /** Gives up because the lease that it runs on has ended; its caller is told. */
  onLeaseEnded(): void {
    this.fail(Errors.connectionLost(this, "released"))
  }

  /** Made late: a request that waits is to hold little. */
  get body(): AnswerBody {
    return this.answerBody ??= new AnswerBody(this)
  }

  get attempts(): number {
    return this.lostBefore === undefined ? 1 : 2
  }

  get complete(): boolean {
    return this.phase === "done"
  }

  get timings(): Timings {
    return timingsOf(this, this.held!, this.phase === "done" ? this.endedAt : this.pool.now)
  }

  get asker(): LeaseAsker {
    return { wire: this.wire, span: this.request.observer?.span ?? this.span, fiberId: this.fiberId }
  }

  /**
   * The caller wants the whole body after all: the limits of a body that is read whole hold from here on. Says what is wrong if
   * they are passed already.
   */
  readWhole(): ResponseTooLarge | undefined {
    this.bodyTimeout = this.request.bodyTimeout ?? this.origin.settings.bodyTimeout
    return this.body.limitTo(this.request.maxResponseSize ?? this.origin.settings.maxResponseSize)
  }

  // --- the lease --------------------------------------------------------------------------------------------------------------

  onDelivered(held: HeldConnection, now: number): void {
    this.send(held, this.lease!, now)
  }

  private send(held: HeldConnection, lease: ExchangeLease, now: number): void {
    const { request } = this
    const connection = held.connection!
    this.held = held
    this.deliveredAt = now
    this.pool.books.requested(held, lease.reused, now - this.startedAt)
    if (this.lostBefore !== undefined) this.pool.books.repeated(held, this.lostBefore, now)
    this.phases?.delivered(held, lease.reused)
    this.phase = request.stream === undefined ? "headers" : "sending"
    if (request.stream === undefined) this.awaitHeaders(now)
    try {
      connection.send(this.wire, this)
    } catch (defect) {
      return this.broke(defect)
    }
    if (request.stream === undefined || this.phase !== "sending") return
    this.upload = new Upload(connection, declaredLength(request.wire.body), this)
    this.pool.leaks.begin()
    this.upload.start(request.stream, this.fork)
  }

  onQueued(dialling: boolean): void {
    this.phases?.queued(dialling)
  }

  onRejected(error: PoolError): void {
    const { lostBefore } = this
    this.lease = undefined
    this.fail(lostBefore === undefined ? error : Errors.notRepeated(lostBefore, error))
  }

  get connectionPhase(): ConnectionInfo["phase"] {
    return this.phase === "waiting" || this.phase === "done" ? undefined : this.phase
  }

  get quietSince(): number | undefined {
    const { phase } = this
    const ours = phase === "sending" ? this.upload?.starving === true : phase === "body" && this.body.isLeft
    return ours ? Math.max(this.lastMove, this.deliveredAt) : undefined
  }

  get resting(): boolean {
    return this.phase === "body" && this.body.isUnread
  }

  onTakenAway(): void {
    this.fail(Errors.poolClosed(this))
  }

  // --- the connection -----------------------------------------------------------------------------------------------------------

  onHead(head: ResponseHead): void {
    this.firstByteAt = this.pool.now
    this.phase = "body"
    this.head = head
    // Of an open exchange the caller gets the headers whatever the body is: it is told when it reads.
    if (this.mode === "open") this.answer()
    this.head = this.body.begin(head)
    if (this.settled) return
    if (this.mode === "collect") return this.awaitBody(this.firstByteAt)
    this.lastMove = this.firstByteAt
    this.pool.deadlines.set(this, this.lastMove + this.patience)
    this.answer()
  }

  onBody(piece: Uint8Array): void {
    this.pool.books.received(this.origin, piece.length)
    this.onMove()
    this.body.push(piece)
  }

  /** On our side, or the peer's. */
  onMove(): void {
    this.lastMove = this.pool.now
    if (this.pool.leaks.suspecting) this.pool.leaks.moved(this)
  }

  onEnd(reusable: boolean, idleLimit: number | undefined): void {
    // Whoever answers before the request is whole may still read it as something else.
    const clean = reusable && this.upload === undefined
    this.finish(clean, idleLimit === undefined ? Infinity : Math.max(0, idleLimit - serverIdleMargin))
    this.body.end()
  }

  /** The last byte has come, and was decoded where it had to be. */
  onBodyComplete(): void {
    this.settled = true
    this.pool.books.completed(this.held!, this.metrics!, this.head!.status, this.duration, this.endedAt)
    if (this.mode === "collect") this.answer()
  }

  /** From here on the caller is not held: it may hold the answer, which must be collected when nobody else does. */
  private answer(): void {
    const { caller } = this
    this.caller = undefined
    caller?.onAnswer(this)
  }

  onFailure(failure: ExchangeFailure): void {
    if (failure.kind === "Protocol") return this.fail(Errors.protocolError(this, failure), true)
    const lost = Errors.connectionLost(this, failure.reason, failure.cause)
    const inTime = this.pool.now < this.acquireBy
    const again = mayRepeat(lostAttempt(lost, this.request, this.lostBefore !== undefined, inTime))
    if (again && !this.settled) this.repeat(lost)
    else this.fail(lost, true)
  }

  /** Asks for a fresh connection before the lost one is given back, so that nobody else gets its place. */
  private repeat(lost: ConnectionLost): void {
    const { origin, pool } = this
    const before = this.lease
    this.lostBefore = lost
    this.phase = "waiting"
    pool.deadlines.clear(this)
    this.wire = this.phases?.repeated(this.wire, lost) ?? this.wire
    const lease = new Lease(pool, origin, this, pool.now)
    this.lease = lease
    pool.ask(lease, this.acquireBy, true)
    before?.end(false, Infinity, pool.now)
  }

  onDrain(): void {
    this.onMove()
    if (this.phase === "sending") this.pool.deadlines.clear(this)
    this.upload?.onDrain()
  }

  // --- the body -----------------------------------------------------------------------------------------------------------------

  onWanted(): void {
    if (this.phase === "body") this.awaitBody(this.pool.now)
  }

  onTaken(): void {
    this.onMove()
    if (this.phase === "body") this.pool.deadlines.clear(this)
  }

  /** The server owes us that it takes what it has. */
  onUploadBlocked(): void {
    if (this.phase === "sending") this.awaitHeaders(this.pool.now)
  }

  onUploadDone(failure: UploadFailure | undefined): void {
    this.upload = undefined
    if (failure?.kind === "transport") return this.broke(failure.defect)
    if (failure !== undefined) return this.fail(Errors.uploadError(this, failure))
    if (this.phase !== "sending") return
    this.phase = "headers"
    this.awaitHeaders(this.pool.now)
  }

  // --- time ---------------------------------------------------------------------------------------------------------------------

  private awaitHeaders(now: number): void {
    this.lastMove = now
    this.pool.deadlines.set(this, now + this.headersTimeout)
  }

  /** Only ever moves the alarm to an earlier time: one that rings too early is set again. */
  private awaitBody(now: number): void {
    this.lastMove = now
    const due = now + this.bodyTimeout
    if (this.slot < 0 || due < this.at) this.pool.deadlines.set(this, due)
  }

  private get headersTimeout(): number {
    return this.request.headersTimeout ?? this.origin.settings.headersTimeout
  }

  onDue(now: number): void {
    const timeout = this.patience
    if (this.lastMove + timeout > now) return this.pool.deadlines.set(this, this.lastMove + timeout)
    if (this.phase !== "body") return this.timedOut("headers", "headersTimeout", timeout)
    if (this.body.isUnread) return this.fail(Errors.connectionLost(this, "unread"))
    this.timedOut("body", "bodyTimeout", timeout)
  }

  /** How long nothing may come: headers, a piece of a body that somebody waits for, or a reader. */
  private get patience(): number {
    if (this.phase !== "body") return this.headersTimeout
    return this.body.isUnread ? this.pool.settings.leakThreshold : this.bodyTimeout
  }

  private begin(): void {
    this.metrics = this.pool.books.started(this.origin, this.wire.method)
    const timeout = this.request.timeout ?? this.origin.settings.requestTimeout
    if (timeout === Infinity) return
    this.total = new RequestDeadline(this, timeout)
    this.pool.deadlines.set(this.total, this.startedAt + timeout)
  }

  timedOut(phase: RequestPhase, option: RequestTimeout["option"], timeout: number): void {
    this.fail(Errors.requestTimeout(this, phase, option, timeout))
  }

  // --- the end ------------------------------------------------------------------------------------------------------------------

  /** How far the request came, when it was sent first or again. */
  get progress(): Progress {
    if (this.phase === "done") return this.progressAtEnd
    const now = this.phase === "waiting" ? "not-sent" : this.held!.connection!.progress
    return now === "not-sent" && this.lostBefore !== undefined ? this.lostBefore.progress : now
  }

  fail(error: PoolError, byWire = false): void {
    if (this.settled) return
    this.settled = true
    this.finish(false, Infinity)
    this.pool.books.requestFailed(this.origin, this.metrics, error, this.head?.status, this.duration, this.endedAt)
    if (byWire && this.mode !== "collect") this.answerBody?.break(error)
    else this.answerBody?.fail(error)
    this.caller?.onFailure(error)
  }

  /** The transport threw. */
  private broke(defect: unknown): void {
    if (this.settled) return
    this.settled = true
    this.finish(false, Infinity)
    this.pool.books.abandoned(this.metrics, "_OTHER", this.head?.status, this.duration)
    this.answerBody?.fail(Errors.connectionLost(this, "closed", defect))
    this.caller?.onDefect(defect)
  }

  private get duration(): number {
    return this.endedAt - this.startedAt
  }

  /** Nothing goes on after this; the lease ends here and nowhere else. */
  private finish(reusable: boolean, idleLimit: number): void {
    if (this.phase === "done") return
    const { deadlines } = this.pool
    this.progressAtEnd = this.progress
    this.phase = "done"
    this.endedAt = this.pool.now
    deadlines.clear(this)
    if (this.total !== undefined) deadlines.clear(this.total)
    this.upload?.stop()
    this.lease?.end(reusable, idleLimit, this.endedAt)
  }
}

/** A server closes an idle connection when its own time is over; ours has to be over before, the way to it included. */
const serverIdleMargin = 1_000
