// How long a new connection takes.
import { setTimeout } from "node:timers/promises"
import * as Pools from "../pools.js"
import type { Measure } from "../row.js"
import { spread } from "../statistics.js"
import { count, milliseconds } from "../words.js"

const bar = 50

/** One after the other, and then so many at once. */
const inTurn = (quick: boolean): number => quick ? 100 : 500
const atOnce = 50

/** The events come a little later than the answers. */
const patience = 2_000

export const measure: Measure = {
  name: "connecting",
  lasts: ({ quick }) => quick ? 0.2 : 1,
  run: async ({ quick, servers }) => {
    const site = await servers.site()
    return Pools.using(Pools.open({ keepAlive: false, maxSockets: atOnce }), async (pool) => {
      const times: Array<number> = []
      pool.on("socket-created", ({ connectionTimeMs }) => times.push(connectionTimeMs))
      const wanted = inTurn(quick) + atOnce
      for (let i = 0; i < inTurn(quick); i++) await Pools.ask(pool, site.url)
      await Pools.openConnections(pool, site.url, atOnce)
      for (let waited = 0; times.length < wanted && waited < patience; waited += 10) await setTimeout(10)
      const { avgConnectionTimeMs } = pool.getMetrics()
      const { accepted } = await site.report()
      const { max, mean, p50, p99 } = spread(times)
      return [{
        name: "connection time",
        target: `< ${bar} ms`,
        then: `< ${bar} ms`,
        now: `${milliseconds(mean)} on average, ${milliseconds(p99)} in 99 of 100`,
        good: times.length === wanted && accepted === wanted && p99 < bar && avgConnectionTimeMs < bar &&
          Math.abs(avgConnectionTimeMs - mean) < 0.01,
        profile: [
          `${count(wanted)} new connections, the last ${atOnce} at once: median ${milliseconds(p50)}, longest ${
            milliseconds(max)
          }.`,
          `By the times of ${
            count(times.length)
          } events socket-created; getMetrics().avgConnectionTimeMs: ${avgConnectionTimeMs}.`
        ]
      }]
    })
  }
}
