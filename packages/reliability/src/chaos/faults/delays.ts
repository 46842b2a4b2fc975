// Answers that take their time, or never come.
import { header } from "../messages.js"
import type { Fault, Scene } from "./fault.js"
import { giveUp } from "./fault.js"

const timeout = ["RequestTimeout"] as const

/** A paused socket does not hear that the client has gone. */
const leaveSoon = ({ after, socket }: Scene): void => after(giveUp, () => socket.destroy())

const pieces = 5

export const delays: ReadonlyArray<Fault> = [
  { name: "answers late", allows: [], act: (scene) => scene.after(scene.random.between(5, 60), scene.answer) },
  {
    name: "sends its body slowly",
    allows: [],
    act: ({ after, body, random, request, response }) => {
      response.writeHead(200, { [header.id]: request.headers[header.id], "content-length": body.length })
      const size = Math.max(1, Math.ceil(body.length / pieces))
      const go = (from: number): void => {
        if (from >= body.length) return void response.end()
        response.write(body.subarray(from, from + size))
        after(random.between(1, 15), () => go(from + size))
      }
      go(0)
    }
  },
  { name: "never answers", allows: timeout, stalls: true, act: leaveSoon },
  {
    name: "stops within the body",
    allows: timeout,
    stalls: true,
    act: (scene) => {
      scene.socket.write(`${scene.head(`content-length: ${scene.body.length + 1}`)}${scene.body.toString("latin1")}`)
      leaveSoon(scene)
    }
  },
  {
    name: "stops reading the upload",
    allows: timeout,
    early: true,
    stalls: true,
    act: (scene) => {
      scene.request.pause()
      scene.socket.pause()
      leaveSoon(scene)
    }
  }
]
