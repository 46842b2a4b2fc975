/** A transport that does nothing by itself: the story pulls its strings. */
import type { Connection, Connector } from "@connection-pool/core"
import { Effect } from "effect"

export class Puppet implements Connection.Connection {
  remoteAddress = "10.0.0.1:80"
  maxConcurrent = 1
  progress: Connection.Progress = "not-sent"
  observer: Connection.ExchangeObserver | undefined = undefined
  /** What the pool did. */
  readonly calls: Array<string> = []
  /** Whether a close is confirmed at once, or when the story calls `confirmClose`. */
  confirms = true
  private closed: ((cause: Connection.CloseCause) => void) | undefined = undefined

  onClose(onClose: (cause: Connection.CloseCause) => void): void {
    this.closed = onClose
  }

  checkIdle(done: (usable: boolean) => void): void {
    done(true)
  }

  send(request: Connection.WireRequest, observer: Connection.ExchangeObserver): void {
    this.calls.push(`send ${request.method} ${request.target}`)
    this.progress = "maybe-sent"
    this.observer = observer
  }

  write(piece: Uint8Array): boolean {
    this.calls.push(`write ${piece.length}`)
    return true
  }

  endBody(): void {
    this.calls.push("endBody")
  }

  pause(): void {
    this.calls.push("pause")
  }

  resume(): void {
    this.calls.push("resume")
  }

  close(): void {
    this.calls.push("close")
    this.observer = undefined
    if (this.confirms) this.confirmClose("local")
  }

  confirmClose(cause: Connection.CloseCause): void {
    const { closed } = this
    this.closed = undefined
    closed?.(cause)
  }

  head(contentLength?: number, status = 200): void {
    this.progress = "response-started"
    this.observer!.onHead({ status, rawHeaders: [], contentLength })
  }

  piece(length: number): void {
    this.observer!.onBody(new Uint8Array(length))
  }

  end(reusable = true): void {
    const { observer } = this
    this.observer = undefined
    this.progress = "not-sent"
    observer!.onEnd(reusable, undefined)
  }
}

/** Dials that succeed at once; `prepare` may change a connection before the pool has it. */
export const puppets = (prepare: (puppet: Puppet) => void = () => {}) => {
  const made: Array<Puppet> = []
  const connect: (typeof Connector.Connector)["Service"]["connect"] = () =>
    Effect.sync(() => {
      const puppet = new Puppet()
      prepare(puppet)
      made.push(puppet)
      return puppet
    })
  return { made, connect }
}
