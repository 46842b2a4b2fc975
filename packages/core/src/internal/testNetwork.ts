/**
 * The scripted network of `TestConnector`.
 *
 * @internal
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { CloseCause, Connection, ExchangeObserver, Progress, WireRequest } from "../Connection.js"
import type { Connector, ConnectTarget } from "../Connector.js"
import { ConnectFailed } from "../PoolError.js"
import type { Service, TestConnection, TestReply, TestRequest, TestScript } from "../TestConnector.js"
import { concat } from "./bodyBuffer.js"

type Fork = (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const bytesOf = (piece: string | Uint8Array): Uint8Array => typeof piece === "string" ? encoder.encode(piece) : piece

/** Even a delay of nothing ends in another turn, as on a network. */
const wait = (delay: Duration.DurationInput | undefined): Effect.Effect<void> =>
  delay === undefined || Duration.toMillis(delay) === 0 ? Effect.yieldNow() : Effect.sleep(delay)

class Network {
  dials = 0
  dialling = 0
  open = 0
  mostOpen = 0
  readonly connections: Array<ScriptedConnection> = []
  readonly requests: Array<TestRequest> = []
  readonly script: TestScript
  readonly fork: Fork

  constructor(script: TestScript, fork: Fork) {
    this.script = script
    this.fork = fork
  }

  readonly connect = ({ origin }: ConnectTarget): Effect.Effect<Connection, ConnectFailed> =>
    Effect.suspend(() => {
      const dial = this.script.connect?.(origin.href, this.dials) ?? {}
      this.dials++
      this.dialling++
      const outcome = Effect.suspend(() =>
        dial.fail === undefined
          ? Effect.succeed(this.opened(origin.href))
          : Effect.fail(new ConnectFailed({ origin: origin.href, progress: "not-sent", reason: dial.fail }))
      )
      const delay = dial.delay === undefined ? Effect.void : wait(dial.delay)
      const whole = dial.never === true ? Effect.never : Effect.andThen(delay, outcome)
      return Effect.ensuring(whole, Effect.sync(() => this.dialling--))
    })

  private opened(origin: string): Connection {
    const connection = new ScriptedConnection(this, this.connections.length, origin)
    this.connections.push(connection)
    this.open++
    this.mostOpen = Math.max(this.mostOpen, this.open)
    return connection
  }
}

class ScriptedConnection implements Connection, TestConnection {
  readonly remoteAddress = undefined
  readonly maxConcurrent = 1
  progress: Progress = "not-sent"
  open = true
  requests = 0
  private notify: ((cause: CloseCause) => void) | undefined = undefined
  private closedBy: CloseCause | undefined = undefined
  private observer: ExchangeObserver | undefined = undefined
  private request: WireRequest | undefined = undefined
  private uploaded: Array<Uint8Array> = []
  private room = Infinity
  private paused = false
  private continueBody: (() => void) | undefined = undefined
  private running: Fiber.RuntimeFiber<void> | undefined = undefined
  private idling: Fiber.RuntimeFiber<void> | undefined = undefined
  readonly network: Network
  readonly id: number
  readonly origin: string

  constructor(network: Network, id: number, origin: string) {
    this.network = network
    this.id = id
    this.origin = origin
  }

  get busy(): boolean {
    return this.observer !== undefined
  }

  // --- what the pool calls ------------------------------------------------------------------------------------------------------

  onClose(onClose: (cause: CloseCause) => void): void {
    this.notify = onClose
    if (this.closedBy !== undefined) onClose(this.closedBy)
  }

  checkIdle(done: (usable: boolean) => void): void {
    const { checkDelay } = this.network.script
    if (checkDelay === undefined) return done(this.open)
    this.network.fork(Effect.andThen(
      wait(checkDelay),
      Effect.sync(() => {
        if (this.closedBy !== "local") done(this.open)
      })
    ))
  }

  send(request: WireRequest, observer: ExchangeObserver): void {
    if (!this.open) return observer.onFailure({ kind: "Lost", reason: "closed" })
    interrupt(this.idling)
    this.request = request
    this.observer = observer
    this.progress = "maybe-sent"
    this.uploaded = []
    this.room = this.network.script.uploadWindow ?? Infinity
    const { body } = request
    if (body !== undefined && typeof body === "object" && !(body instanceof Uint8Array)) return
    if (body !== undefined) this.uploaded.push(bytesOf(body))
    this.endBody()
  }

  write(piece: Uint8Array): boolean {
    this.uploaded.push(piece)
    this.room -= piece.length
    if (this.room > 0) return true
    this.network.fork(Effect.andThen(
      Effect.yieldNow(),
      Effect.sync(() => {
        this.room = this.network.script.uploadWindow ?? Infinity
        this.observer?.onDrain()
      })
    ))
    return false
  }

  endBody(): void {
    const request = this.asTestRequest(this.request!)
    this.requests++
    const reply = this.network.script.respond?.(request) ?? {}
    if (reply.breaks?.unsent === true) this.progress = "not-sent"
    else this.network.requests.push(request)
    this.running = this.network.fork(this.answer(reply))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.continueBody?.()
    this.continueBody = undefined
  }

  close(): void {
    this.end("local")
  }

