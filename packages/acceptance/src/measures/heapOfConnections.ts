// The JavaScript heap of an idle connection.
import * as Pools from "../pools.js"
import type { Measure } from "../row.js"
import { count, kilobytes } from "../words.js"

const bar = 5_000

/** In the first the code is compiled, which takes heap too; the last is counted. */
const rounds = 3

const connectionsOf = (quick: boolean): number => quick ? 500 : 2_000

export const measure: Measure = {
  name: "heap",
  lasts: ({ quick }) => quick ? 2 : 6,
  run: async ({ quick, servers }, onPart) => {
    const connections = connectionsOf(quick)
    const site = await servers.site()
    const options = {
      maxSockets: connections,
      maxFreeSockets: connections,
      maxConnections: connections,
      timeout: 60_000,
      idleTimeout: "none"
    } as const
    const measured: Array<number> = []
    let resident = NaN
    for (let round = 0; round < rounds; round++) {
      await Pools.using(Pools.open(options), async (pool) => {
        const residentBefore = process.memoryUsage().rss
        await Pools.openConnections(pool, site.url, connections)
        const withThem = await Pools.heapInUse()
        const { open } = await site.report()
        if (open !== connections) throw new Error(`${open} sockets are open at the server, not ${connections}`)
        if (round === 0) resident = (process.memoryUsage().rss - residentBefore) / connections
        await pool.closeAllConnections()
        await site.settled(0, 10_000)
        measured.push((withThem - (await Pools.heapInUse())) / connections)
        onPart((round + 1) / rounds)
      })
    }
    const found = measured.at(-1)!
    return [{
      name: "heap of a connection",
      target: "< 5 KB",
      then: "< 5 KB claimed, 47 KB measured",
      now: kilobytes(found),
      good: found < bar,
      profile: [
        `${count(connections)} idle connections that have answered a call, against none, after garbage collection: ` +
        `${measured.map(kilobytes).join(", ")} in ${rounds} rounds; the last counts.`,
        `Resident memory of the first round, with what the code and the system needed: ${kilobytes(resident)} each.`
      ]
    }]
  }
}
