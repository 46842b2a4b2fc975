/**
 * The calls of one `ConnectionPoolCore`, and what else is done with its pool.
 *
 * @internal
 */
import type { DrainReport, Service } from "@connection-pool/core/ConnectionPool"
import type { InvalidOptions, PoolError } from "@connection-pool/core/PoolError"
import { isPoolError } from "@connection-pool/core/PoolError"
import type { PoolEvent } from "@connection-pool/core/PoolEvent"
import type { PoolStats } from "@connection-pool/core/PoolStats"
import type { DurationInput } from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type { ExecuteOptions, ExecuteResult } from "../ConnectionPoolCore.js"
import { CallList } from "./callList.js"
import type { CallObserver, CallOwner } from "./coreCall.js"
import { Call } from "./coreCall.js"
import type { ConnectionPoolCoreError } from "./coreError.js"
import * as Errors from "./coreError.js"
import { noStats } from "./coreFigures.js"
import { noPool } from "./poolSource.js"
import type { OpenPool, PoolSource } from "./poolSource.js"

/** For sockets to say that they are closed, in milliseconds. */
const closeGrace = 1_000

/** Resolves when what is idle, and what was closing, is closed. */
const closeIdle = ({ runtime, service }: OpenPool): Promise<void> =>
  new Promise((resolve) => {
    const closing = new Set<number>()
    const hear = (event: PoolEvent): boolean => {
      if (event._tag === "Closed") closing.delete(event.connectionId)
      return closing.size > 0
    }
    const listener = Runtime.runFork(runtime)(
      Stream.runForEachWhile(service.events, (event) => Effect.sync(() => hear(event)))
    )
    const stop = (): void => listener.unsafeInterruptAsFork(FiberId.none)
    const over = setTimeout(stop, closeGrace)
    listener.addObserver(() => {
      clearTimeout(over)
      resolve()
    })
    Effect.runSync(service.closeIdle)
    for (const { id, state } of Effect.runSync(service.connections)) if (state === "closing") closing.add(id)
    if (closing.size === 0) stop()
  })

export class Calls implements CallOwner {
  source: PoolSource = noPool
  readonly observer: CallObserver
  readonly #running = new CallList<Call>()
  #ended = false

  constructor(observer: CallObserver) {
    this.observer = observer
  }

  /** No more are taken. */
  get ended(): boolean {
    return this.#ended
  }

  async open(): Promise<OpenPool> {
    if (this.#ended) throw Errors.closed("")
    return this.source.open()
  }

  /** The pool, for Effect programs: with typed errors. */
  readonly service: Effect.Effect<Service, InvalidOptions | PoolError> = Effect.map(
    Effect.catchAll(
      Effect.tryPromise({ try: () => this.open(), catch: (error) => (error as ConnectionPoolCoreError).cause }),
      (cause) => isPoolError(cause) || Errors.isInvalidOptions(cause) ? Effect.fail(cause) : Effect.die(cause)
    ),
    ({ service }) => service
  )

  execute(url: string | URL, options: ExecuteOptions): Promise<ExecuteResult> {
    return new Promise((resolve, reject) => {
      const call = new Call(this, url, options, resolve, reject)
      if (this.#ended) return call.fail(Errors.closed(""))
      if (!call.prepare()) return
      this.#running.add(call)
      const { current } = this.source
      if (current !== undefined) call.run(current.service)
      else this.source.open().then(({ service }) => call.run(service), (error) => call.fail(error))
    })
  }

  forget(call: Call): void {
    this.#running.remove(call)
  }

  /** Runs something else with the pool. */
  async run<A>(use: (pool: Service) => Effect.Effect<A, PoolError>): Promise<A> {
    const { runtime, service } = await this.open()
    const exit = await Runtime.runPromiseExit(runtime)(use(service))
    if (Exit.isSuccess(exit)) return exit.value
    throw Errors.ofCause(exit.cause)
  }

  get openConnections(): number {
    const { active, idle } = this.stats
    return active + idle
  }

  get stats(): PoolStats {
    const { current } = this.source
    return current === undefined ? noStats : Effect.runSync(current.service.stats)
  }

  closeIdle(): number {
    const { current } = this.source
    return current === undefined ? 0 : Effect.runSync(current.service.closeIdle)
  }

  /** Closes the connections of the calls that run, and all idle ones; resolves when they are closed, with how many they were. */
  async closeAll(): Promise<number> {
    const closedBefore = this.stats.closed
    this.#giveUp(Errors.connectionsClosed)
    const { current } = this.source
    if (current !== undefined) await closeIdle(current)
    return this.stats.closed - closedBefore
  }

  /** Takes no more, ends those that run in that time, and the pool where it is ours. */
  close(timeout: DurationInput | undefined): Promise<DrainReport> {
    this.#ended = true
    return this.source.close(this, timeout)
  }

  /** Those that run have so many milliseconds to end. */
  async drain(timeout: number): Promise<DrainReport> {
    const startedAt = performance.now()
    const running = this.#running.toArray()
    const ended = Promise.all(running.map((call) => call.settled))
    let cutOff = 0
    const over = setTimeout(() => {
      cutOff = this.#running.size
      this.#giveUp(() => Errors.closed("", "maybe-sent"))
    }, timeout)
    await ended
    clearTimeout(over)
    return { answered: running.length - cutOff, cutOff, unclosed: 0, elapsed: performance.now() - startedAt }
  }

  #giveUp(error: () => ConnectionPoolCoreError): void {
    for (const call of this.#running.toArray()) call.giveUp(error())
  }
}
