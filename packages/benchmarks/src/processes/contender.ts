// The process of a contender, told on the command line which, and what to ask whom.
import { contenders } from "../contenders/all.js"
import type { Player, Told, ToPlayer } from "../player.js"
import { playerOf } from "../player.js"
import { workloads } from "../workloads.js"
import { answer } from "./answer.js"

await answer<ToPlayer, unknown>(async () => {
  const { name, workload: asked, ...setup }: Told = JSON.parse(process.argv[2] ?? "{}")
  const contender = contenders.find((contender) => contender.name === name)
  const workload = workloads.find((workload) => workload.name === asked)
  if (contender === undefined || workload === undefined) throw new Error("wrong arguments")
  const player: Player = await playerOf(contender, { ...setup, workload })
  return ({ given: [first = 0, second = 0], method }) => player[method](first, second)
})