  // --- what the peer does -------------------------------------------------------------------------------------------------------

  /** The connection is gone; an exchange on it fails, unless it was the pool that closed. */
  end(cause: CloseCause, how: "reset" | "closed" | "tls" = "closed"): boolean {
    if (!this.open) return false
    this.open = false
    this.network.open--
    this.closedBy = cause
    interrupt(this.running)
    interrupt(this.idling)
    const { observer } = this
    this.observer = undefined
    if (cause !== "local") observer?.onFailure({ kind: "Lost", reason: how })
    this.notify?.(cause)
    return true
  }

  private asTestRequest(request: WireRequest): TestRequest {
    const headers: Record<string, string> = { host: request.authority }
    for (let i = 0; i < request.headers.length; i += 2) {
      const name = request.headers[i]!.toLowerCase()
      const value = request.headers[i + 1]!
      headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value
    }
    if (!request.keepAlive) headers["connection"] = "close"
    return {
      method: request.method,
      url: this.origin + request.target,
      headers,
      body: decoder.decode(concat(this.uploaded)),
      connection: this.id,
      index: this.requests
    }
  }

  private answer(reply: TestReply): Effect.Effect<void> {
    if (reply.never === true) return Effect.never
    const body = reply.body ?? []
    const pieces = (typeof body === "string" || body instanceof Uint8Array ? [body] : body).map(bytesOf)
    return wait(reply.delay).pipe(
      Effect.andThen(Effect.sync(() => this.begin(reply, pieces))),
      Effect.andThen(
        Effect.forEach(this.cut(reply, pieces), (piece) => this.sendPiece(reply, piece), { discard: true })
      ),
      Effect.andThen(this.unpaused),
      Effect.andThen(Effect.sync(() => this.finish(reply)))
    )
  }

  private begin(reply: TestReply, pieces: ReadonlyArray<Uint8Array>): void {
    const { breaks } = reply
    if (breaks !== undefined && breaks.afterBytes === undefined) return void this.end("closed", breaks.how)
    this.progress = "response-started"
    if (reply.garbage === true) {
      const observer = this.observer!
      this.observer = undefined
      observer.onFailure({ kind: "Protocol", reason: "InvalidHttp", description: "the script said so" })
      return void this.end("closed")
    }
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    this.observer!.onHead({
      status: reply.status ?? 200,
      rawHeaders: Object.entries(reply.headers ?? {}).flat(),
      contentLength: reply.sized === false ? undefined : length
    })
  }

  /** The pieces that are sent before the connection breaks. */
  private cut(reply: TestReply, pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> {
    let room = reply.breaks === undefined ? Infinity : reply.breaks.afterBytes ?? 0
    return pieces.flatMap((piece) => {
      const sent = piece.subarray(0, room)
      room -= sent.length
      return sent.length > 0 ? [sent] : []
    })
  }

  /** What the pool has not read yet holds up the pieces, and the end, behind it. */
  private readonly unpaused = Effect.async<void>((resume) => {
    if (!this.paused) return resume(Effect.void)
    this.continueBody = () => resume(Effect.void)
  })

  private sendPiece(reply: TestReply, piece: Uint8Array): Effect.Effect<void> {
    const delay = reply.pieceDelay === undefined ? Effect.void : wait(reply.pieceDelay)
    return delay.pipe(Effect.andThen(this.unpaused), Effect.andThen(Effect.sync(() => this.observer?.onBody(piece))))
  }

  private finish(reply: TestReply): void {
    const { observer, request } = this
    if (observer === undefined) return
    if (reply.breaks !== undefined) return void this.end("closed", reply.breaks.how)
    this.observer = undefined
    this.running = undefined
    const reusable = request!.keepAlive && reply.keepAlive !== false
    if (reply.closeIdleAfter !== undefined) {
      this.idling = this.network.fork(
        Effect.andThen(wait(reply.closeIdleAfter), Effect.sync(() => void this.end("closed")))
      )
    }
    const { keepAliveTimeout } = reply
    this.progress = "not-sent"
    observer.onEnd(reusable, keepAliveTimeout === undefined ? undefined : Duration.toMillis(keepAliveTimeout))
  }
}

const interrupt = (fiber: Fiber.RuntimeFiber<void> | undefined): void => fiber?.unsafeInterruptAsFork(FiberId.none)

const service = (network: Network): Service => ({
  dials: Effect.sync(() => network.dials),
  dialling: Effect.sync(() => network.dialling),
  connections: Effect.sync(() =>
    network.connections.map(({ busy, id, open, origin, requests }) => ({ id, origin, open, busy, requests }))
  ),
  mostOpen: Effect.sync(() => network.mostOpen),
  requests: Effect.sync(() => [...network.requests]),
  closeByPeer: (id) => Effect.sync(() => network.connections[id]?.end("closed") ?? false),
  sendUnasked: (id) => Effect.sync(() => network.connections[id]?.end("poisoned") ?? false)
})

export const make = (
  script: TestScript
): Effect.Effect<{ connector: Context.Tag.Service<Connector>; network: Service }> =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const network = new Network(script, (effect) => Runtime.runFork(runtime)(effect))
    return { connector: { connect: network.connect }, network: service(network) }
  })
