/**
 * Where the pool of a `ConnectionPoolCore` comes from: it is built by itself, or belongs to somebody else.
 *
 * @internal
 */
import type { DrainReport, Service } from "@connection-pool/core/ConnectionPool"
import { ConnectionPool } from "@connection-pool/core/ConnectionPool"
import type { InvalidOptions, PoolError } from "@connection-pool/core/PoolError"
import * as Duration from "effect/Duration"
import type { DurationInput } from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Runtime from "effect/Runtime"
import type { Calls } from "./coreCalls.js"
import * as Errors from "./coreError.js"

type Failure = InvalidOptions | PoolError

/** A pool, and what its Effects are run with. */
export interface OpenPool {
  readonly service: Service
  readonly runtime: Runtime.Runtime<never>
}

export interface PoolSource {
  /** Once it is there. */
  readonly current: OpenPool | undefined
  /** The pool itself is closed, or never will be opened. */
  readonly ended: boolean
  /** Rejects with a `ConnectionPoolCoreError`. */
  open(): Promise<OpenPool>
  /** Ends the calls, which have that time, and what was opened; never rejects. */
  close(calls: Calls, timeout: DurationInput | undefined): Promise<DrainReport>
}

const nothingDrained: DrainReport = { answered: 0, cutOff: 0, unclosed: 0, elapsed: 0 }

/** Until it is said which. */
export const noPool: PoolSource = {
  current: undefined,
  ended: true,
  open: () => Promise.reject(Errors.closed("")),
  close: () => Promise.resolve(nothingDrained)
}

/** Built when it is first needed; built again when that failed. */
export class OwnPool implements PoolSource {
  current: OpenPool | undefined = undefined
  #opening: Promise<OpenPool> | undefined = undefined
  #managed: ManagedRuntime.ManagedRuntime<ConnectionPool, Failure> | undefined = undefined
  ended = false
  readonly #layer: Layer.Layer<ConnectionPool, Failure>
  readonly #onOpen: () => void

  constructor(layer: Layer.Layer<ConnectionPool, Failure>, onOpen: () => void) {
    this.#layer = layer
    this.#onOpen = onOpen
  }

  open(): Promise<OpenPool> {
    return this.#opening ??= this.#build()
  }

  async #build(): Promise<OpenPool> {
    if (this.ended) throw Errors.closed("")
    const managed = ManagedRuntime.make(this.#layer)
    this.#managed = managed
    const exit = await managed.runPromiseExit(
      Effect.flatMap(
        ConnectionPool,
        (service) => Effect.map(Effect.runtime<never>(), (runtime) => ({ service, runtime }))
      )
    )
    if (this.ended) throw Errors.closed("")
    if (Exit.isSuccess(exit)) {
      this.current = exit.value
      this.#onOpen()
      return exit.value
    }
    this.#opening = undefined
    await managed.dispose()
    throw Errors.ofCause(exit.cause)
  }

  async close(_: Calls, timeout: DurationInput | undefined): Promise<DrainReport> {
    this.ended = true
    const { current } = this
    const report = current === undefined
      ? nothingDrained
      : await Runtime.runPromise(current.runtime)(current.service.drain(timeout))
    await this.#managed?.dispose()
    return report
  }
}

/** Whoever built it ends it: here only the calls end. */
export class BorrowedPool implements PoolSource {
  readonly ended = false
  readonly current: OpenPool
  readonly #drainTimeout: DurationInput

  constructor(service: Service, drainTimeout: DurationInput) {
    this.current = { service, runtime: Runtime.defaultRuntime }
    this.#drainTimeout = drainTimeout
  }

  open(): Promise<OpenPool> {
    return Promise.resolve(this.current)
  }

  close(calls: Calls, timeout: DurationInput = this.#drainTimeout): Promise<DrainReport> {
    return calls.drain(Duration.toMillis(timeout))
  }
}
