// One simulated connection, with a server at its other end. It keeps to the contract of the port, within which it is as nasty as
// it can be, and it tells when the pool does not.
import type {
  CloseCause,
  Connection,
  ExchangeFailure,
  ExchangeObserver,
  Progress,
  WireRequest
} from "@connection-pool/core/Connection"
import type { Answer, Break } from "./answers.js"
import * as Answers from "./answers.js"
import { belongsTo, joined } from "./bodies.js"
import type { Attempt, SimulatedRequest } from "./ledger.js"
import type { Network } from "./network.js"

interface SimulatedExchange {
  readonly request: SimulatedRequest
  readonly attempt: Attempt
  readonly wire: WireRequest
  readonly observer: ExchangeObserver
  readonly answer: Answer
  /** Pieces of a streamed body. */
  readonly uploaded: Array<Uint8Array>
  /** The request is complete. */
  whole: boolean
  /** The answer has begun, perhaps before the request was complete. */
  answering: boolean
  paused: boolean
  /** What goes on when the reader does. */
  waiting: (() => void) | undefined
}

export class SimulatedConnection implements Connection {
  readonly maxConcurrent = 1
  readonly remoteAddress: string
  progress: Progress = "not-sent"
  /** The pool has taken it over. */
  taken = false
  /** The pool has ordered it to close. */
  ordered = false
  /** Nothing more is heard of it, and whoever has it was told. */
  gone = false
  requests = 0
  readonly id: number
  readonly origin: string
  private readonly network: Network
  private exchange: SimulatedExchange | undefined = undefined
  private notify: ((cause: CloseCause) => void) | undefined = undefined
  private readonly checking = new Set<(usable: boolean) => void>()
  /** What has arrived and was not read yet. */
  private unread: "closed" | "poisoned" | undefined = undefined
  private endedBy: CloseCause | undefined = undefined
  /** Whose lease it is. */
  private holder: string | undefined = undefined
  /** It was found usable since its last exchange. */
  private checked = false
  private found: boolean | undefined = undefined

  constructor(network: Network, id: number, origin: string) {
    this.network = network
    this.id = id
    this.origin = origin
    this.remoteAddress = `10.0.0.1:${id}`
  }

  toString(): string {
    return `connection ${this.id}`
  }

  // --- what the pool calls ------------------------------------------------------------------------------------------------------

  onClose(onClose: (cause: CloseCause) => void): void {
    if (this.taken) this.broken("was taken over twice")
    this.taken = true
    this.network.onTaken(this)
    if (this.endedBy === undefined) {
      this.notify = onClose
    } else {
      this.network.onLeft(this)
      this.network.onGone(this)
      onClose(this.endedBy)
    }
  }

  checkIdle(done: (usable: boolean) => void): void {
    this.mustBeUsable("checkIdle")
    if (this.exchange !== undefined) this.broken("is checked though it is not idle")
    const { random, world } = this.network
    const report = (usable: boolean): void => {
      this.found = usable
      this.checked = usable
      done(usable)
    }
    if (random.chance(0.5)) {
      // What arrived in this very turn is not seen.
      return report(this.unread === undefined || random.chance(0.5))
    }
    // Who asked before has given up; the contract does not say whether he is told.
    if (random.chance(0.5)) this.checking.clear()
    this.checking.add(report)
    world.after(random.chance(0.7) ? 0 : this.network.tick, () => {
      // Both are what the contract calls unusable: to say so, and to be gone before.
      if (this.unread !== undefined && random.chance(0.5)) return this.end(this.unread)
      if (this.checking.delete(report)) report(this.unread === undefined)
    })
  }

  send(wire: WireRequest, observer: ExchangeObserver): void {
    this.mustBeUsable("send")
    if (this.exchange !== undefined) this.broken("is given a second exchange")
    const request = this.network.requestOf(wire, this)
    if (request === undefined) return
    if (this.holder !== request.holder && !this.checked) this.broken(`was idle and is used for ${request.id} unchecked`)
    this.holder = request.holder
    this.checked = false
    const attempt = this.network.onSent(this, request)
    this.requests++
    this.progress = "not-sent"
    if (this.network.fault("dead when it is used", this, 0.3)) {
      attempt.lost = true
      this.network.world.soon(() => this.end("closed"))
      return observer.onFailure({ kind: "Lost", reason: "closed" })
    }
    const { random, world } = this.network
    const exchange: SimulatedExchange = {
      request,
      attempt,
      wire,
      observer,
      answer: Answers.draw(random, request, this.network.rate, this.network.tick),
      uploaded: [],
      whole: false,
      answering: false,
      paused: false,
      waiting: undefined
    }
    this.exchange = exchange
    // A request may be held until the end of the turn, and is not sent until then.
    if (request.streamed || random.chance(0.5)) this.leave(exchange)
    else world.soon(() => this.leave(exchange))
  }

