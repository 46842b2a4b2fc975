/**
 * What is behind a `ConnectionPoolCore`: its calls, and what it tells its listeners.
 *
 * @internal
 */
import type { DrainReport, Service } from "@connection-pool/core/ConnectionPool"
import type { DurationInput } from "effect/Duration"
import type { EventEmitter } from "node:events"
import type { ExecuteResult } from "../ConnectionPoolCore.js"
import type { CoreEvents } from "../CoreReports.js"
import type { NodePoolOptions } from "../NodeConnectionPool.js"
import * as NodeConnectionPool from "../NodeConnectionPool.js"
import type { CallObserver } from "./coreCall.js"
import { Calls } from "./coreCalls.js"
import type { ConnectionPoolCoreError } from "./coreError.js"
import { eventsOfPool, PoolListener } from "./coreEvents.js"
import { agentOf } from "./coreWarmUp.js"
import { BorrowedPool, OwnPool } from "./poolSource.js"

export class Core implements CallObserver {
  readonly calls = new Calls(this)
  readonly #listener = new PoolListener((name, ...payload) => this.tell(name, ...payload))
  readonly #emitter: EventEmitter

  constructor(emitter: EventEmitter) {
    this.#emitter = emitter
  }

  /** A pool of its own, with options that were checked. */
  use(options: NodePoolOptions): void {
    this.calls.source = new OwnPool(NodeConnectionPool.layer(options), () => this.listen())
  }

  borrow(pool: Service, drainTimeout: DurationInput): void {
    this.calls.source = new BorrowedPool(pool, drainTimeout)
  }

  /** Called whenever somebody begins or ceases to listen. */
  listen(): void {
    const wanted = eventsOfPool.some((name) => this.#emitter.listenerCount(name) > 0)
    const { current } = this.calls.source
    if (!wanted) this.#listener.stop()
    else if (current !== undefined && !this.calls.ended) this.#listener.listen(current)
  }

  async finish(timeout: number | undefined): Promise<DrainReport> {
    const first = !this.calls.ended
    const connections = this.calls.openConnections
    const report = await this.calls.close(timeout)
    if (!first) return report
    await this.#listener.end(this.calls.source)
    this.tell("all-connections-closed", { connections })
    return report
  }

  // Calls end inside the pool: listeners are told behind it.
  onCompleted(method: string, { agent, latency, reused, status }: ExecuteResult): void {
    if (this.#emitter.listenerCount("request-complete") === 0) return
    queueMicrotask(() => this.tell("request-complete", { agent, method, status, latency, reused }))
  }

  onFailed(url: string | URL, method: string, error: ConnectionPoolCoreError): void {
    if (this.#emitter.listenerCount("request-failed") === 0) return
    queueMicrotask(() => this.tell("request-failed", { agent: agentOf(url), method, error }))
  }

  /** A listener that throws is the program's own failure, as it is of every emitter, and stops nothing here. */
  tell<Name extends keyof CoreEvents>(name: Name, ...payload: CoreEvents[Name]): void {
    try {
      this.#emitter.emit(name, ...payload)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
