/**
 * A connection of the pool from the order to open it until it is gone.
 *
 * @internal
 */
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { CloseCause, Connection } from "../Connection.js"
import type { CloseReason } from "../PoolEvent.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { Deadline } from "./deadlines.js"
import type { OriginState } from "./originState.js"

/** A timer that is later than this, in milliseconds, was kept waiting by a program that was busy. */
const busyAfter = 10

/** The part of `connectTimeout` that a dial has more after such a timer. */
const reprieve = 0.25

/** Until it is open, it is the deadline of its own dial. */
export class HeldConnection implements Deadline {
  at = Infinity
  slot = -1
  connection: Connection | undefined = undefined
  dial: Fiber.RuntimeFiber<void> | undefined = undefined
  /** Why we close it, once we do. */
  closing: CloseReason | undefined = undefined
  /** Nothing more is heard of it. */
  gone = false
  /** What opening it took, in milliseconds. */
  connectTime = 0
  /** Its dial has had its reprieve. */
  private reprieved = false
  /** The span of its opening, where that is recorded. */
  setup: Tracer.SpanLink | undefined = undefined
  /** Requests it was given. */
  requests = 0
  readonly pool: ConnectionPool
  readonly id: number
  readonly origin: OriginState
  /** When its opening began. */
  readonly since: number

  constructor(pool: ConnectionPool, id: number, origin: OriginState, since: number) {
    this.pool = pool
    this.id = id
    this.origin = origin
    this.since = since
  }

  /** Takes over what its dial has opened, and tells whether that is still there. */
  open(connection: Connection, now: number, onClosed: (cause: CloseCause) => void): boolean {
    let gone = false
    connection.onClose((cause) => {
      if (this.connection === undefined) gone = true
      else onClosed(cause)
    })
    if (gone) return false
    this.connection = connection
    this.connectTime = now - this.since
    return true
  }

  /**
   * The dial's time is over. While the program was busy the peer may have answered, and nobody has read it: before anything is said
   * of the peer, the dial is given some time more, once.
   */
  onDue(now: number): void {
    if (this.reprieved || now - this.at <= busyAfter) return this.pool.connectTimedOut(this)
    this.reprieved = true
    this.pool.deadlines.set(this, now + reprieve * this.origin.settings.connectTimeout)
  }
}
