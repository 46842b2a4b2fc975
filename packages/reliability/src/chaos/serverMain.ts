// The process of servers that misbehave on purpose: each door is a server of its own.
import { answer } from "../processes/answer.js"
import { Random, seedOfRun } from "../simulation/random.js"
import { doors, suspended } from "./doors.js"
import type { FromServer, ToServer } from "./messages.js"
import { Staff } from "./staff.js"

await answer<ToServer, FromServer>(async () => {
  const staff = new Staff()
  return async (question: ToServer): Promise<FromServer> => {
    switch (question.type) {
      case "open": {
        const ports = new Map<string, number>()
        for (const [index, name] of question.doors.entries()) {
          const door = [...doors, suspended].find((door) => door.name === name)!
          const random = new Random(seedOfRun(question.seed, index))
          ports.set(name, await staff.open(door, random, door.wrongName ? question.wrong : question.right))
        }
        return { type: "ports", ports }
      }
      case "sightings":
        return { type: "sightings", counts: staff.sightings.take(question.block) }
      case "tally":
        return { type: "tally", tally: staff.tally }
    }
  }
})
