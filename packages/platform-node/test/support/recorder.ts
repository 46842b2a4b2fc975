import type {
  Connection,
  ExchangeFailure,
  ExchangeObserver,
  ResponseHead,
  WireRequest
} from "@connection-pool/core/Connection"

/** An observer that writes down what it was told, and can be awaited. */
export class Recorder implements ExchangeObserver {
  head: ResponseHead | undefined
  readonly pieces: Array<Uint8Array> = []
  end: { readonly reusable: boolean; readonly idleLimit: number | undefined } | undefined
  failure: ExchangeFailure | undefined
  drains = 0
  /** The calls in their order, one letter each: head, body, end, failure. */
  calls = ""
  /** Settles with the last call. */
  readonly done: Promise<this>
  onHeadDo: (() => void) | undefined
  onBodyDo: (() => void) | undefined
  onEndDo: (() => void) | undefined
  onDrainDo: (() => void) | undefined
  private settle: () => void = () => {}

  constructor() {
    this.done = new Promise((resolve) => {
      this.settle = () => resolve(this)
    })
  }

  get body(): string {
    return Buffer.concat(this.pieces).toString("latin1")
  }

  onHead(head: ResponseHead): void {
    this.calls += "h"
    this.head = head
    this.onHeadDo?.()
  }

  onBody(piece: Uint8Array): void {
    this.calls += "b"
    this.pieces.push(piece)
    this.onBodyDo?.()
  }

  onEnd(reusable: boolean, idleLimit: number | undefined): void {
    this.calls += "e"
    this.end = { reusable, idleLimit }
    this.onEndDo?.()
    this.settle()
  }

  onFailure(failure: ExchangeFailure): void {
    this.calls += "f"
    this.failure = failure
    this.settle()
  }

  onDrain(): void {
    this.drains++
    this.onDrainDo?.()
  }
}

/** An observer that holds back from the head on. */
export const pausedAtHead = (connection: Connection) => {
  const recorder = new Recorder()
  const paused = new Promise<void>((resolve) => {
    recorder.onHeadDo = () => {
      connection.pause()
      resolve()
    }
  })
  return { paused, recorder }
}

export const request = (fields: Partial<WireRequest> = {}): WireRequest => ({
  method: "GET",
  target: "/",
  authority: "test",
  headers: [],
  body: undefined,
  keepAlive: true,
  ...fields
})
