import * as fc from "fast-check"
import { setImmediate } from "node:timers/promises"
import { beforeEach, describe, it } from "vitest"
import { flood, playFlood } from "./support/flood.js"
import type { History, Player } from "./support/history.js"
import { history, playHistory } from "./support/history.js"

/** How many histories are played; fewer will do when every mutant of the machine is tried. */
const histories = Number(process.env["HISTORIES"] ?? 20_000)
const seed = process.env["SEED"] === undefined ? {} : { seed: Number(process.env["SEED"]) }

const always = <A>(arbitrary: fc.Arbitrary<A>, numRuns: number, holds: (value: A) => void): void =>
  fc.assert(fc.property(arbitrary, holds), { numRuns, ...seed })

// The runner gives up on a worker whose loop has not turned for a minute.
beforeEach(() => setImmediate())

/** No new work; leases end, in whatever way; closes complete. */
const drain = (player: Player): void => {
  player.input({ _tag: "drainStarted" })
  finish(player)
  if (!player.machine.drained) throw new Error("L8: the drain does not end")
}

const finish = (player: Player): void => {
  for (const waiter of player.undelivered()) player.input({ _tag: "delivered", waiter })
  for (const connection of player.all((one) => one.phase === "open")) {
    for (let left = connection.delivered; left > 0; left--) {
      player.input({ _tag: "released", now: player.now, id: connection.id, reusable: true, idleLimit: Infinity })
    }
  }
  for (const { id } of player.all((one) => one.phase === "closing")) player.input({ _tag: "closeCompleted", id })
}

/** Dials succeed, leases end, closes complete; time passes only when nothing else is left to happen. */
const settle = (player: Player): void => {
  if (player.ledger.draining) return drain(player)
  const patience = 10 + 2 * player.ledger.waiters.length
  for (let round = 0; player.ledger.waiters.length + player.undelivered().length > 0; round++) {
    if (round > patience) throw new Error(`L9: ${player.ledger.waiters.length} are stranded`)
    const before = player.ledger.connections.length + player.ledger.waiters.length
    for (const { id } of player.all((one) => one.phase === "connecting")) {
      player.input({ _tag: "connected", now: player.now, id, jitter: 0, carries: 1 })
    }
    finish(player)
    const after = player.ledger.connections.length + player.ledger.waiters.length
    if (before === after && player.ledger.waiters.length > 0) player.play.wakeOnTime()
  }
  for (const ask of player.ledger.asks) {
    if (ask.state === "waiting") throw new Error(`L6: ${ask.id} got no answer`)
  }
}

describe("poolMachine, in random histories", { timeout: 300_000 }, () => {
  it("L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 hold after every input, and a drain ends everything", () => {
    always(history(), histories, (one: History) => playHistory(one, drain))
  })

  it("L6 L9 nobody is stranded: when dials succeed and leases end, every waiter is answered", () => {
    always(history(), histories, (one: History) => playHistory(one, settle))
  })

  it("L9 in a full pool a lone request waits for one release of each flooded key, and for no more than one besides", () => {
    always(flood, Math.ceil(histories / 10), playFlood)
  })
})
