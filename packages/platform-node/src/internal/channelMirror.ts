/**
 * Publishes the events of a pool on the diagnostics channel, from its making to its last event.
 *
 * @internal
 */
import type { Service } from "@connection-pool/core/ConnectionPool"
import type { PoolEvent } from "@connection-pool/core/PoolEvent"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { channel as channelOf } from "node:diagnostics_channel"
import * as PoolChannel from "../PoolChannel.js"

const channel = channelOf(PoolChannel.name)
const subscribed = (): boolean => channel.hasSubscribers

const publish = (pool: string, event: PoolEvent): void => {
  const message: PoolChannel.PoolMessage = { pool, event }
  channel.publish(message)
}

export const mirrored = <E, R>(make: Effect.Effect<Service, E, R>): Effect.Effect<Service, E, R | Scope.Scope> =>
  Effect.gen(function*() {
    const subscription = yield* Scope.make()
    let mirror: Fiber.RuntimeFiber<void> | undefined = undefined
    // Before the pool, so that it runs behind the pool's end: its events end there, and none of them is lost.
    yield* Effect.addFinalizer((exit) =>
      Effect.andThen(mirror === undefined ? Effect.void : Fiber.await(mirror), Scope.close(subscription, exit))
    )
    const pool = yield* make
    const events = yield* Scope.extend(pool.eventsWhile(subscribed), subscription)
    mirror = yield* Effect.forkDaemon(
      Stream.runForEach(events, (event) => Effect.sync(() => publish(pool.name, event)))
    )
    return pool
  })
