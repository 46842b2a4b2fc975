/**
 * An HTTP/1.1 connection on a socket.
 *
 * No timer, no closure and no listener belongs to a single request; what a connection holds while it is idle is this
 * object, its reader and the five listeners of its socket, which all connections share.
 *
 * @since 0.1.0
 */
import type {
  CloseCause,
  Connection,
  ExchangeFailure,
  ExchangeObserver,
  Progress,
  ResponseHead,
  WireRequest
} from "@connection-pool/core/Connection"
import * as net from "node:net"
import type { Duplex } from "node:stream"
import * as Llhttp from "./llhttp.js"
import { type Holding, holdsWrite, isThisTurn, noTurn, settle, type Settling, thisTurn } from "./loopTurn.js"
import { reasonOf } from "./nodeError.js"
import {
  type Remaining,
  type Whole,
  wholeOf,
  writeChunk,
  writeLastChunk,
  writeParts,
  writeWhole
} from "./requestWriter.js"
import { type Outcome, type ReaderOwner, ResponseReader } from "./responseReader.js"

const connectionOf = Symbol("@connection-pool/platform-node/connection")

interface OwnedSocket extends Duplex {
  [connectionOf]?: Http1Connection
}

function onSocketData(this: OwnedSocket, chunk: Buffer): void {
  this[connectionOf]?.onBytes(chunk)
}
function onSocketEnd(this: OwnedSocket): void {
  this[connectionOf]?.onPeerEnd()
}
function onSocketError(this: OwnedSocket, error: Error): void {
  this[connectionOf]?.onPeerError(error)
}
function onSocketClose(this: OwnedSocket): void {
  this[connectionOf]?.onPeerError(undefined)
}
function onSocketDrain(this: OwnedSocket): void {
  this[connectionOf]?.onRoom()
}

const noBytes = Buffer.alloc(0)

/**
 * Where plain sockets read to. libuv asks for memory when there is something to read, and tells of it before it reads again: what is in
 * it is there until the next read, of whichever of them.
 */
const sharedInput = Buffer.allocUnsafeSlow(Llhttp.maxInput)

/** What may be held of a chunk until later. */
const kept = (bytes: Buffer): Buffer => bytes.buffer === sharedInput.buffer ? Buffer.from(bytes) : bytes

/**
 * Connects as `net.connect` does, for an `Http1Connection` that is made as soon as the socket is open. Node.js would allocate 64 KiB for
 * each read, and put what came into a stream.
 *
 * @internal
 */
export const connectSharingInput = (options: net.TcpNetConnectOpts): net.Socket => {
  const callback = (length: number): true => {
    socket[connectionOf]?.onBytes(sharedInput.subarray(0, length))
    return true
  }
  const socket: net.Socket & OwnedSocket = net.connect({ ...options, onread: { buffer: sharedInput, callback } })
  return socket
}

/**
 * An answer may overtake the news that its request was written: TLS tells a turn later. So little as this may still be counted
 * as on its way; more is a request that was answered before it was sent.
 */
const smallWrite = 64 * 1024 + 16 * 1024

const closedFailure: ExchangeFailure = { kind: "Lost", reason: "closed" }

const lost = (error: Error | undefined): ExchangeFailure =>
  error === undefined
    ? closedFailure
    : { kind: "Lost", reason: reasonOf(error) === "Tls" ? "tls" : "reset", cause: error }

/** What waits until the observer reads on: bytes to parse, the answer's end, or the connection's. */
interface Held {
  rest: Buffer
  complete: boolean
  failure: ExchangeFailure | undefined
}

/**
 * See `Connection`. The socket is open, and nobody else listens to it.
 *
 * @internal
 */
export class Http1Connection implements Connection, ReaderOwner, Settling, Holding {
  readonly maxConcurrent = 1
  readonly remoteAddress: string | undefined
  progress: Progress = "not-sent"
  /** The observer holds back. */
  blocked = false
  /** Closed, for whatever reason. */
  gone = false

  private readonly socket: OwnedSocket
  private readonly reader: ResponseReader
  private observer: ExchangeObserver | undefined = undefined
  private closeObserver: ((cause: CloseCause) => void) | undefined = undefined
  private closeCause: CloseCause = "closed"
  private checking: ((usable: boolean) => void) | undefined = undefined
  private held: Held | undefined = undefined
  private remaining: Remaining = "nothing"
  private keepAlive = true
  private reading = false
  private awaitsRoom = false
  private spent = false
  /** The request, while it is held until the turn's end. */
  private unsent: Whole | undefined = undefined
  private lastTurn: number

