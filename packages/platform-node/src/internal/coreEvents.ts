/**
 * The pool's events as the events of the class that `ConnectionPoolCore` replaces. They are listened to only while
 * somebody listens to these.
 *
 * @internal
 */
import type { PoolEvent } from "@connection-pool/core/PoolEvent"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type { CoreEvents } from "../CoreReports.js"
import type { OpenPool, PoolSource } from "./poolSource.js"

/** The events that are made of the pool's. */
export const eventsOfPool = [
  "socket-created",
  "socket-reused",
  "socket-closed",
  "socket-leak-detected",
  "agent-cleaned",
  "cleanup-complete"
] as const satisfies ReadonlyArray<keyof CoreEvents>

export type Emit = <Name extends keyof CoreEvents>(name: Name, ...args: CoreEvents[Name]) => void

export class PoolListener {
  #fiber: Fiber.RuntimeFiber<void> | undefined = undefined
  readonly #emit: Emit

  constructor(emit: Emit) {
    this.#emit = emit
  }

  listen({ runtime, service }: OpenPool): void {
    this.#fiber ??= Runtime.runFork(runtime)(
      Stream.runForEachChunk(service.events, (events) => Effect.sync(() => this.#tell(events)))
    )
  }

  stop(): void {
    this.#fiber?.unsafeInterruptAsFork(FiberId.none)
    this.#fiber = undefined
  }

  /** Those of a pool that has ended are told to the last; one that goes on is listened to no longer. */
  async end(source: PoolSource): Promise<void> {
    const fiber = this.#fiber
    if (!source.ended) return this.stop()
    if (fiber !== undefined) await Effect.runPromise(Fiber.await(fiber))
  }

  #tell(events: Chunk.Chunk<PoolEvent>): void {
    const agents: Array<string> = []
    for (const event of events) {
      switch (event._tag) {
        case "Opened":
          this.#emit("socket-created", {
            agent: event.origin,
            socketId: event.connectionId,
            connectionTimeMs: event.duration
          })
          break
        case "Granted":
          if (!event.reused) break
          this.#emit("socket-reused", {
            agent: event.origin,
            socketId: event.connectionId,
            reuseTimeMs: event.waited
          })
          break
        case "Closed": {
          const { age, connectionId, origin, reason, requests } = event
          this.#emit("socket-closed", { agent: origin, socketId: connectionId, reason, ageMs: age, requests })
          break
        }
        case "Failed":
          if (event.error._tag !== "ConnectionLost" || event.error.reason !== "unread") break
          this.#emit("socket-leak-detected", { agent: event.origin, error: event.error })
          break
        case "OriginRemoved":
          agents.push(event.origin)
          this.#emit("agent-cleaned", { agent: event.origin })
      }
    }
    if (agents.length > 0) this.#emit("cleanup-complete", { agents, connections: 0 })
  }
}
