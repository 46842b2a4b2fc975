// Connections that end too early.
import type { Fault, Scene } from "./fault.js"
import { endings } from "./fault.js"

const lost = ["ConnectionLost"] as const

const hangUp = ({ random, socket }: Scene): void => random.pick(endings)(socket)

/** The first part of what there is to say, and then no more. */
const cutBehind = (scene: Scene, text: string | Buffer): void => {
  scene.socket.write(text)
  scene.after(scene.random.below(3), () => hangUp(scene))
}

export const cuts: ReadonlyArray<Fault> = [
  { name: "closes before the answer", allows: lost, act: hangUp },
  {
    name: "closes before the answer, the first time",
    allows: lost,
    act: (scene) => scene.seen === 1 ? hangUp(scene) : scene.answer()
  },
  {
    name: "closes during the upload",
    allows: lost,
    early: true,
    act: (scene) => scene.after(scene.random.below(5), () => hangUp(scene))
  },
  {
    name: "closes within the headers",
    allows: lost,
    act: (scene) => {
      const head = scene.head()
      cutBehind(scene, head.slice(0, scene.random.between(1, head.length - 1)))
    }
  },
  {
    name: "closes within the body",
    allows: lost,
    act: (scene) => {
      const { body, random } = scene
      const length = `content-length: ${body.length + 1_000}`
      cutBehind(scene, scene.head(length) + body.subarray(0, random.below(body.length + 1)).toString("latin1"))
    }
  },
  {
    name: "closes within a chunk",
    allows: lost,
    act: (scene) => cutBehind(scene, `${scene.head("transfer-encoding: chunked")}ff\r\n${scene.some}`)
  },
  {
    name: "closes before the last chunk",
    allows: lost,
    act: (scene) => cutBehind(scene, `${scene.head("transfer-encoding: chunked")}4\r\n${scene.some}\r\n`)
  }
]