  constructor(socket: Duplex, maxHeaderSize: number, remoteAddress: string | undefined) {
    this.socket = socket
    this.remoteAddress = remoteAddress
    this.reader = new ResponseReader(this, maxHeaderSize)
    this.lastTurn = thisTurn()
    this.socket[connectionOf] = this
    socket.on("data", onSocketData)
    socket.on("end", onSocketEnd)
    socket.on("error", onSocketError)
    socket.on("close", onSocketClose)
    socket.on("drain", onSocketDrain)
    if (socket.destroyed) this.end("closed")
  }

  onClose(onClose: (cause: CloseCause) => void): void {
    if (this.gone) onClose(this.closeCause)
    else this.closeObserver = onClose
  }

  checkIdle(done: (usable: boolean) => void): void {
    if (this.gone) {
      if (this.closeCause !== "local") done(false)
    } else if (isThisTurn(this.lastTurn)) {
      done(true)
    } else {
      this.checking = done
      settle(this)
    }
  }

  onSettled(): void {
    const done = this.checking
    this.checking = undefined
    done?.(true)
  }

  send(request: WireRequest, observer: ExchangeObserver): void {
    if (this.observer !== undefined) throw new Error("the connection has an exchange already")
    this.progress = "not-sent"
    if (this.gone || this.spent || this.socket.destroyed) return observer.onFailure(closedFailure)
    this.keepAlive = request.keepAlive
    this.reader.begin(request.method === "HEAD")
    const whole = wholeOf(request)
    if (whole !== undefined && holdsWrite(this)) {
      this.unsent = whole
    } else {
      if (whole === undefined) this.remaining = writeParts(this.socket, request)
      else writeWhole(this.socket, whole)
      this.progress = "maybe-sent"
    }
    this.observer = observer
  }

  onTurnEnd(): void {
    const { unsent } = this
    if (this.gone || unsent === undefined) return
    this.unsent = undefined
    this.progress = "maybe-sent"
    writeWhole(this.socket, unsent)
  }

  write(piece: Uint8Array): boolean {
    const { remaining } = this
    // The exchange is over; whoever still writes has nothing to wait for.
    if (this.gone || this.spent || this.observer === undefined) return true
    if (remaining === "nothing") throw new Error("the request has no streamed body, or it is complete")
    let room: boolean
    if (remaining === "chunks") {
      room = writeChunk(this.socket, piece)
    } else {
      if (piece.byteLength > remaining) throw new Error("the body is longer than its declared length")
      this.remaining = remaining - piece.byteLength
      room = this.socket.write(piece)
    }
    if (!room) this.awaitsRoom = true
    return room
  }

  endBody(): void {
    const { remaining } = this
    if (this.gone || this.spent || this.observer === undefined) return
    if (remaining === "chunks") writeLastChunk(this.socket)
    else if (remaining !== 0) throw new Error("the body is shorter than its declared length, or was complete")
    this.remaining = "nothing"
  }

  pause(): void {
    if (this.gone || this.observer === undefined) return
    this.blocked = true
    this.socket.pause()
  }

  resume(): void {
    if (!this.blocked) return
    this.blocked = false
    if (this.held === undefined) this.socket.resume()
    // Not at once: who resumes does not expect to be called meanwhile.
    else process.nextTick(readHeld, this)
  }

  close(): void {
    this.observer = undefined
    this.checking = undefined
    this.end("local")
  }

  onHead(head: ResponseHead): void {
    this.observer?.onHead(head)
  }

  onPiece(piece: Uint8Array): void {
    this.observer?.onBody(piece)
  }

  onBytes(chunk: Buffer): void {
    if (this.gone || this.spent) return
    if (this.observer === undefined) return this.end("poisoned")
    // What comes before the request has left is no answer to it.
    if (this.unsent !== undefined) return this.fail(closedFailure, "poisoned")
    this.progress = "response-started"
    if (this.held === undefined) this.read(chunk)
    else this.held.rest = Buffer.concat([this.held.rest, chunk])
  }

