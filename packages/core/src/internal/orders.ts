/**
 * Carries out the machine's orders one after another: those that come of carrying one out wait until it is their turn.
 *
 * @internal
 */
import type { Command } from "../machine/command.js"

export class Orders {
  /** Orders are being carried out. */
  busy = false
  private later: Array<ReadonlyArray<Command>> = []
  private readonly obey: (order: Command) => void
  private readonly onDefect: (what: string, defect: unknown) => void

  constructor(obey: (order: Command) => void, onDefect: (what: string, defect: unknown) => void) {
    this.obey = obey
    this.onDefect = onDefect
  }

  carryOut(orders: ReadonlyArray<Command>): void {
    if (this.busy) return void this.later.push(orders)
    this.busy = true
    this.inTurn(orders)
    for (let i = 0; i < this.later.length; i++) this.inTurn(this.later[i]!)
    if (this.later.length > 0) this.later = []
    this.busy = false
  }

  private inTurn(orders: ReadonlyArray<Command>): void {
    for (const order of orders) {
      try {
        this.obey(order)
      } catch (defect) {
        // A transport threw. What else was ordered has to be done all the same.
        this.onDefect("a connection pool could not carry out an order", defect)
      }
    }
  }
}
