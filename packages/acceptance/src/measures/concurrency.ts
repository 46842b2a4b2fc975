// A hundred calls at once on fifty sockets.
import * as Pools from "../pools.js"
import type { Measure } from "../row.js"
import { count } from "../words.js"

const callers = 100
const maxSockets = 50
const rounds = 10

export const measure: Measure = {
  name: "concurrency",
  lasts: () => 1,
  run: async ({ servers }) => {
    const site = await servers.site()
    return Pools.using(Pools.open({ maxSockets, maxFreeSockets: maxSockets }), async (pool) => {
      const failures: Array<string> = []
      let answered = 0
      const one = async (id: number): Promise<void> => {
        try {
          const { data } = await Pools.ask(pool, `${site.url}?delay=10`, { ...Pools.call, id })
          if ((data.echo as { readonly id: number }).id === id) answered++
          else failures.push(`${id} got the answer of another`)
        } catch (error) {
          failures.push(String(error))
        }
      }
      for (let round = 0; round < rounds; round++) {
        await Promise.all(Array.from({ length: callers }, (_, i) => one(round * callers + i)))
      }
      const { accepted, mostOpen } = await site.report()
      return [{
        name: `${callers} calls at once`,
        target: "all answered",
        then: "no exhaustion",
        now: failures.length === 0 ? "all answered" : `${count(failures.length)} failed`,
        good: answered === rounds * callers && mostOpen === maxSockets && accepted === maxSockets,
        profile: [
          `${rounds} times ${callers} calls at once with maxSockets: ${maxSockets}: ${count(answered)} good answers.`,
          `Sockets at the server: ${accepted}, at most ${mostOpen} at once.`,
          ...failures.slice(0, 5)
        ]
      }]
    })
  }
}
