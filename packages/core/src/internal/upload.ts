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
import type { Connection } from "../Connection.js"

/** Why a body could not be sent: its own failure, a length that is not what was declared, or a transport that threw. */
export type UploadFailure =
  | { readonly kind: "source"; readonly cause: unknown }
  | { readonly kind: "length"; readonly description: string }
  | { readonly kind: "transport"; readonly defect: unknown }

export class Upload {
  private sent = 0
  private stopped = false
  private fiber: Fiber.RuntimeFiber<void> | undefined = undefined
  private resumeWrite: (() => void) | undefined = undefined
  private readonly connection: Connection
  private readonly declared: number | undefined
  private readonly onDone: (failure: UploadFailure | undefined) => void

  constructor(
    connection: Connection,
    declared: number | undefined,
    onDone: (failure: UploadFailure | undefined) => void
  ) {
    this.connection = connection
    this.declared = declared
    this.onDone = onDone
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

  /** The connection has room again. */
  onDrain(): void {
    const resume = this.resumeWrite
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
    if (this.tooLong !== undefined) return Effect.fail(this.tooLong)
    try {
      if (piece.length === 0 || this.connection.write(piece)) return Effect.void
    } catch (defect) {
      this.done({ kind: "transport", defect })
      return Effect.interrupt
    }
    return Effect.async((resume) => {
      this.resumeWrite = () => resume(Effect.void)
    })
  }

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
        return this.onDone({ kind: "transport", defect })
      }
    }
    this.onDone(failure)
  }
}
