/**
 * One call of `execute`, from its arguments to its Promise: one request of the pool, its signal, its end.
 *
 * @internal
 */
import type { Service } from "@connection-pool/core/ConnectionPool"
import type { PoolError } from "@connection-pool/core/PoolError"
import type { PoolRequest } from "@connection-pool/core/PoolRequest"
import type { PoolResponse } from "@connection-pool/core/PoolResponse"
import type * as Exit from "effect/Exit"
import type { ExecuteOptions, ExecuteResult } from "../ConnectionPoolCore.js"
import type { Listed } from "./callList.js"
import type { ConnectionPoolCoreError } from "./coreError.js"
import * as Errors from "./coreError.js"
import { requestOf, resultOf } from "./coreRequest.js"

/** Hears how calls end, after their caller. */
export interface CallObserver {
  onCompleted(method: string, result: ExecuteResult): void
  onFailed(url: string | URL, method: string, error: ConnectionPoolCoreError): void
}

/** Whose call it is. */
export interface CallOwner {
  readonly observer: CallObserver
  forget(call: Call): void
}

export class Call implements Listed<Call> {
  before: Call | undefined = undefined
  after: Call | undefined = undefined
  /** Gives the request up, once it is under way. */
  #stop: (() => void) | undefined = undefined
  #request: PoolRequest | undefined = undefined
  #signal: AbortSignal | undefined = undefined
  #onAbort: (() => void) | undefined = undefined
  #onSettled: Array<() => void> | undefined = undefined
  #settled = false
  readonly #owner: CallOwner
  readonly #url: string | URL
  readonly #options: ExecuteOptions
  readonly #resolve: (result: ExecuteResult) => void
  readonly #reject: (error: ConnectionPoolCoreError) => void

  constructor(
    owner: CallOwner,
    url: string | URL,
    options: ExecuteOptions,
    resolve: (result: ExecuteResult) => void,
    reject: (error: ConnectionPoolCoreError) => void
  ) {
    this.#owner = owner
    this.#url = url
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Says whether there is something to run. */
  prepare(): boolean {
    try {
      this.#request = requestOf(this.#url, this.#options)
      if (this.#options.signal) this.#obey(this.#options.signal)
    } catch (error) {
      this.fail(error as ConnectionPoolCoreError)
    }
    return !this.#settled
  }

  run(pool: Service): void {
    if (this.#settled) return
    this.#stop = pool.unsafeExecute(this.#request!, (exit) => this.#ended(exit))
  }

  fail(error: ConnectionPoolCoreError): void {
    if (this.#settled) return
    this.#settle()
    this.#reject(error)
    this.#owner.observer.onFailed(this.#url, this.#options.method ?? "POST", error)
  }

  giveUp(error: ConnectionPoolCoreError): void {
    this.#stop?.()
    this.fail(error)
  }

  /** Resolves when its caller has been told. */
  get settled(): Promise<void> {
    return this.#settled ? Promise.resolve() : new Promise((resolve) => (this.#onSettled ??= []).push(resolve))
  }

  #obey(signal: AbortSignal): void {
    if (!(signal instanceof AbortSignal)) throw Errors.invalidRequest("signal", "is no AbortSignal")
    if (signal.aborted) throw Errors.aborted(signal)
    this.#signal = signal
    this.#onAbort = () => this.giveUp(Errors.aborted(signal))
    signal.addEventListener("abort", this.#onAbort)
  }

  #ended(exit: Exit.Exit<PoolResponse, PoolError>): void {
    if (exit._tag === "Success") this.#answer(exit.value)
    else this.fail(Errors.ofCause(exit.cause))
  }

  #answer(response: PoolResponse): void {
    let result: ExecuteResult
    try {
      result = resultOf(response, this.#request!, this.#options.parseJson ?? true)
    } catch (error) {
      return this.fail(error as ConnectionPoolCoreError)
    }
    this.#settle()
    this.#resolve(result)
    this.#owner.observer.onCompleted(this.#request!.method!, result)
  }

  #settle(): void {
    this.#settled = true
    if (this.#onAbort !== undefined) this.#signal!.removeEventListener("abort", this.#onAbort)
    this.#owner.forget(this)
    if (this.#onSettled !== undefined) { for (const resolve of this.#onSettled) resolve() }
  }
}
