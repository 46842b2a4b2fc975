/**
 * Sends a streamed body on a connection, as fast as the connection takes it.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Stream from "effect/Stream"
import type { Connection, WireRequest } from "../Connection.js"

/** Why a body could not be sent: its own failure, a length that is not what was declared, or a transport that threw. */
export type UploadFailure =
  | { readonly kind: "source"; readonly cause: unknown }
  | { readonly kind: "length"; readonly description: string }
  | { readonly kind: "transport"; readonly defect: unknown }

/** The length that the headers of a streamed body say. */
export const declaredLength = (body: WireRequest["body"]): number | undefined =>
  typeof body === "object" && "contentLength" in body ? body.contentLength : undefined

/** Who sends a body, and hears of it. */
export interface UploadObserver {
  /** The source has given something. */
  onMove(): void
  /** The connection takes no more for the moment. */
  onUploadBlocked(): void
  /** Nothing more is sent or told. */
  onUploadDone(failure: UploadFailure | undefined): void
}

/** The most that is written at once: that it was taken has to be heard of in time, however slow the way is. */
const sliceSize = 256 * 1024

export class Upload {
  private sent = 0
  private stopped = false
  /** The connection has no room. */
  private blocked = false
  private fiber: Fiber.RuntimeFiber<void> | undefined = undefined
  private resumeWrite: (() => void) | undefined = undefined
  private readonly connection: Connection
  private readonly declared: number | undefined
  private readonly observer: UploadObserver

  constructor(connection: Connection, declared: number | undefined, observer: UploadObserver) {
    this.connection = connection
    this.declared = declared
    this.observer = observer
  }

  start(
    source: Stream.Stream<Uint8Array, unknown>,
    fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  ): void {
    const send = Stream.runForEach(source, (piece) => Effect.suspend(() => this.write(piece)))
    const body = Effect.matchCauseEffect(send, {
      onFailure: (cause) =>
        Effect.sync(() => this.done(this.tooLong ?? { kind: "source", cause: Cause.squash(cause) })),
      onSuccess: () => Effect.sync(() => this.done(this.tooShort))
    })
    this.fiber = fork(body)
    if (this.stopped) this.stop()
  }

  /** The source gives nothing, though there is room. */
  get starving(): boolean {
    return !this.blocked
  }

  /** The connection has room again. */
  onDrain(): void {
    const resume = this.resumeWrite
    this.blocked = false
    this.resumeWrite = undefined
    resume?.()
  }

  /** Ends the source; nothing more is sent or told. */
  stop(): void {
    this.stopped = true
    this.fiber?.unsafeInterruptAsFork(FiberId.none)
    this.fiber = undefined
  }

  /** Before the surplus is sent, not after. */
  private write(piece: Uint8Array): Effect.Effect<void, unknown> {
    if (this.stopped) return Effect.interrupt
    if (!(piece instanceof Uint8Array)) return Effect.fail(new TypeError("a piece of the body is not a Uint8Array"))
    this.sent += piece.length
    this.observer.onMove()
    if (this.tooLong !== undefined) return Effect.fail(this.tooLong)
    return this.writeFrom(piece, 0)
  }

  private writeFrom(piece: Uint8Array, start: number): Effect.Effect<void> {
    for (let at = start; at < piece.length; at += sliceSize) {
      if (this.stopped) return Effect.interrupt
      try {
        if (this.connection.write(piece.subarray(at, at + sliceSize))) continue
      } catch (defect) {
        this.done({ kind: "transport", defect })
        return Effect.interrupt
      }
      this.blocked = true
      this.observer.onUploadBlocked()
      return Effect.flatMap(this.room, () => this.writeFrom(piece, at + sliceSize))
    }
    return Effect.void
  }

  /** The fiber may have yielded since the write, and there may be room by now. */
  private readonly room = Effect.async<void>((resume) => {
    if (this.blocked) this.resumeWrite = () => resume(Effect.void)
    else resume(Effect.void)
  })

  private get tooLong(): UploadFailure | undefined {
    if (this.declared === undefined || this.sent <= this.declared) return undefined
    return { kind: "length", description: `is longer than its content-length of ${this.declared} bytes` }
  }

  private get tooShort(): UploadFailure | undefined {
    if (this.declared === undefined || this.sent === this.declared) return undefined
    return {
      kind: "length",
      description: `has ${this.sent} bytes, and its content-length says ${this.declared}`
    }
  }

  private done(failure: UploadFailure | undefined): void {
    if (this.stopped) return
    this.stopped = true
    if (failure === undefined) {
      try {
        this.connection.endBody()
      } catch (defect) {
        return this.observer.onUploadDone({ kind: "transport", defect })
      }
    }
    this.observer.onUploadDone(failure)
  }
}