  write(piece: Uint8Array): boolean {
    this.mustBeUsable("write")
    const { exchange } = this
    if (exchange === undefined || exchange.whole) {
      this.broken("is given a piece of a body that it does not expect")
      return true
    }
    exchange.uploaded.push(piece)
    this.network.world.note(`${this} takes ${piece.length} bytes`)
    const { random, tick, world } = this.network
    if (random.chance(0.1)) this.beginEarly(exchange)
    if (this.exchange !== exchange || random.chance(0.6)) return true
    world.after(tick * random.below(3), () => {
      if (this.exchange === exchange && !exchange.whole) exchange.observer.onDrain()
    })
    return false
  }

  endBody(): void {
    this.mustBeUsable("endBody")
    const { exchange } = this
    if (exchange === undefined || exchange.whole) {
      return this.broken("hears of the end of a body that it does not expect")
    }
    const { request, uploaded, wire } = exchange
    const body = joined(uploaded)
    const declared = typeof wire.body === "object" && "contentLength" in wire.body ? wire.body.contentLength : undefined
    if (!belongsTo(request.id, body)) this.broken(`got a body for ${request.id} that is not its own`)
    if (body.length !== (declared ?? request.size)) {
      this.broken(`got ${body.length} bytes of ${declared ?? request.size} for ${request.id}`)
    }
    exchange.whole = true
    this.begin(exchange)
  }

  pause(): void {
    this.mustBeUsable("pause")
    if (this.exchange === undefined) this.broken("is told to pause without an exchange")
    else this.exchange.paused = true
  }

  resume(): void {
    this.mustBeUsable("resume")
    const { exchange } = this
    if (exchange === undefined) return this.broken("is told to go on without an exchange")
    exchange.paused = false
    const { waiting } = exchange
    exchange.waiting = undefined
    if (waiting !== undefined) this.network.world.soon(() => this.exchange === exchange && waiting())
  }

  close(): void {
    this.checking.clear()
    if (this.ordered || this.gone) return
    this.ordered = true
    this.exchange = undefined
    this.network.world.note(`${this} is ordered to close`)
    this.network.onLeft(this)
    const confirm = () => {
      this.gone = true
      this.network.onGone(this)
      this.notify?.("local")
    }
    const delay = this.network.closeDelay(this)
    if (delay === undefined) confirm()
    else this.network.world.after(delay, confirm)
  }

  // --- what the server does -----------------------------------------------------------------------------------------------------

  /** The request goes out. */
  private leave(exchange: SimulatedExchange): void {
    if (this.exchange !== exchange) return
    this.progress = "maybe-sent"
    exchange.attempt.written = true
    exchange.request.onMoment("sent")
    if (this.exchange !== exchange || exchange.request.streamed) return
    exchange.whole = true
    this.begin(exchange)
  }

  /** It answers before it has the whole request. */
  private beginEarly(exchange: SimulatedExchange): void {
    if (exchange.answering || !this.network.fault("answer before the request's end", this, 1)) return
    this.begin(exchange)
  }

  private begin(exchange: SimulatedExchange): void {
    if (exchange.answering) return
    exchange.answering = true
    const { answer } = exchange
    if (answer.fault !== undefined) this.network.ledger.fault(answer.fault, String(this))
    this.network.world.after(answer.delay, () => this.sendHead(exchange))
  }

  private sendHead(exchange: SimulatedExchange): void {
    if (this.exchange !== exchange) return
    const { answer, attempt, observer, request } = exchange
    if (answer.breaks?.before === "head") return this.breakOff(exchange, answer.breaks)
    this.progress = "response-started"
    attempt.answered = true
    this.network.world.note(`${this} head for ${request.id}: ${answer.status}, ${answer.contentLength} bytes`)
    observer.onHead(answer)
    request.onMoment("head")
    this.goOn(exchange, 0)
  }

