/**
 * Turns of the event loop, shared by all connections, so that a check of many idle connections costs as much as one.
 *
 * A byte or a FIN that has arrived sits in the kernel until the loop polls. Immediates run right behind the poll: the
 * first may belong to the poll we are in, the second is behind a whole one.
 *
 * @since 0.1.0
 */

import type { Writable } from "node:stream"

/**
 * Wants to be told when the loop has read whatever had arrived.
 *
 * @internal
 */
export interface Settling {
  onSettled(): void
}

/** A turn may be held up by a computation; one that has taken this many milliseconds is over for us. */
const longestTurn = 20

let turn = 0
let turnStarted = 0
let turnEnds = false

/** A request was written in this turn already. */
let written = false
let corked: Array<Writable> = []

const endTurn = (): void => {
  turnEnds = false
  turn++
  written = false
  if (corked.length === 0) return
  const sockets = corked
  corked = []
  for (const socket of sockets) socket.uncork()
}

/**
 * The number of the turn that runs, to be compared with `isThisTurn` later. The immediates are referenced: the loop
 * does not run unreferenced ones before the next event.
 *
 * @internal
 */
export const thisTurn = (): number => {
  if (!turnEnds) {
    turnEnds = true
    turnStarted = performance.now()
    setImmediate(endTurn)
  }
  return turn
}

/**
 * Whether the loop has had no chance to poll since `thisTurn` gave this number, and has not been blocked since either.
 *
 * @internal
 */
export const isThisTurn = (number: number): boolean =>
  turnEnds && number === turn && performance.now() - turnStarted < longestTurn

/**
 * The first request of a turn is written at once, the others together at the turn's end: each write by itself wakes the server,
 * and with 50 callers on two cores that took more time than everything else (docs/DESIGN.md, 13).
 *
 * @internal
 */
export const batchWrites = (socket: Writable): void => {
  thisTurn()
  if (!written) {
    written = true
    return
  }
  socket.cork()
  corked.push(socket)
}

let entered: Array<Settling> = []
let polling: Array<Settling> = []
let armed = false

const advance = (): void => {
  const settled = polling
  polling = entered
  entered = []
  armed = polling.length > 0
  if (armed) setImmediate(advance)
  for (const waiting of settled) waiting.onSettled()
}

/**
 * Calls `onSettled` after two turns of immediates.
 *
 * @internal
 */
export const settle = (waiting: Settling): void => {
  entered.push(waiting)
  if (!armed) {
    armed = true
    setImmediate(advance)
  }
}