  onPeerEnd(): void {
    if (this.gone || this.spent) return
    if (this.observer === undefined) return this.end("closed")
    // A socket tells its end though it is paused: what it had read before comes first.
    if (this.held !== undefined) return
    if (this.reader.finish()) this.complete(false)
    else this.fail(closedFailure)
  }

  onPeerError(error: Error | undefined): void {
    if (this.gone || this.spent) return
    if (this.observer === undefined) return this.end("closed")
    const failure = lost(error)
    if (this.held !== undefined) {
      this.held.failure ??= failure
    } else if (this.blocked && this.socket.readableLength > 0) {
      this.held = { rest: noBytes, complete: false, failure }
    } else {
      this.fail(failure)
    }
  }

  onRoom(): void {
    if (!this.awaitsRoom) return
    this.awaitsRoom = false
    if (this.remaining !== "nothing") this.observer?.onDrain()
  }

  /** Goes on with what was left when the observer held back. */
  readHeld(): void {
    const { held } = this
    if (held === undefined || this.blocked || this.gone) return
    this.held = undefined
    if (held.complete) {
      this.complete(held.rest.length > 0 || held.failure !== undefined)
      if (!this.gone) this.socket.resume()
      return
    }
    if (held.failure === undefined) {
      this.read(held.rest)
      if (this.blocked || this.gone) return
      if (this.socket.readableEnded) this.onPeerEnd()
      else this.socket.resume()
      return
    }
    // The socket is dead, so what it had read is taken out by hand.
    const unread = this.socket.read() as Buffer | null
    this.read(unread === null ? held.rest : Buffer.concat([held.rest, unread]))
    const after = this.held as Held | undefined
    if (after !== undefined) after.failure = held.failure
    else if (this.socket.readableEnded) this.onPeerEnd()
    else if (this.observer !== undefined) this.fail(held.failure)
  }

  private read(chunk: Buffer): void {
    this.reading = true
    let outcome: Outcome
    try {
      outcome = this.reader.read(chunk, 0)
    } catch (error) {
      // An observer threw: what it missed cannot be given to anybody.
      this.close()
      throw error
    } finally {
      this.reading = false
      if (this.gone) this.reader.free()
    }
    switch (outcome) {
      case "more":
      case "gone":
        return
      case "blocked": {
        this.held = { rest: kept(chunk.subarray(this.reader.position)), complete: false, failure: undefined }
        return
      }
      case "complete": {
        if (!this.blocked) return this.complete(this.reader.position < chunk.length)
        this.held = { rest: kept(chunk.subarray(this.reader.position)), complete: true, failure: undefined }
        return
      }
      case "violated": {
        const { description, reason } = this.reader.violation!
        return this.fail({ kind: "Protocol", reason, description }, "poisoned")
      }
    }
  }

  private complete(bytesBehind: boolean): void {
    const { reader } = this
    const observer = this.observer!
    const surplus = bytesBehind || this.socket.readableLength > 0
    const ours = this.keepAlive && this.remaining === "nothing" && this.socket.writableLength <= smallWrite
    const reusable = ours && !surplus && reader.keepAlive && !this.socket.readableEnded && !this.socket.destroyed
    this.observer = undefined
    if (reusable) {
      // While it was paused nothing was read: what has come behind the answer is still to be seen.
      this.lastTurn = this.socket.isPaused() ? noTurn : thisTurn()
      observer.onEnd(true, reader.idleLimit)
    } else {
      this.spent = true
      observer.onEnd(false, reader.idleLimit)
      this.end(surplus ? "poisoned" : ours ? "closed" : "local")
    }
  }

  private fail(failure: ExchangeFailure, cause: CloseCause = "closed"): void {
    const observer = this.observer
    this.observer = undefined
    this.spent = true
    observer?.onFailure(failure)
    this.end(cause)
  }

  private end(cause: CloseCause): void {
    if (this.gone) return
    this.gone = true
    this.closeCause = cause
    this.held = undefined
    this.socket.destroy()
    if (!this.reading) this.reader.free()
    const { closeObserver } = this
    this.closeObserver = undefined
    closeObserver?.(cause)
    // Unless the one that was told has called `close`.
    const { checking } = this
    this.checking = undefined
    checking?.(false)
  }
}

const readHeld = (connection: Http1Connection): void => connection.readHeld()
