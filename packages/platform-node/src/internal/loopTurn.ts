/**
 * Turns of the event loop, shared by all connections, so that a check of many idle connections costs as much as one.
 *
 * A byte or a FIN that has arrived sits in the kernel until the loop polls. Immediates run right behind the poll: the
 * first may belong to the poll we are in, the second is behind a whole one.
 *
 * @since 0.1.0
 */

/**
 * Holds something back until the turn's end.
 *
 * @internal
 */
export interface Holding {
  onTurnEnd(): void
}

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

/**
 * For `isThisTurn` it is never this one.
 *
 * @internal
 */
export const noTurn = -1

let turn = 0
let turnStarted = 0
let turnEnds = false

/** A request was written in this turn already. */
let written = false
let held: Array<Holding> = []

const endTurn = (): void => {
  turnEnds = false
  turn++
  written = false
  if (held.length === 0) return
  const holding = held
  held = []
  for (const one of holding) one.onTurnEnd()
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
 * Whether a request is to be held until the turn's end, when `onTurnEnd` is called. The first of a turn is not; the others are
 * written together, since each write by itself wakes the server (docs/DESIGN.md, 13.9).
 *
 * @internal
 */
export const holdsWrite = (holding: Holding): boolean => {
  thisTurn()
  if (!written) {
    written = true
    return false
  }
  held.push(holding)
  return true
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
