// The process of a contender, told on the command line which, and what to ask whom.
import { contenders } from "../contenders/all.js"
import type { Played, ToPlayer } from "../player.js"
import { playerOf } from "../player.js"
import { workloads } from "../workloads.js"
import { answer } from "./answer.js"

await answer<ToPlayer, Played>(async () => {
  const [name, asked, origin, connections] = process.argv.slice(2)
  const contender = contenders.find((contender) => contender.name === name)
  const workload = workloads.find((workload) => workload.name === asked)
  if (contender === undefined || workload === undefined || origin === undefined) throw new Error("wrong arguments")
  const player = await playerOf(contender, { origin, workload, connections: Number(connections) })
  return ({ callers, milliseconds }) => player.play(callers, milliseconds)
})