  /** After the gap, where there is one; what is held back by the reader waits. */
  private goOn(exchange: SimulatedExchange, piece: number): void {
    if (this.exchange !== exchange) return
    const gap = exchange.answer.gaps[piece]!
    if (gap === 0) this.sendPiece(exchange, piece)
    else this.network.world.after(gap, () => this.sendPiece(exchange, piece))
  }

  private sendPiece(exchange: SimulatedExchange, piece: number): void {
    if (this.exchange !== exchange) return
    // One piece may have been read already.
    if (exchange.paused && this.network.random.chance(0.8)) {
      exchange.waiting = () => this.sendPiece(exchange, piece)
      return
    }
    const { answer, observer, request } = exchange
    if (answer.breaks?.before === piece) return this.breakOff(exchange, answer.breaks)
    const bytes = answer.pieces[piece]
    if (bytes === undefined) return this.finish(exchange)
    this.network.bytes += bytes.length
    observer.onBody(bytes)
    if (piece === 0) request.onMoment("piece")
    this.goOn(exchange, piece + 1)
  }

  private finish(exchange: SimulatedExchange): void {
    const { answer, observer, request, wire } = exchange
    const { after } = answer
    const reusable = wire.keepAlive && exchange.whole && this.unread === undefined &&
      (after === "keeps" || after === "closes at once" || after === "closes later" || after === "poisons later")
    this.exchange = undefined
    this.network.ends++
    this.network.world.note(`${this} end for ${request.id}, ${reusable ? "reusable" : "not reusable"}`)
    const { random, tick, world } = this.network
    if (reusable && after !== "keeps") {
      const delay = after === "closes at once" ? 0 : tick * random.between(1, 40)
      world.after(delay, () => this.arrives(after === "poisons later" ? "poisoned" : "closed"))
    }
    observer.onEnd(reusable, answer.hint)
    request.onMoment("end")
    if (!reusable) this.end(after === "sends more" ? "poisoned" : "closed")
  }

  private breakOff(exchange: SimulatedExchange, { kind, ...how }: Break): void {
    if (kind === "garbage") {
      this.progress = "response-started"
      exchange.attempt.answered = true
      return this.fail(exchange, { kind: "Protocol", reason: "InvalidHttp", description: "is garbage" }, "poisoned")
    }
    this.fail(exchange, { kind: "Lost", reason: "reason" in how ? how.reason : "closed" }, "closed")
  }

  private fail(exchange: SimulatedExchange, failure: ExchangeFailure, cause: CloseCause): void {
    this.exchange = undefined
    exchange.attempt.lost = failure.kind === "Lost"
    this.network.world.note(`${this} fails for ${exchange.request.id}: ${failure.kind} ${failure.reason}`)
    exchange.request.onMoment("lost")
    exchange.observer.onFailure(failure)
    this.end(cause)
  }

  /** Something has come that nobody asked for; it is read at once or a moment later. */
  arrives(what: "closed" | "poisoned"): void {
    if (this.gone || this.ordered) return
    this.unread = what
    const { random, tick, world } = this.network
    world.after(random.chance(0.5) ? 0 : tick, () => this.noticed(what))
  }

  private noticed(what: "closed" | "poisoned"): void {
    if (this.gone || this.ordered) return
    const { exchange } = this
    if (exchange === undefined) return this.end(what)
    // Behind a request that has left, bytes would be taken for its answer: that is for the tests of the transport.
    if (what === "poisoned" && exchange.attempt.written) return
    this.fail(exchange, { kind: "Lost", reason: "closed" }, what)
  }

  /** The connection has ended by itself. */
  private end(cause: CloseCause): void {
    if (this.gone || this.ordered) return
    this.gone = true
    this.endedBy = cause
    this.network.world.note(`${this} is ${cause}`)
    this.network.onLeft(this)
    this.network.onGone(this)
    this.notify?.(cause)
    for (const report of this.checking) {
      this.checking.delete(report)
      report(false)
    }
  }

  // --- laws ---------------------------------------------------------------------------------------------------------------------

  private mustBeUsable(call: string): void {
    if (this.ordered) this.broken(`${call} after it was closed`)
    else if (this.gone) this.broken(`${call} after it had said that it is gone`)
    else if (this.found === false) this.broken(`${call} after it was found unusable`)
  }

  private broken(what: string): void {
    this.network.world.broken(`${this} ${what}`)
  }
}
