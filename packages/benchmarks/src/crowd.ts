// Many connections of one contender at the same time: the server holds the answers until every one of the requests is there.
import { setTimeout } from "node:timers/promises"
import { BrokenRun } from "./brokenRun.js"
import type { Player } from "./player.js"
import type { Crowded } from "./server.js"

/** So many are opened at once: fewer than fit into a server's backlog. */
const batch = 250

/** Milliseconds for a batch to arrive. */
const patience = 30_000

/** Resolves when the server holds so many requests of this player, each on a connection of its own; `release` lets them go. */
export const gather = async (player: Player, servers: Crowded, connections: number): Promise<void> => {
  await servers.hold()
  for (let there = 0; there < connections;) {
    const calls = Math.min(batch, connections - there)
    await player.begin(calls)
    there += calls
    for (const end = performance.now() + patience; await servers.held() < there;) {
      if (performance.now() > end) throw new BrokenRun(`${await servers.held()} of ${there} connections were opened`)
      await setTimeout(2)
    }
  }
}

/** Answers what is held, and waits until the player knows. */
export const release = async (player: Player, servers: Crowded): Promise<void> => {
  await servers.release()
  await player.settle()
}
