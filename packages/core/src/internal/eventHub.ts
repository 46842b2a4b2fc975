/**
 * Hands events to subscribers. Without one it costs a comparison; a slow one loses the oldest events and is told how many.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PoolEvent } from "../PoolEvent.js"
import { event } from "../PoolEvent.js"

/** Events a subscriber may be behind. */
const capacity = 1_024

class Subscriber {
  private events: Array<PoolEvent> = []
  private missed = 0
  private ended = false
  private wake: (() => void) | undefined = undefined
  /** Whether it wants events now; without it, always. */
  readonly wanted: (() => boolean) | undefined

  constructor(wanted: (() => boolean) | undefined) {
    this.wanted = wanted
  }

  offer(offered: PoolEvent): void {
    if (this.events.length >= 2 * capacity) {
      this.missed += capacity
      this.events = this.events.slice(capacity)
    }
    this.events.push(offered)
    this.wake?.()
  }

  end(): void {
    this.ended = true
    this.wake?.()
  }

  readonly take: Effect.Effect<Chunk.Chunk<PoolEvent>, Option.Option<never>> = Effect.async((resume) => {
    const deliver = (): boolean => {
      if (this.events.length === 0 && !this.ended) return false
      this.wake = undefined
      resume(this.events.length === 0 ? Effect.fail(Option.none()) : Effect.succeed(this.takeAll()))
      return true
    }
    if (!deliver()) this.wake = deliver
    return Effect.sync(() => {
      this.wake = undefined
    })
  })

  private takeAll(): Chunk.Chunk<PoolEvent> {
    const events = this.events
    this.events = []
    if (this.missed > 0) {
      events.unshift(event.Missed({ at: events[0]!.at, count: this.missed }))
      this.missed = 0
    }
    return Chunk.unsafeFromArray(events)
  }
}

export class EventHub {
  /** Replaced, and never changed while somebody goes through it. */
  private subscribers: ReadonlyArray<Subscriber> = []
  private ended = false

  /** Asked before an event is made. */
  get observed(): boolean {
    const { subscribers } = this
    for (let i = 0; i < subscribers.length; i++) {
      const { wanted } = subscribers[i]!
      if (wanted === undefined || wanted()) return true
    }
    return false
  }

  publish(published: PoolEvent): void {
    for (const subscriber of this.subscribers) {
      if (subscriber.wanted === undefined || subscriber.wanted()) subscriber.offer(published)
    }
  }

  /** Subscribers get what they have not read yet, and their streams end. */
  end(): void {
    this.ended = true
    for (const subscriber of this.subscribers) subscriber.end()
    this.subscribers = []
  }

  /** Subscribed from when it is run until the scope closes; with `wanted`, to what happens while that is true. */
  subscription(wanted?: () => boolean): Effect.Effect<Stream.Stream<PoolEvent>, never, Scope.Scope> {
    return Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => this.subscribe(wanted)),
        (subscriber) => Effect.sync(() => this.unsubscribe(subscriber))
      ),
      (subscriber) => Stream.repeatEffectChunkOption(subscriber.take)
    )
  }

  readonly stream: Stream.Stream<PoolEvent> = Stream.unwrapScoped(this.subscription())

  private subscribe(wanted: (() => boolean) | undefined): Subscriber {
    const subscriber = new Subscriber(wanted)
    if (this.ended) subscriber.end()
    else this.subscribers = [...this.subscribers, subscriber]
    return subscriber
  }

  private unsubscribe(subscriber: Subscriber): void {
    this.subscribers = this.subscribers.filter((other) => other !== subscriber)
  }
}
